import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { answerChallenge } from '../../src/trunks/outward-digest';
import { eventually } from './service';

const REALM = '123-voip';
const HOST = '127.0.0.1';
const LIMIT_MS = 5_000;

/** A telephone that subscribes over UDP, message by message, and answers every NOTIFY with 200. */
export class Subscriber {
  /** NOTIFYs as they came. */
  readonly notified: string[] = [];
  readonly #callId = randomBytes(8).toString('hex');
  readonly #tag = randomBytes(4).toString('hex');
  readonly #answers: string[] = [];
  #to = '';
  #target: string;
  #cseq = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly phone: { readonly username: string; readonly password: string },
    private readonly sipPort: number,
    private readonly event: string,
  ) {
    this.#target = `sip:${phone.username}@${HOST}:${sipPort}`;
    this.#to = `<sip:${phone.username}@${HOST}>`;
    socket.on('message', (bytes) => this.#receive(bytes.toString('utf8')));
  }

  static async open(
    phone: { readonly username: string; readonly password: string },
    sipPort: number,
    event: string,
  ): Promise<Subscriber> {
    const socket = createSocket('udp4');
    await new Promise<void>((bound) => socket.bind(0, HOST, bound));
    return new Subscriber(socket, phone, sipPort, event);
  }

  /** Sends a SUBSCRIBE, within the dialog once there is one, and once more with the password when it is asked for; gives the statuses. */
  async subscribe(expiresSeconds: number): Promise<readonly number[]> {
    const first = await this.#send(expiresSeconds, '');
    const status = statusOf(first);
    if (status !== 401) return [status];
    const credentials = { ...this.phone, realm: REALM, hosts: [HOST] };
    const headers = [...first.matchAll(/^WWW-Authenticate: (.*)\r$/gm)].map(([, value = '']) => value);
    const request = { method: 'SUBSCRIBE', uri: this.#target, body: '' };
    const count = { nonceCount: 1, cnonce: 'abc' };
    const proof = answerChallenge(credentials, { headers, by: HOST }, request, count);
    return [401, statusOf(await this.#send(expiresSeconds, `Authorization: ${proof}\r\n`))];
  }

  /** The last answer. */
  get answer(): string {
    return this.#answers.at(-1) ?? '';
  }

  close(): void {
    this.socket.close();
  }

  async #send(expiresSeconds: number, authorization: string): Promise<string> {
    const before = this.#answers.length;
    const { port } = this.socket.address();
    const { username } = this.phone;
    this.#cseq += 1;
    this.#write(
      `SUBSCRIBE ${this.#target} SIP/2.0\r\nVia: SIP/2.0/UDP ${HOST}:${port};branch=z9hG4bK${randomBytes(6).toString('hex')}\r\n` +
        `From: <sip:${username}@${HOST}>;tag=${this.#tag}\r\nTo: ${this.#to}\r\nCall-ID: ${this.#callId}\r\n` +
        `CSeq: ${this.#cseq} SUBSCRIBE\r\nContact: <sip:${username}@${HOST}:${port}>\r\nMax-Forwards: 70\r\n` +
        `Event: ${this.event}\r\nExpires: ${expiresSeconds}\r\n${authorization}Content-Length: 0\r\n\r\n`,
    );
    await eventually(LIMIT_MS, () => this.#answers.length > before, 5);
    const answer = this.#answers[before] ?? '';
    if (statusOf(answer) < 300) {
      this.#to = header(answer, 'To');
      this.#target = /<([^>]+)>/.exec(header(answer, 'Contact'))?.[1] ?? this.#target;
    }
    return answer;
  }

  #receive(message: string): void {
    if (message.startsWith('SIP/2.0')) {
      this.#answers.push(message);
      return;
    }
    this.notified.push(message);
    const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map(
      (name) => `${name}: ${header(message, name)}`,
    );
    this.#write(`SIP/2.0 200 OK\r\n${copied.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`);
  }

  #write(message: string): void {
    this.socket.send(message, this.sipPort, HOST);
  }
}

/** A header of a message; '' without one. */
export function header(message: string, name: string): string {
  return new RegExp(`^${name}: *(.*?)\\r?$`, 'mi').exec(message)?.[1] ?? '';
}

function statusOf(answer: string): number {
  return Number(/^SIP\/2\.0 (\d+)/.exec(answer)?.[1] ?? 0);
}
