import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import Mrf from 'drachtio-fsmrf';
import Srf from 'drachtio-srf';
import { startDrachtioServer } from '../../src/embedded/drachtio-server/start-drachtio-server';
import { type FreeswitchSettings, startFreeswitch } from '../../src/embedded/freeswitch/start-freeswitch';
import { decodeTables, encodeTables } from '../../src/embedded/media/g711';
import { emptyRtpPacket, parseRtp, writeRtpHeader } from '../../src/embedded/media/rtp';
import { cryptoLine, offerKey, type SdesKey, usableKey } from '../../src/embedded/media/sdes';
import { SrtpReceiver, SrtpSender, type SrtpSuite } from '../../src/embedded/media/srtp';
import { systemClock } from '../../src/kernel/clock';
import type { Log } from '../../src/kernel/log';

/** A media server and a SIP server of ours with unmodified drachtio-srf and drachtio-fsmrf between them. */
export type Bed = {
  mediaServer: Mrf.MediaServer;
  srf: Srf;
  eventSocketPort: number;
  sipPort: number;
  mediaSipPort: number;
  /** Events of the log that were warnings or errors, in order. */
  complaints: string[];
  close(): Promise<void>;
};

export const bedPassword = 'a password only this test knows';

/** Starts everything on free ports of the loopback address. */
export async function startBed(settings: Partial<FreeswitchSettings> = {}): Promise<Bed> {
  const complaints: string[] = [];
  const complain = (event: string): void => void complaints.push(event);
  const log: Log = { debug() {}, info() {}, warn: complain, error: complain };
  const freeswitch = await startFreeswitch({
    eventSocketHost: '127.0.0.1',
    eventSocketPort: 0,
    password: bedPassword,
    sipHost: '127.0.0.1',
    sipPort: 0,
    rtpHost: '127.0.0.1',
    rtpPortMin: 31_000,
    rtpPortMax: 31_998,
    clock: systemClock,
    log,
    ...settings,
  });
  const drachtio = await startDrachtioServer({
    adminHost: '127.0.0.1',
    adminPort: 0,
    secret: 'test',
    sipHost: '127.0.0.1',
    sipPort: 0,
    transports: ['udp'],
    clock: systemClock,
    log,
  });
  const srf = new Srf();
  srf.on('error', () => {});
  srf.connect({ host: '127.0.0.1', port: drachtio.adminPort, secret: 'test' });
  await once(srf, 'connect');
  const mediaServer = await new Mrf(srf).connect({
    address: '127.0.0.1',
    port: freeswitch.eventSocketPort,
    secret: bedPassword,
    listenAddress: '127.0.0.1',
  });
  return {
    mediaServer,
    srf,
    eventSocketPort: freeswitch.eventSocketPort,
    sipPort: drachtio.sipPorts.udp as number,
    mediaSipPort: freeswitch.sipPort,
    complaints,
    async close() {
      mediaServer.disconnect();
      srf.disconnect();
      await freeswitch.close();
      await drachtio.close();
    },
  };
}

/** The RTP half of a telephone: sends a tone and keys, keeps what it hears. */
export class RtpPhone {
  readonly heard: number[] = [];
  /** Keys that came by RFC 4733, each once. */
  readonly keys: string[] = [];
  packets = 0;
  private readonly socket: Socket = createSocket('udp4');
  private timer: NodeJS.Timeout | undefined;
  private target: { port: number; address: string } | undefined;
  private sequence = 100;
  private timestamp = 16_000;
  private hertz = 0;
  private sampleAt = 0;
  private startedMs = 0;
  private spoken = 0;
  private lastKeyAt = -1;
  private ownKey: SdesKey | undefined;
  private sender: SrtpSender | undefined;
  private receiver: SrtpReceiver | undefined;

