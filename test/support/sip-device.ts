import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type TLSSocket } from 'node:tls';
import type { CertificateFiles } from './certificates';
import { DeviceSound } from './device-sound';
import { DeviceCall, type Direction } from './device-call';
import { answer, authorization, type ReadMessage, readMessage, unique } from './sip-message';
import { eventually } from './service';

const ANSWER_LIMIT_MS = 40_000;

/** What a telephone of a test is: its account's name and password, or a carrier's with neither. */
export type DeviceWish = {
  readonly sipPort: number;
  /** Its own address. */
  readonly host?: string;
  readonly username?: string;
  readonly password?: string;
  /** Whom it says it is in From; its username unless given. */
  readonly from?: string;
  /** How it takes calls. */
  readonly answers?: 'auto' | 'rings' | 'busy' | ((call: DeviceCall) => void);
  readonly toneHz?: number;
  /** It is called over TLS, and shows this certificate; it calls nobody then. */
  readonly tls?: CertificateFiles;
};

/** How it sends and is reached. */
type Wire = { readonly port: number; send(text: string): void; close(): void };

export type DialOptions = {
  readonly headers?: readonly string[];
  readonly direction?: Direction;
  /** The INVITE's Request-URI; by the number unless given. */
  readonly uri?: string;
  readonly from?: string;
};

/** A call of ours was not answered. */
export class DialRefused extends Error {
  constructor(readonly response: ReadMessage) {
    super(`refused: ${response.line}`);
  }
}

/**
 * A SIP telephone of a test's own over plain UDP: what it sends is written here line by line, so that it can do what telephones do that a
 * ready-made one cannot be told to. It sends nothing twice: on loopback nothing is lost.
 */
export class SipDevice {
  /** Calls to it, the first first. */
  readonly taken: DeviceCall[] = [];
  /** Everything that came, as text. */
  readonly messages: ReadMessage[] = [];
  /** The last request sent, by method. */
  readonly sent = new Map<string, string>();
  readonly #calls = new Map<string, DeviceCall>();
  readonly #waiting = new Map<string, (response: ReadMessage) => void>();

  private constructor(
    readonly wish: DeviceWish,
    private readonly wire: Wire,
  ) {}

  static async open(wish: DeviceWish): Promise<SipDevice> {
    let device: SipDevice | null = null;
    const take = (text: string) => device?.take(readMessage(text));
    device = new SipDevice(wish, wish.tls ? await overTls(wish.tls, take) : await overUdp(wish, take));
    return device;
  }

  get host(): string {
    return this.wish.host ?? '127.0.0.1';
  }
  get port(): number {
    return this.wire.port;
  }
  get name(): string {
    return this.wish.from ?? this.wish.username ?? '+3222223344';
  }
  get contact(): string {
    const over = this.wish.tls ? ';transport=tls' : '';
    return `<sip:${this.wish.username ?? 'device'}@${this.host}:${this.port}${over}>`;
  }

  /** Registers for ten minutes; gives the final status. */
  async register(): Promise<number> {
    const uri = `sip:127.0.0.1:${this.wish.sipPort}`;
    const own = `<sip:${this.name}@127.0.0.1:${this.wish.sipPort}>`;
    const dialog = { from: `${own};tag=${unique()}`, to: own, callId: unique() };
    const send = (cseq: number, more: readonly string[]) =>
      this.ask('REGISTER', uri, { ...dialog, cseq, headers: ['Expires: 600', ...more] });
    const first = await send(1, []);
    if (first.status !== 401) return first.status ?? 0;
    return (await send(2, [this.proof(first, 'REGISTER', uri)])).status ?? 0;
  }

  /** The Authorization header that answers a challenge. */
  proof(challenge: ReadMessage, method: string, uri: string): string {
    const { username = '', password = '' } = this.wish;
    return `Authorization: ${authorization(challenge.headers('WWW-Authenticate'), { username, password }, { method, uri })}`;
  }

  /** Calls; resolves when the call is answered. `onBegun` has it as soon as it is sent. @throws DialRefused */
  async dial(
    number: string,
    options: DialOptions = {},
    onBegun?: (call: DeviceCall) => void,
  ): Promise<DeviceCall> {
    const call = await this.#newCall({ callId: unique(), localTag: unique(), isOurs: true });
    const uri = options.uri ?? `sip:${number}@127.0.0.1:${this.wish.sipPort}`;
    call.from = options.from ?? `<sip:${this.name}@127.0.0.1:${this.wish.sipPort}>`;
    call.to = `<${uri}>`;
    call.direction = options.direction ?? 'sendrecv';
    onBegun?.(call);
    let response = await call.invite(uri, options.headers ?? []);
    if (response.status === 401 && this.wish.password !== undefined)
      response = await call.invite(uri, [...(options.headers ?? []), this.proof(response, 'INVITE', uri)]);
    if (response.status === null || response.status >= 300) {
      call.forget();
      throw new DialRefused(response);
    }
    return call;
  }

  /** The call that came to it last, once there is one. */
  async nextCall(limitMs = 10_000): Promise<DeviceCall> {
    const before = this.taken.length;
    await eventually(limitMs, () => this.taken.length > before);
    const [call] = this.taken.slice(-1);
    if (!call) throw new Error('no call');
    return call;
  }

