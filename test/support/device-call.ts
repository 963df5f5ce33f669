import type { DeviceSound } from './device-sound';
import type { SipDevice } from './sip-device';
import { eventually } from './service';
import { answer, type ReadMessage, tagOf, unique, uriOf } from './sip-message';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One call of a test's telephone, from either side. */
export class DeviceCall {
  from = '';
  to = '';
  direction: Direction = 'sendrecv';
  isEnded = false;
  /** A line of a key for SRTP that its SDP has; its sound is not encrypted all the same. */
  cryptoLine: string | null = null;
  /** Statuses before the final one, and bodies of NOTIFYs. */
  readonly provisional: ReadMessage[] = [];
  readonly notified: string[] = [];
  /** What our PRACKs were answered. */
  readonly acknowledged: number[] = [];
  readonly callId: string;
  readonly localTag: string;
  remoteTag = '';
  #target = '';
  #cseq = 0;
  #sdpVersion = 1;
  #invitation: ReadMessage | null = null;
  #branch = '';

  constructor(
    readonly device: SipDevice,
    readonly sound: DeviceSound,
    of: { readonly callId: string; readonly localTag: string; readonly isOurs: boolean },
  ) {
    this.callId = of.callId;
    this.localTag = of.localTag;
  }

  get sdp(): string {
    const { host } = this.device;
    return [
      'v=0',
      `o=device 1 ${this.#sdpVersion} IN IP4 ${host}`,
      's=-',
      `c=IN IP4 ${host}`,
      't=0 0',
      `m=audio ${this.sound.port} RTP/${this.cryptoLine === null ? '' : 'S'}AVP 0 101`,
      ...(this.cryptoLine === null ? [] : [this.cryptoLine]),
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:101 telephone-event/8000',
      `a=${this.direction}`,
      '',
    ].join('\r\n');
  }

  /** The first INVITE, or the next with credentials; answers the final answer with ACK. */
  async invite(uri: string, headers: readonly string[]): Promise<ReadMessage> {
    this.#cseq += 1;
    this.#target = uri;
    this.#branch = unique();
    const cseq = this.#cseq;
    const response = await this.device.ask('INVITE', uri, {
      from: `${this.from};tag=${this.localTag}`,
      to: this.to,
      callId: this.callId,
      cseq,
      branch: this.#branch,
      headers,
      body: this.sdp,
      onProvisional: (one) => {
        this.provisional.push(one);
        if (one.body !== '') this.sound.sendTo(one.body);
        if (one.header('Require').includes('100rel')) void this.#acknowledge(one, cseq);
      },
    });
    const isAnswered = (response.status ?? 0) < 300;
    if (isAnswered) {
      this.remoteTag = tagOf(response.header('To'));
      this.#target = uriOf(response.header('Contact'));
      this.sound.sendTo(response.body);
    }
    await this.device.ask('ACK', isAnswered ? this.#target : uri, {
      from: `${this.from};tag=${this.localTag}`,
      to: response.header('To'),
      callId: this.callId,
      cseq,
      ...(isAnswered ? {} : { branch: this.#branch }),
    });
    return response;
  }

  /** Answers a reliable provisional answer (RFC 3262 4). */
  async #acknowledge(provisional: ReadMessage, inviteCseq: number): Promise<void> {
    this.remoteTag = tagOf(provisional.header('To'));
    const target = uriOf(provisional.header('Contact'));
    this.#cseq += 1;
    const response = await this.device.ask('PRACK', target, {
      from: `${this.from};tag=${this.localTag}`,
      to: provisional.header('To'),
      callId: this.callId,
      cseq: this.#cseq,
      headers: [`RAck: ${provisional.header('RSeq')} ${inviteCseq} INVITE`],
    });
    this.acknowledged.push(response.status ?? 0);
  }

