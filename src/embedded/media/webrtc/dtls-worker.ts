import { parentPort } from 'node:worker_threads';
import { type DtlsIdentity, type DtlsKeys, DtlsSession, newDtlsIdentity } from './dtls-session';

/** What the media thread says. */
export type ToDtlsWorker =
  | { readonly type: 'begin'; readonly id: number; readonly peerFingerprint: string }
  | { readonly type: 'datagram'; readonly id: number; readonly datagram: Uint8Array }
  | { readonly type: 'end'; readonly id: number };

/** What it hears. */
export type FromDtlsWorker =
  | { readonly type: 'ready'; readonly fingerprint: string }
  | { readonly type: 'datagram'; readonly id: number; readonly datagram: Uint8Array }
  | { readonly type: 'connected'; readonly id: number; readonly keys: DtlsKeys }
  | { readonly type: 'failed'; readonly id: number; readonly why: string };

/** Does handshakes in a thread of its own: one takes tens of milliseconds of reckoning, and the tick of the audio has twenty. */
async function serve(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('runs as a worker thread alone');
  const say = (message: FromDtlsWorker): void => port.postMessage(message);
  const identity: DtlsIdentity = await newDtlsIdentity();
  const sessions = new Map<number, DtlsSession>();
  const begin = (id: number, peerFingerprint: string): DtlsSession =>
    new DtlsSession({
      identity,
      peerFingerprint,
      send: (datagram) => say({ type: 'datagram', id, datagram }),
      connected: (keys) => say({ type: 'connected', id, keys }),
      failed: (why) => say({ type: 'failed', id, why }),
    });
  port.on('message', (message: ToDtlsWorker) => {
    const { id } = message;
    if (message.type === 'begin') sessions.set(id, begin(id, message.peerFingerprint));
    else if (message.type === 'end') sessions.delete(id);
    else sessions.get(id)?.take(Buffer.from(message.datagram));
  });
  // What werift throws into the void must not take the other handshakes with it.
  process.on('unhandledRejection', () => {});
  say({ type: 'ready', fingerprint: identity.fingerprint });
}

void serve();