  /** Opens the socket and starts to send silence once it knows where to. */
  static async open(): Promise<RtpPhone> {
    const phone = new RtpPhone();
    phone.socket.bind(0, '127.0.0.1');
    await once(phone.socket, 'listening');
    phone.socket.on('message', (datagram) => phone.hear(datagram));
    phone.startedMs = performance.now();
    phone.timer = setInterval(() => phone.catchUp(), 4);
    return phone;
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** Speaks SRTP from now on: this key of ours, and the other side's from the SDP it follows. */
  encrypt(suite: SrtpSuite): void {
    this.ownKey = offerKey(1, suite);
    this.sender = new SrtpSender(suite, this.ownKey.master);
  }

  offer(direction = 'sendrecv'): string {
    const key = this.ownKey;
    return [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      `m=audio ${this.port} ${key ? 'RTP/SAVP' : 'RTP/AVP'} 0 101`,
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:101 telephone-event/8000',
      ...(key ? [cryptoLine(key)] : []),
      `a=${direction}`,
      '',
    ].join('\r\n');
  }

  /** Starts sending to the address in the other side's SDP. */
  follow(sdp: string): void {
    const port = Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
    this.target = { port, address: '127.0.0.1' };
    const key = usableKey(sdp.split('\r\n'));
    if (key && this.ownKey) this.receiver = new SrtpReceiver(key.suite, key.master);
  }

  /** Sends this frequency from now on; 0 is silence. */
  tone(hertz: number): void {
    this.hertz = hertz;
  }

  /** Sends no RTP any more; it still listens. */
  fallSilent(): void {
    clearInterval(this.timer);
  }

  /** Presses keys, 100 ms each with 60 ms between. */
  async press(keys: string): Promise<void> {
    for (const key of keys) {
      const start = this.timestamp;
      for (let packet = 0; packet < 8; packet += 1) {
        const payload = Buffer.alloc(4);
        payload[0] = '0123456789*#ABCD'.indexOf(key);
        payload[1] = packet < 5 ? 10 : 0x8a;
        payload.writeUInt16BE(Math.min(packet + 1, 6) * 160, 2);
        this.send(101, start, payload, packet === 0);
        await pause(20);
      }
      await pause(60);
    }
  }

  /** Drops what was heard, so that the next measurement starts now. */
  forget(): void {
    this.heard.length = 0;
  }

  close(): void {
    clearInterval(this.timer);
    this.socket.close();
  }

  /** One packet for every 20 ms that have passed: an interval alone would run late. */
  private catchUp(): void {
    for (const due = (performance.now() - this.startedMs) / 20; this.spoken < due; this.spoken += 1)
      this.speak();
  }

  private speak(): void {
    this.timestamp += 160;
    const payload = Buffer.alloc(160);
    for (let at = 0; at < 160; at += 1, this.sampleAt += 1) {
      const value =
        this.hertz === 0 ? 0 : 6_000 * Math.sin((2 * Math.PI * this.hertz * this.sampleAt) / 8_000);
      payload[at] = encodeTables.PCMU[Math.round(value) & 0xffff] as number;
    }
    this.send(0, this.timestamp, payload, false);
  }

  private send(payloadType: number, timestamp: number, payload: Buffer, marker: boolean): void {
    if (!this.target) return;
    const head = Buffer.alloc(12);
    this.sequence += 1;
    writeRtpHeader(head, { payloadType, marker, sequence: this.sequence, timestamp, ssrc: this.port });
    const packet = Buffer.concat([head, payload]);
    this.socket.send(this.sender?.protectRtp(packet) ?? packet, this.target.port, this.target.address);
  }

  private takeKey(event: number, timestamp: number): void {
    if (timestamp === this.lastKeyAt) return;
    this.lastKeyAt = timestamp;
    this.keys.push('0123456789*#ABCD'.charAt(event));
  }

  private hear(arrived: Buffer): void {
    const datagram = this.receiver ? this.receiver.unprotectRtp(arrived) : arrived;
    const packet = emptyRtpPacket();
    if (!datagram || !parseRtp(datagram, packet)) return;
    if (packet.payloadType === 101) this.takeKey(datagram[packet.payloadStart] as number, packet.timestamp);
    if (packet.payloadType !== 0) return;
    this.packets += 1;
    for (const byte of datagram.subarray(packet.payloadStart, packet.payloadEnd)) {
      this.heard.push(decodeTables.PCMU[byte] as number);
    }
  }
}

/** Strength of one frequency in what was heard (Goertzel under a Hann window), 1 for a full-scale tone. */
export function strengthOf(samples: readonly number[], hertz: number): number {
  if (samples.length === 0) return 0;
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / 8_000);
  let [before, last] = [0, 0];
  for (const [at, sample] of samples.entries()) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / samples.length);
    [before, last] = [last, (sample / 32_768) * window + turn * last - before];
  }
  return Math.sqrt(Math.max(0, before ** 2 + last ** 2 - turn * before * last)) / (samples.length / 4);
}