  /** Takes an INVITE back. */
  async cancel(): Promise<void> {
    await this.device.ask('CANCEL', this.#target, {
      from: `${this.from};tag=${this.localTag}`,
      to: this.to,
      callId: this.callId,
      cseq: this.#cseq,
      branch: this.#branch,
    });
  }

  /** A request inside the call; gives its final answer. */
  async ask(
    method: string,
    headers: readonly string[] = [],
    body = '',
    contentType = 'application/sdp',
  ): Promise<ReadMessage> {
    this.#cseq += 1;
    return this.device.ask(method, this.#target, {
      from: `${this.from};tag=${this.localTag}`,
      to: `${this.to};tag=${this.remoteTag}`,
      callId: this.callId,
      cseq: this.#cseq,
      headers,
      body,
      contentType,
    });
  }

  /** Presses a key, sent as SIP INFO. */
  async press(key: string): Promise<void> {
    await this.ask('INFO', [], `Signal=${key}\r\nDuration=160\r\n`, 'application/dtmf-relay');
  }

  /** A new offer with this direction; stops the sound where it says so. */
  async offer(direction: Direction): Promise<ReadMessage> {
    this.direction = direction;
    this.#sdpVersion += 1;
    this.sound.isSpeaking = direction === 'sendrecv' || direction === 'sendonly';
    const response = await this.ask('INVITE', [], this.sdp);
    await this.device.ask('ACK', this.#target, {
      from: `${this.from};tag=${this.localTag}`,
      to: `${this.to};tag=${this.remoteTag}`,
      callId: this.callId,
      cseq: this.#cseq,
    });
    return response;
  }

  /** Transfers whom it talks with; with `replaces` to the one of that call. Gives the answer to the REFER. */
  async refer(number: string, replaces: DeviceCall | null = null): Promise<ReadMessage> {
    const uri = `sip:${number}@127.0.0.1:${this.device.wish.sipPort}`;
    const dialog = replaces
      ? `?Replaces=${encodeURIComponent(`${replaces.callId};to-tag=${replaces.remoteTag};from-tag=${replaces.localTag}`)}`
      : '';
    return this.ask('REFER', [`Refer-To: <${uri}${dialog}>`, `Referred-By: ${this.device.contact}`]);
  }

  async hangUp(): Promise<void> {
    if (this.isEnded) return;
    this.#end();
    await this.ask('BYE');
  }

  /** Resolves when the other side has hung up. */
  async whenEnded(limitMs = 20_000): Promise<void> {
    await eventually(limitMs, () => this.isEnded);
  }

  /** Resolves when it hears a tone that is so loud. */
  async hears(toneHz: number, limitMs = 10_000): Promise<void> {
    await eventually(limitMs, () => this.sound.hearing.toneAmplitude(toneHz, 0.3) > 1_500);
  }

  /** Picks up a call that rings. */
  pickUp(): void {
    const invitation = this.#invitation;
    if (!invitation) return;
    this.device.sendText(
      answer(invitation, '200 OK', this.localTag, { contact: this.device.contact, body: this.sdp }),
    );
  }

  /** Says that it rings. */
  ring(): void {
    const { contact } = this.device;
    if (this.#invitation)
      this.device.sendText(answer(this.#invitation, '180 Ringing', this.localTag, { contact }));
  }

  /** Lets the caller hear it before it is picked up. */
  speakEarly(): void {
    const invitation = this.#invitation;
    if (!invitation) return;
    this.device.sendText(
      answer(invitation, '183 Session Progress', this.localTag, {
        contact: this.device.contact,
        body: this.sdp,
      }),
    );
  }

  /** Refuses a call that rings. */
  refuse(status: string): void {
    if (this.#invitation) this.device.sendText(answer(this.#invitation, status, this.localTag));
    this.#end();
  }

  /** The INVITE with which it came. */
  get invitation(): ReadMessage {
    if (!this.#invitation) throw new Error('this call is our own');
    return this.#invitation;
  }

  comes(invitation: ReadMessage, how: 'auto' | 'rings' | 'busy' | ((call: DeviceCall) => void)): void {
    this.#invitation = invitation;
    this.from = invitation.header('To');
    this.to = invitation.header('From').replace(/;tag=[^;]+/, '');
    this.remoteTag = tagOf(invitation.header('From'));
    this.#target = uriOf(invitation.header('Contact'));
    this.#cseq = 100;
    this.sound.sendTo(invitation.body);
    if (typeof how === 'function') return how(this);
    if (how === 'busy') return this.refuse('486 Busy Here');
    this.ring();
    if (how === 'auto') this.pickUp();
  }

  onRequest(request: ReadMessage): void {
    const say = (status: string, body = '') =>
      this.device.sendText(
        answer(request, status, this.localTag, { contact: this.device.contact, ...(body ? { body } : {}) }),
      );
    switch (request.method) {
      case 'BYE':
        say('200 OK');
        return this.#end();
      case 'CANCEL':
        say('200 OK');
        return this.refuse('487 Request Terminated');
      case 'NOTIFY':
        this.notified.push(request.body.trim());
        return say('200 OK');
      case 'INVITE':
        // The INVITE of a call that rings came again.
        if (this.#invitation?.header('CSeq') === request.header('CSeq')) return;
        this.sound.sendTo(request.body);
        return say('200 OK', this.sdp);
      default:
        return say('200 OK');
    }
  }

  /** No more sound. */
  silence(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.sound.close();
  }

  forget(): void {
    this.#end();
  }

  #end(): void {
    this.silence();
    this.device.forget(this.callId);
  }
}