  /** Sends a request and waits for its final answer. */
  ask(
    method: string,
    uri: string,
    parts: {
      readonly from: string;
      readonly to: string;
      readonly callId: string;
      readonly cseq: number;
      readonly branch?: string;
      readonly headers?: readonly string[];
      readonly body?: string;
      readonly contentType?: string;
      readonly onProvisional?: (response: ReadMessage) => void;
    },
  ): Promise<ReadMessage> {
    const branch = parts.branch ?? unique();
    const { body = '', contentType = 'application/sdp' } = parts;
    const lines = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${this.host}:${this.port};branch=z9hG4bK${branch}`,
      ...(parts.headers?.some((one) => one.startsWith('Max-Forwards:')) ? [] : ['Max-Forwards: 70']),
      `From: ${parts.from}`,
      `To: ${parts.to}`,
      `Call-ID: ${parts.callId}`,
      `CSeq: ${parts.cseq} ${method}`,
      `Contact: ${this.contact}`,
      'User-Agent: device of a test',
      ...(parts.headers ?? []),
      ...(body === '' ? [] : [`Content-Type: ${contentType}`]),
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    const text = `${lines.join('\r\n')}\r\n\r\n${body}`;
    this.sent.set(method, text);
    return this.sendAgain(text, parts.onProvisional);
  }

  /** Sends a text as it is and waits for the final answer to it; the answer to an ACK is never waited for. */
  sendAgain(text: string, onProvisional?: (response: ReadMessage) => void): Promise<ReadMessage> {
    const request = readMessage(text);
    const key = keyOf(request);
    this.sendText(text);
    if (request.method === 'ACK') return Promise.resolve(request);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(key);
        reject(new Error(`no answer to ${request.line}`));
      }, ANSWER_LIMIT_MS);
      this.#waiting.set(key, (response) => {
        if ((response.status ?? 0) < 200) return onProvisional?.(response);
        clearTimeout(timer);
        this.#waiting.delete(key);
        resolve(response);
      });
    });
  }

  sendText(text: string): void {
    this.wire.send(text);
  }

  /** Vanishes: no BYE, no answer, no sound. */
  close(): void {
    for (const call of this.#calls.values()) call.silence();
    this.#calls.clear();
    try {
      this.wire.close();
    } catch {
      // It has vanished before.
    }
  }

  forget(callId: string): void {
    this.#calls.delete(callId);
  }

  async #newCall(of: { callId: string; localTag: string; isOurs: boolean }): Promise<DeviceCall> {
    const sound = await DeviceSound.open(this.host);
    sound.say(this.wish.toneHz ?? 0);
    const call = new DeviceCall(this, sound, of);
    this.#calls.set(of.callId, call);
    return call;
  }

  /** Takes what came. */
  take(message: ReadMessage): void {
    this.messages.push(message);
    if (message.status !== null) {
      this.#waiting.get(keyOf(message))?.(message);
      return;
    }
    if (message.method === 'ACK') return;
    const call = this.#calls.get(message.header('Call-ID'));
    if (call) return call.onRequest(message);
    if (message.method === 'INVITE') void this.#onInvite(message);
    else this.sendText(answer(message, message.method === 'OPTIONS' ? '200 OK' : '481 Unknown', ''));
  }

  async #onInvite(message: ReadMessage): Promise<void> {
    const call = await this.#newCall({
      callId: message.header('Call-ID'),
      localTag: unique(),
      isOurs: false,
    });
    const how = this.wish.answers ?? 'auto';
    call.comes(message, how);
    this.taken.push(call);
  }
}

async function overUdp(wish: DeviceWish, take: (text: string) => void): Promise<Wire> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes) => take(bytes.toString('latin1')));
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.bind(0, wish.host ?? '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    send: (text) => socket.send(Buffer.from(text, 'latin1'), wish.sipPort, '127.0.0.1'),
    close: () => socket.close(),
  };
}

/** Answers go over the connection that came last. */
async function overTls(files: CertificateFiles, take: (text: string) => void): Promise<Wire> {
  let connection: TLSSocket | null = null;
  const options = { key: readFileSync(files.keyFile), cert: readFileSync(files.certFile) };
  const server = createServer(options, (socket) => {
    let waiting = '';
    connection = socket;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      waiting += bytes.toString('latin1');
      for (;;) {
        const head = waiting.indexOf('\r\n\r\n');
        const length = Number(/^Content-Length: *(\d+)/im.exec(waiting)?.[1] ?? 0);
        if (head < 0 || waiting.length < head + 4 + length) return;
        const text = waiting.slice(0, head + 4 + length);
        waiting = waiting.slice(text.length);
        if (text.trim() !== '') take(text);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    port,
    send: (text) => connection?.write(Buffer.from(text, 'latin1')),
    close: () => server.close(),
  };
}

/** Names the transaction by the branch that came with it. */
function keyOf(message: ReadMessage): string {
  return `${/branch=([^;\s]+)/.exec(message.header('Via'))?.[1]} ${message.header('CSeq').split(' ')[1]}`;
}
