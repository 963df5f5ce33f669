import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../../kernel/clock';
import type { Log } from '../../../kernel/log';
import type { DtlsKeys } from './dtls-session';
import type { FromDtlsWorker, ToDtlsWorker } from './dtls-worker';

/** Handshakes at once; further ones fail at once. */
const handshakesMax = 500;
/** A handshake that takes longer has failed. */
const handshakeMs = 20_000;
/** A peer whose last message was not answered yet asks again for so long after. */
const lingerMs = 5_000;
/** Datagrams one handshake may cost us. */
const datagramsMax = 200;

export type HandshakeHandlers = {
  send(datagram: Buffer): void;
  connected(keys: DtlsKeys): void;
  failed(why: string): void;
};

/** One handshake of a leg. */
export interface Handshake {
  take(datagram: Buffer): void;
  end(): void;
}

type Open = { readonly handlers: HandshakeHandlers; datagrams: number; timer: { cancel(): void } };

/** The media thread's end of the handshakes, which go on in a thread of their own. Begun when the first browser comes. */
export class DtlsHandshakes {
  private worker: Worker | undefined;
  private starting: Promise<string> | undefined;
  private readonly open = new Map<number, Open>();
  private nextId = 1;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** How our certificate is named in SDP; the thread runs when this resolves. Rejects when it cannot be started. */
  ready(): Promise<string> {
    this.starting ??= this.start();
    return this.starting;
  }

  /** Waits for the handshake of the peer with this certificate; the handlers are called later, `connected` or `failed` once. */
  begin(peerFingerprint: string, handlers: HandshakeHandlers): Handshake {
    const id = this.nextId++;
    if (this.worker === undefined || this.open.size >= handshakesMax) {
      queueMicrotask(() => handlers.failed(this.worker ? 'too many handshakes' : 'handshake thread is gone'));
      return { take: () => {}, end: () => {} };
    }
    const timer = this.clock.after(handshakeMs, () => this.fail(id, 'handshake timed out'));
    this.open.set(id, { handlers, datagrams: 0, timer });
    this.say({ type: 'begin', id, peerFingerprint });
    return { take: (datagram) => this.pass(id, datagram), end: () => this.forget(id) };
  }

  close(): void {
    for (const id of this.open.keys()) this.forget(id);
    void this.worker?.terminate();
    this.worker = undefined;
  }

  private start(): Promise<string> {
    const file = join(__dirname, 'dtls-worker.js');
    return new Promise((resolve, reject) => {
      if (!existsSync(file)) {
        reject(new Error(`${file} is not built`));
        return;
      }
      const worker = new Worker(file);
      this.worker = worker;
      worker.on('message', (message: FromDtlsWorker) => {
        if (message.type === 'ready') resolve(message.fingerprint);
        else this.hear(message);
      });
      worker.on('error', (error) => {
        this.log.error('dtls thread failed', { error: error.message });
        reject(error);
      });
      worker.on('exit', () => this.lost(worker));
      // Nothing of it keeps the process alive.
      worker.unref();
    });
  }

  /** The next browser gets a new thread with a new certificate; calls that have their keys go on. */
  private lost(worker: Worker): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    this.starting = undefined;
    for (const id of this.open.keys()) this.fail(id, 'handshake thread is gone');
  }

  private hear(message: Exclude<FromDtlsWorker, { type: 'ready' }>): void {
    const open = this.open.get(message.id);
    if (open === undefined) return;
    if (message.type === 'datagram') open.handlers.send(Buffer.from(message.datagram));
    else if (message.type === 'failed') this.fail(message.id, message.why);
    else {
      open.timer.cancel();
      open.timer = this.clock.after(lingerMs, () => this.forget(message.id));
      const { ours, theirs } = message.keys;
      open.handlers.connected({ ours: Buffer.from(ours), theirs: Buffer.from(theirs) });
    }
  }

  private pass(id: number, datagram: Buffer): void {
    const open = this.open.get(id);
    if (open === undefined || open.datagrams >= datagramsMax) return;
    open.datagrams += 1;
    this.say({ type: 'datagram', id, datagram: Uint8Array.from(datagram) });
  }

  private fail(id: number, why: string): void {
    const open = this.open.get(id);
    this.forget(id);
    open?.handlers.failed(why);
  }

  private forget(id: number): void {
    const open = this.open.get(id);
    if (open === undefined) return;
    open.timer.cancel();
    this.open.delete(id);
    this.say({ type: 'end', id });
  }

  private say(message: ToDtlsWorker): void {
    this.worker?.postMessage(message);
  }
}
