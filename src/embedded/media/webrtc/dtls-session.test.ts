import { DtlsClient, HashAlgorithm, SignatureAlgorithm } from 'werift';
import { sleep, systemClock } from '../../../kernel/clock';
import { type DtlsIdentity, type DtlsKeys, DtlsSession, newDtlsIdentity } from './dtls-session';

type Outcome = { keys?: DtlsKeys; why?: string; client?: { localKey: Buffer; remoteSalt: Buffer } };

/** A handshake of a peer that shows `shown` and signs with the key of `signing`. */
async function handshake(named: string, shown: DtlsIdentity, signing: DtlsIdentity): Promise<Outcome> {
  const outcome: Outcome = {};
  const transport = {
    type: 'ice',
    address: { address: '127.0.0.1', family: 'IPv4', port: 0 },
    closed: false,
    onData: (_datagram: Buffer): void => {},
    send: async (datagram: Buffer): Promise<void> => void setImmediate(() => session.take(datagram)),
    close: async (): Promise<void> => {},
  };
  const session = new DtlsSession({
    identity: await newDtlsIdentity(),
    peerFingerprint: named,
    send: (datagram) => void setImmediate(() => transport.onData(datagram)),
    connected: (keys) => {
      outcome.keys = keys;
    },
    failed: (why) => {
      outcome.why = why;
    },
  });
  const client = new DtlsClient({
    transport,
    cert: shown.cert,
    key: signing.key,
    signatureHash: { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    srtpProfiles: [1],
    extendedMasterSecret: true,
  });
  client.onConnect.subscribe(() => {
    outcome.client = client.extractSessionKeys(16, 14);
  });
  client.connect().catch(() => {});
  for (let tries = 0; tries < 400 && !outcome.why && !(outcome.keys && outcome.client); tries += 1)
    await sleep(systemClock, 10);
  return outcome;
}

describe('a DTLS handshake', () => {
  it('gives both sides the same keys when the certificate is that of the SDP', async () => {
    const peer = await newDtlsIdentity();
    const { keys, client, why } = await handshake(peer.fingerprint, peer, peer);
    expect(why).toBeUndefined();
    expect(keys?.theirs.subarray(0, 16)).toEqual(client?.localKey);
    expect(keys?.ours.subarray(16)).toEqual(client?.remoteSalt);
  });

  it('fails for another certificate than the SDP names', async () => {
    const [peer, other] = [await newDtlsIdentity(), await newDtlsIdentity()];
    const { keys, why } = await handshake(other.fingerprint, peer, peer);
    expect(why).toBe('certificate is not the one of the SDP');
    expect(keys).toBeUndefined();
  });

  it('fails for somebody who shows the right certificate and has not its key', async () => {
    const [peer, thief] = [await newDtlsIdentity(), await newDtlsIdentity()];
    const { keys, why } = await handshake(peer.fingerprint, peer, thief);
    expect(why).toBe('handshake is not signed by its certificate');
    expect(keys).toBeUndefined();
  });
});
