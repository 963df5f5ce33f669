import { deriveSessionKeys, SrtpReceiver, SrtpSender } from './srtp';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const master = hex('E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6');

function rtp(sequence: number, payload = 'voice', ssrc = 0xcafe_babe): Buffer {
  const head = Buffer.from([0x80, 0x0f, 0, 0, 0xde, 0xca, 0xfb, 0xad, 0, 0, 0, 0]);
  head.writeUInt16BE(sequence & 0xffff, 2);
  head.writeUInt32BE(ssrc, 8);
  return Buffer.concat([head, Buffer.from(payload)]);
}

function aPair(suite: 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32' = 'AES_CM_128_HMAC_SHA1_80') {
  return { sender: new SrtpSender(suite, master), receiver: new SrtpReceiver(suite, master) };
}

describe('SRTP (RFC 3711)', () => {
  it('derives the session keys of appendix B.3', () => {
    const { rtp: keys } = deriveSessionKeys(master);
    expect(keys.cipher).toEqual(hex('C61E7A93744F39EE10734AFE3FF7A087'));
    expect(keys.salt).toEqual(hex('30CBBC08863D8C85D49DB34A9AE1'));
    expect(keys.auth).toEqual(hex('CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4'));
  });

  // The reference packet of libsrtp's driver (srtp_validate): the same key, one RTP packet in and out.
  it('makes the packet that others make', () => {
    const plain = hex('800f1234 decafbad cafebabe abababab abababab abababab abababab');
    const cipher = hex(
      '800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb',
    );
    const { sender, receiver } = aPair();
    expect(sender.protectRtp(plain)).toEqual(cipher);
    expect(receiver.unprotectRtp(cipher)).toEqual(plain);
  });

  it('makes the RTCP packet that others make', () => {
    const plain = hex('81c8000b cafebabe abababab abababab abababab abababab');
    const cipher = hex(
      '81c8000b cafebabe 7128035b e487b9bd bef89041 f977a5a8 80000001 993e08cd 54d6c1230798',
    );
    const { sender, receiver } = aPair();
    expect(sender.protectRtcp(plain)).toEqual(cipher);
    expect(receiver.unprotectRtcp(cipher)).toEqual(plain);
    expect(receiver.unprotectRtcp(cipher)).toBeUndefined();
  });

  it('has a tag of four bytes on RTP in the short suite and of ten on RTCP', () => {
    const { sender, receiver } = aPair('AES_CM_128_HMAC_SHA1_32');
    const sent = sender.protectRtp(rtp(1));
    expect(sent).toHaveLength(rtp(1).length + 4);
    expect(receiver.unprotectRtp(sent)).toEqual(rtp(1));
    const report = hex('80c90001 cafebabe');
    expect(sender.protectRtcp(report)).toHaveLength(8 + 4 + 10);
    expect(receiver.unprotectRtcp(sender.protectRtcp(report))).toEqual(report);
  });

  it('counts roll-overs on both sides, over loss and disorder', () => {
    const { sender, receiver } = aPair();
    const sequences = [65_530, 65_532, 65_535, 65_536, 65_538, 131_000, 131_080, 196_700];
    // A sender leaves no number out; what is not among these is lost.
    const sent = new Map<number, Buffer>();
    for (let at = 65_530; at <= 196_700; at += 1) {
      const packet = sender.protectRtp(rtp(at, String(at)));
      if (sequences.includes(at) || at % 20_000 === 0 || at === 65_534) sent.set(at, packet);
    }
    const order = [...sent.keys()].filter((at) => at !== 65_534);
    order.splice(4, 0, 65_534);
    for (const at of order)
      expect(receiver.unprotectRtp(sent.get(at) as Buffer)?.toString('latin1', 12)).toBe(String(at));
  });

  it('takes no packet twice and none that is too old, but takes disorder within the window', () => {
    const { sender, receiver } = aPair();
    const packets = Array.from({ length: 100 }, (_, at) => sender.protectRtp(rtp(at + 1)));
    const take = (at: number): boolean => receiver.unprotectRtp(packets[at] as Buffer) !== undefined;
    expect([take(0), take(0), take(80), take(50), take(50), take(10), take(99), take(36), take(35)]).toEqual([
      true,
      false,
      true,
      true,
      false,
      false,
      true,
      true,
      false,
    ]);
    expect(receiver.refused).toBe(4);
  });

  it('takes nothing that was changed, cut, or signed with another key', () => {
    const { sender, receiver } = aPair();
    const good = sender.protectRtp(rtp(7));
    for (let at = 0; at < good.length; at += 1) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ 1;
      expect(receiver.unprotectRtp(bad)).toBeUndefined();
      expect(receiver.unprotectRtp(good.subarray(0, at))).toBeUndefined();
      expect(receiver.unprotectRtcp(good.subarray(0, at))).toBeUndefined();
    }
    const stranger = new SrtpSender('AES_CM_128_HMAC_SHA1_80', Buffer.alloc(30, 1));
    expect(receiver.unprotectRtp(stranger.protectRtp(rtp(7)))).toBeUndefined();
    expect(receiver.unprotectRtp(good)).toEqual(rtp(7));
  });

  it('leaves header, contributing sources and extension readable', () => {
    const { sender, receiver } = aPair();
    const extended = hex('911f0001 00000001 cafebabe 00000009 bede0001 10aa0000 6162636465');
    const sent = sender.protectRtp(extended);
    expect(sent.subarray(0, 24)).toEqual(extended.subarray(0, 24));
    expect(sent.subarray(24, 29)).not.toEqual(extended.subarray(24));
    expect(receiver.unprotectRtp(sent)).toEqual(extended);
  });

  it('keeps sources of one peer apart and remembers few of them', () => {
    const { sender, receiver } = aPair();
    const first = sender.protectRtp(rtp(5, 'a', 1));
    expect(receiver.unprotectRtp(first)).toBeDefined();
    expect(
      receiver.unprotectRtp(new SrtpSender('AES_CM_128_HMAC_SHA1_80', master).protectRtp(rtp(5, 'a', 2))),
    ).toBeDefined();
    expect(receiver.unprotectRtp(first)).toBeUndefined();
  });
});
