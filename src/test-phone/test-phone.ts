import { samplesPerSecond } from '../embedded/media/audio-frame';
import { MediaEngine } from '../embedded/media/media-engine';
import type { MediaLeg } from '../embedded/media/media-leg';
import { parseSdp, writeOffer } from '../embedded/media/sdp';
import { rfcTimers } from '../embedded/sip/client-transactions';
import { type Dialog, dialogAsClient, dialogKey, nextRequest } from '../embedded/sip/dialogs';
import type { SipResponse } from '../embedded/sip/message';
import { requestText } from '../embedded/sip/serialize';
import { systemResolver } from '../embedded/transports/locate';
import type { Destination } from '../embedded/transports/transport';
import type { ClientTransaction } from '../embedded/user-agent/client-transaction';
import { type Endpoint, openEndpoint } from '../embedded/user-agent/endpoint';
import type { ServerTransaction } from '../embedded/user-agent/server-transaction';
import { type Clock, sleep } from '../kernel/clock';
import { randomId } from '../kernel/ids';
import type { Log } from '../kernel/log';
import { Hearing } from './hearing';

/** A test phone does not hang up by itself when nothing is heard. */
const RTP_SILENCE_MS = 60_000;
/** A key is pressed for 120 ms; with its repeated end packets and the pause after it the next one comes after 240 ms. */
const KEY_SAMPLES = 960;
const KEY_WITH_PAUSE_MS = 240;
/** Loudness of the tone a phone sends: a clear speaking voice. */
const TONE_AMPLITUDE = 8_000;

/** The call was refused, or nobody answered. */
export class CallRefused extends Error {
  constructor(
    readonly status: number,
    reason: string,
  ) {
    super(`the call was refused with ${status} ${reason}`);
    this.name = 'CallRefused';
  }
}

export type Dial = {
  readonly to: string;
  readonly from: string;
  readonly sipHost: string;
  readonly sipPort: number;
};

/** A telephone in software: dials over SIP, presses keys, sends a tone and measures what it hears. For demos and tests. */
export class TestPhone {
  readonly #calls = new Map<string, PhoneCall>();

  private constructor(
    private readonly endpoint: Endpoint,
    private readonly engine: MediaEngine,
    private readonly host: string,
    private readonly clock: Clock,
  ) {}

  /** Opens SIP and RTP sockets on free ports of `host`. */
  static async open(options: {
    host: string;
    rtpPortMin: number;
    rtpPortMax: number;
    clock: Clock;
    log: Log;
  }): Promise<TestPhone> {
    const { host, clock, log } = options;
    let phone: TestPhone | null = null;
    const endpoint = await openEndpoint({
      host,
      port: 0,
      protocols: ['udp'],
      clock,
      log,
      timers: rfcTimers,
      resolver: systemResolver,
      maxTransactions: 1_000,
      handlers: {
        request: (transaction) => phone?.onRequest(transaction),
        ack: () => undefined,
        cancelled: () => undefined,
      },
    });
    const engine = new MediaEngine({
      clock,
      log,
      rtpHost: host,
      rtpPortMin: options.rtpPortMin,
      rtpPortMax: options.rtpPortMax,
      rtpTimeoutMs: RTP_SILENCE_MS,
    });
    engine.start();
    phone = new TestPhone(endpoint, engine, host, clock);
    return phone;
  }