/** Weaker than this is not there. A media server that fills silence with noise stays below it. */
export const absent = 0.003;
export const present = 0.08;

/** What each of these phones hears of each tone. */
export async function hearing(phones: readonly RtpPhone[], tones: readonly number[]): Promise<string[][]> {
  await pause(400);
  for (const phone of phones) phone.forget();
  await pause(700);
  return phones.map((phone) =>
    tones.map((hertz) => {
      const strength = strengthOf(phone.heard, hertz);
      if (strength > present) return 'yes';
      return strength < absent ? 'no' : `unclear: ${strength}`;
    }),
  );
}

/** Waits real time: RTP is real time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Resolves as soon as `holds` does, asking every 20 ms; rejects after `limitMs`. */
export async function until(holds: () => boolean, limitMs = 5_000): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 20) {
    if (waitedMs > limitMs) throw new Error(`not so after ${limitMs} ms`);
    await pause(20);
  }
}

/** A telephone with an endpoint on the media server, audio both ways. */
export async function aCaller(
  bed: Bed,
  headers?: Record<string, string>,
): Promise<{ phone: RtpPhone; endpoint: Mrf.Endpoint }> {
  const phone = await RtpPhone.open();
  const endpoint = await bed.mediaServer.createEndpoint({
    remoteSdp: phone.offer(),
    ...(headers ? { headers } : {}),
  });
  phone.follow(endpoint.local.sdp);
  return { phone, endpoint };
}

/** A telephone that speaks bare SIP over UDP: calls, and hangs up or is hung up. */
export class SipCaller {
  readonly messages: string[] = [];
  private readonly socket: Socket = createSocket('udp4');
  private readonly callId = `caller-${Math.random().toString(36).slice(2)}`;
  private answer = '';

  constructor(
    private readonly serverPort: number,
    private readonly sdp: string,
  ) {}

  /** Sends INVITE and waits for the 200; gives its SDP. */
  async call(): Promise<string> {
    this.socket.bind(0, '127.0.0.1');
    await once(this.socket, 'listening');
    this.socket.on('message', (datagram) => this.take(datagram.toString()));
    this.send('INVITE', 1, this.sdp);
    await until(() => this.answer !== '');
    this.send('ACK', 1, '');
    return this.answer.split('\r\n\r\n')[1] ?? '';
  }

  /** Sends BYE. */
  hangUp(): void {
    this.send('BYE', 2, '');
  }

  get wasHungUp(): boolean {
    return this.messages.some((message) => message.startsWith('BYE '));
  }

  close(): void {
    this.socket.close();
  }

  private take(text: string): void {
    this.messages.push(text);
    if (text.startsWith('SIP/2.0 200') && /^CSeq: 1 INVITE/im.test(text)) this.answer = text;
    if (!text.startsWith('BYE ')) return;
    const copied = text.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line));
    this.write(['SIP/2.0 200 OK', ...copied, 'Content-Length: 0', '', ''].join('\r\n'));
  }

  private send(method: string, sequence: number, body: string): void {
    const { port } = this.socket.address();
    const to = /^To: (.*)$/im.exec(this.answer)?.[1] ?? '<sip:room@127.0.0.1>';
    const contact = /^Contact: <([^>]+)>/im.exec(this.answer)?.[1] ?? `sip:room@127.0.0.1:${this.serverPort}`;
    this.write(
      [
        `${method} ${contact} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${this.callId}${method}${sequence}`,
        'Max-Forwards: 70',
        'From: <sip:caller@127.0.0.1>;tag=phone',
        `To: ${to}`,
        `Call-ID: ${this.callId}`,
        `CSeq: ${sequence} ${method}`,
        `Contact: <sip:caller@127.0.0.1:${port}>`,
        ...(body === '' ? [] : ['Content-Type: application/sdp']),
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n'),
    );
  }

  private write(text: string): void {
    this.socket.send(text, this.serverPort, '127.0.0.1');
  }
}