  /** Calls a number; resolves when it is answered and audio flows. @throws CallRefused */
  async dial(dial: Dial): Promise<PhoneCall> {
    const hearing = new Hearing();
    const leg = await this.engine.openLeg({ onDigit: () => undefined, onSilent: () => undefined });
    leg.onInput = (frame) => hearing.take(frame);
    try {
      const dialog = await this.#invite(dial, leg);
      const call = new PhoneCall(this.endpoint, dialog, leg, hearing, this.clock, () => this.#forget(call));
      this.#calls.set(call.key, call);
      return call;
    } catch (error) {
      this.engine.closeLeg(leg);
      throw error;
    }
  }

  /** Hangs everything up and closes the sockets. */
  async close(): Promise<void> {
    await Promise.all([...this.#calls.values()].map((call) => call.hangUp()));
    this.engine.close();
    await this.endpoint.close();
  }

  /** Closes the sockets without a word: the far end is gone already. */
  async abandon(): Promise<void> {
    for (const call of this.#calls.values()) call.vanish();
    this.engine.close();
    await this.endpoint.close();
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const call = this.#calls.get(dialogKey(request.callId, request.toTag ?? '', request.fromTag ?? ''));
    if (!call)
      transaction.respond({ status: 481, reason: 'Call/Transaction Does Not Exist', toTag: randomId() });
    else {
      transaction.respond({ status: 200, reason: 'OK' });
      if (request.method === 'BYE') call.endedByPeer();
    }
  }

  #invite(dial: Dial, leg: MediaLeg): Promise<Dialog> {
    const uri = `sip:${dial.to}@${dial.sipHost}:${dial.sipPort}`;
    const to: Destination = { protocol: 'udp', address: dial.sipHost, port: dial.sipPort };
    const offer = writeOffer({ address: this.host, port: leg.localPort, sessionId: 1, version: 1 });
    const request = {
      method: 'INVITE',
      uri,
      headers: [
        ['Max-Forwards', '70'],
        ['From', `<sip:${dial.from}@${this.host}>;tag=${randomId()}`],
        ['To', `<${uri}>`],
        ['Call-ID', randomId()],
        ['CSeq', '1 INVITE'],
        ['Contact', `<sip:${dial.from}@${this.host}:${this.endpoint.port}>`],
        ['Content-Type', 'application/sdp'],
      ] as const,
      body: offer,
    };
    return new Promise((resolve, reject) => {
      this.endpoint.send(request, to, {
        response: (response) => {
          if (response.status < 200) return;
          const dialog = response.status < 300 ? this.#accept(response, leg, to) : null;
          if (dialog) resolve(dialog);
          else reject(new CallRefused(response.status, response.reason));
        },
        failed: (status, why) => reject(new CallRefused(status, why)),
      });
    });
  }

  /** Sends the ACK of a 200 (again for each repeat of it) and starts sending audio where its SDP says. */
  #accept(response: SipResponse, leg: MediaLeg, to: Destination): Dialog | null {
    const dialog = dialogAsClient(response);
    const remote = parseSdp(response.body);
    if (!dialog || !remote) return null;
    const ack = nextRequest(dialog, 'ACK', response.cseq.number);
    this.endpoint.sendStateless(
      requestText('ACK', ack.uri, [['Via', this.endpoint.newVia(to)], ...ack.headers]),
      to,
    );
    leg.negotiate(remote.audio, this.host);
    return dialog;
  }

  #forget(call: PhoneCall): void {
    this.#calls.delete(call.key);
    this.engine.closeLeg(call.leg);
  }
}

/** A call of a test phone, answered. */
export class PhoneCall {
  readonly key: string;
  #ended = false;
  #typedMs = 0;
  #tellEnded: () => void = () => undefined;
  /** Resolves when either side has hung up. */
  readonly ended = new Promise<void>((resolve) => {
    this.#tellEnded = resolve;
  });

  constructor(
    private readonly endpoint: Endpoint,
    private dialog: Dialog,
    readonly leg: MediaLeg,
    readonly hearing: Hearing,
    private readonly clock: Clock,
    private readonly forget: () => void,
  ) {
    this.key = dialogKey(dialog.callId, dialog.localTag, dialog.remoteTag);
  }

  /** Call-ID of the call, as it stands in its CDR. */
  get callId(): string {
    return this.dialog.callId;
  }

  /** Presses keys: RFC 4733 events in RTP. */
  press(keys: string): void {
    this.#typedMs = keys.length * KEY_WITH_PAUSE_MS;
    this.leg.sendDigits(keys, KEY_SAMPLES);
  }

  /** Resolves when the last pressed key is sent. */
  whenTyped(): Promise<void> {
    return sleep(this.clock, this.#typedMs);
  }

  /** Speaks a steady tone from now on. */
  sendTone(frequencyHz: number): void {
    let sample = 0;
    this.leg.source = {
      read: (into) => {
        for (let n = 0; n < into.length; n++)
          into[n] = TONE_AMPLITUDE * Math.sin((2 * Math.PI * frequencyHz * sample++) / samplesPerSecond);
        return true;
      },
    };
  }

  /** Ends the call with BYE; resolves when the house answered it. */
  async hangUp(): Promise<void> {
    if (this.#ended) return;
    this.#finish();
    await new Promise<void>((resolve) => {
      this.#send('BYE', { response: () => resolve(), failed: () => resolve() });
    });
  }

  /** Vanishes: no BYE, no more audio. */
  vanish(): void {
    this.#finish();
  }

  endedByPeer(): void {
    this.#finish();
  }

  #send(method: string, handlers: Parameters<Endpoint['send']>[2]): ClientTransaction {
    const { dialog, uri, headers, nextHop } = nextRequest(this.dialog, method);
    this.dialog = dialog;
    const to = this.endpoint.locate(nextHop) as Destination;
    return this.endpoint.send({ method, uri, headers }, to, handlers);
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.forget();
    this.#tellEnded();
  }
}
