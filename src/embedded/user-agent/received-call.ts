import { randomId } from '../../kernel/ids';
import type { Log } from '../../kernel/log';
import type { TimerConstants } from '../sip/client-transactions';
import {
  type Dialog,
  dialogAsServer,
  dialogKey,
  nextRequest,
  refreshTarget,
  takeRequest,
} from '../sip/dialogs';
import { headerName } from '../sip/header-names';
import { headerValue, type SipRequest, type SipResponse, utf8Text, wireText } from '../sip/message';
import { reasonPhrase } from '../sip/responses';
import { type HeaderLine, requestText } from '../sip/serialize';
import { answerSessionTimer, expireAfterMs, type TimerAnswer } from '../sip/session-timer';
import type { Destination } from '../transports/transport';
import type { ClientHandlers, OutgoingRequest } from './client-transaction';
import type { Endpoint } from './endpoint';
import type { IncomingCall, IncomingCallHandlers } from './incoming-call';
import { OkRepeater } from './ok-repeater';
import type { ServerTransaction } from './server-transaction';
import type { WheelTimer } from './timer-wheel';

/** What a call needs from the receiver it came through. */
export interface ReceivedCallHost {
  readonly endpoint: Endpoint;
  readonly log: Log;
  readonly timers: TimerConstants;
  readonly ownHeaders: readonly HeaderLine[];
  contact(protocol: string): string;
  callEnded(call: ReceivedCall): void;
}

type Phase = 'ringing' | 'answered' | 'ending' | 'ended';

const byeGuardMs = 32_000;
const allowInDialog = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE';

/** An incoming call: the UAS end of its dialog (RFC 3261 12, 13.3, 14.2, 15). */
export class ReceivedCall implements IncomingCall {
  readonly callId: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly key: string;
  readonly localTag = randomId();
  private readonly request: SipRequest;
  private readonly okRepeater: OkRepeater;
  private phase: Phase = 'ringing';
  private dialog: Dialog | undefined;
  private handlers: IncomingCallHandlers | undefined = undefined;
  private sessionTimer: WheelTimer | undefined = undefined;
  private offering = false;
  private afterAck: (() => void) | undefined = undefined;
  /** Resolves a hangUp under way, whoever ends the call first. */
  private hungUp: (() => void) | undefined = undefined;

  constructor(
    private readonly host: ReceivedCallHost,
    readonly invite: ServerTransaction,
  ) {
    const { request, source } = invite;
    this.request = request;
    this.callId = utf8Text(request.callId);
    this.headers = request.headers.map(({ name, value }) => [name, utf8Text(value)] as const);
    this.body = utf8Text(request.body);
    this.remoteAddress = source.address;
    this.remotePort = source.port;
    this.key = dialogKey(request.callId, this.localTag, request.fromTag ?? '');
    this.dialog = dialogAsServer(request, this.localTag);
    this.okRepeater = new OkRepeater(host.endpoint.wheel, host.timers, () => this.onNoAck());
  }

  header(name: string): string | undefined {
    const value = headerValue(this.request, headerName(name.toLowerCase()).key);
    return value === undefined ? undefined : utf8Text(value);
  }

  handle(handlers: IncomingCallHandlers): void {
    this.handlers = handlers;
  }

  ring(): void {
    if (this.phase !== 'ringing') return;
    this.respond(this.invite, 180, reasonPhrase(180), [['Contact', this.contact]]);
  }

  answer(sdp: string, headers: Readonly<Record<string, string>> = {}): void {
    if (this.phase !== 'ringing') return;
    this.phase = 'answered';
    this.sendOk(this.invite, sdp, Object.entries(headers));
  }

  refuse(status: number, reason: string, headers: Readonly<Record<string, string>> = {}): void {
    if (this.phase !== 'ringing') return;
    this.phase = 'ended';
    this.respond(this.invite, status, reason, Object.entries(headers));
    this.forget();
  }

  hangUp(reason?: string): Promise<void> {
    if (this.phase === 'ringing') {
      this.refuse(480, reasonPhrase(480));
      return Promise.resolve();
    }
    if (this.phase !== 'answered') return Promise.resolve();
    this.phase = 'ending';
    return new Promise((resolve) => {
      // RFC 3261 15: the callee may not send BYE before the ACK came or its wait is over.
      this.hungUp = resolve;
      if (this.okRepeater.waiting) this.afterAck = () => this.sendBye(reason, resolve);
      else this.sendBye(reason, resolve);
    });
  }

  offer(sdp: string): Promise<string | undefined> {
    const { dialog } = this;
    const free = this.phase === 'answered' && !this.okRepeater.waiting && !this.offering;
    if (dialog === undefined || !free) return Promise.resolve(undefined);
    const invite = nextRequest(dialog, 'INVITE');
    this.dialog = invite.dialog;
    this.offering = true;
    return new Promise<string | undefined>((resolve) => {
      const headers: HeaderLine[] = [
        ...invite.headers,
        ['Contact', this.contact],
        ['Content-Type', 'application/sdp'],
        ...this.host.ownHeaders,
      ];
      const request = { method: 'INVITE', uri: invite.uri, headers, body: wireText(sdp) };
      this.sendInDialog(request, invite.nextHop, {
        response: (response) => {
          if (response.status < 200) return;
          if (response.status < 300) this.acknowledge(response);
          resolve(response.status < 300 ? utf8Text(response.body) : undefined);
        },
        failed: () => resolve(undefined),
      });
    }).finally(() => {
      this.offering = false;
    });
  }

  /** ACK of a 2xx to an INVITE of ours, each time it comes (RFC 3261 13.2.2.4). */
  private acknowledge(response: SipResponse): void {
    if (this.dialog === undefined) return;
    this.dialog = refreshTarget(this.dialog, response);
    const ack = nextRequest(this.dialog, 'ACK', response.cseq.number);
    void Promise.resolve(this.host.endpoint.locate(ack.nextHop)).then((to) => {
      if (to === undefined) return;
      const headers: HeaderLine[] = [['Via', this.host.endpoint.newVia(to)], ...ack.headers];
      this.host.endpoint.sendStateless(requestText('ACK', ack.uri, headers), this.onOwnFlow(to));
    });
  }

  /** The ACK of a 200 of ours. */
  onAck(ack: SipRequest): void {
    if (!this.okRepeater.acked(ack.cseq.number)) return;
    if (this.phase === 'answered') this.tell('acked', () => this.handlers?.acked(utf8Text(ack.body)));
    this.afterAck?.();
    this.afterAck = undefined;
  }

  onCancel(): void {
    if (this.phase !== 'ringing') return;
    this.phase = 'ended';
    this.respond(this.invite, 487, reasonPhrase(487));
    this.end('cancel');
  }

  /** A request of the peer inside the dialog. */
  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const next =
      this.dialog === undefined || this.phase === 'ended' ? undefined : takeRequest(this.dialog, request);
    if (next === undefined) this.respond(transaction, 481);
    else if (next === 'out-of-order') this.respond(transaction, 500);
    else {
      this.dialog = next;
      this.serve(transaction);
    }
  }

  /** Ends the call without a word to anyone: the receiver is closing. */
  drop(): void {
    this.phase = 'ended';
    this.okRepeater.stop();
    this.sessionTimer?.cancel();
    this.hungUp?.();
  }

  private get contact(): string {
    return this.host.contact(this.invite.source.protocol);
  }

  private serve(transaction: ServerTransaction): void {
    const { request } = transaction;
    switch (request.method) {
      case 'BYE':
        this.respond(transaction, 200);
        this.onBye();
        break;
      case 'INVITE':
      case 'UPDATE':
        this.onOffer(transaction);
        break;
      case 'INFO':
        this.respond(transaction, 200);
        this.tell('info', () =>
          this.handlers?.info(headerValue(request, 'content-type') ?? '', utf8Text(request.body)),
        );
        break;
      case 'OPTIONS':
        this.respond(transaction, 200, 'OK', [['Allow', allowInDialog]]);
        break;
      default:
        this.respond(transaction, 405, reasonPhrase(405), [['Allow', allowInDialog]]);
    }
  }

  private onBye(): void {
    const wasRinging = this.phase === 'ringing';
    if (wasRinging) this.respond(this.invite, 487, reasonPhrase(487));
    const told = this.phase === 'ending';
    this.phase = 'ended';
    if (told) {
      this.afterAck = undefined;
      this.hungUp?.();
      this.forget();
    } else this.end('bye');
  }

  private onOffer(transaction: ServerTransaction): void {
    const { request } = transaction;
    // RFC 3261 14.2 and RFC 3311 5.2: one offer at a time.
    if (this.phase === 'ringing' || this.okRepeater.waiting || this.offering) {
      this.respond(transaction, 491);
      return;
    }
    if (request.method === 'UPDATE' && request.body === '') {
      this.sendOk(transaction, '', []);
      return;
    }
    let answer: ReturnType<IncomingCallHandlers['reoffered']> | undefined;
    this.tell('reoffered', () => {
      answer = this.handlers?.reoffered(utf8Text(request.body));
    });
    if (answer === undefined) this.respond(transaction, 488);
    else if ('status' in answer) this.respond(transaction, answer.status, answer.reason);
    else this.sendOk(transaction, answer.sdp, []);
  }

  /** 200 to INVITE or UPDATE, with the session timer the peer asked for and refreshes itself. */
  private sendOk(transaction: ServerTransaction, sdp: string, headers: readonly HeaderLine[]): void {
    const { request } = transaction;
    const timer = answerSessionTimer(request);
    const lines: HeaderLine[] = [
      ['Contact', this.contact],
      ['Allow', allowInDialog],
      ['Supported', 'timer'],
      ...this.sessionHeaders(timer),
      ...headers.map(([name, value]): HeaderLine => [wireText(name), wireText(value)]),
    ];
    if (sdp !== '') lines.push(['Content-Type', 'application/sdp']);
    const content = {
      status: 200,
      reason: 'OK',
      toTag: this.localTag,
      headers: [...lines, ...this.host.ownHeaders],
      body: wireText(sdp),
    };
    const text = transaction.respond(content);
    if (transaction.isInvite) {
      this.okRepeater.start(request.cseq.number, () => transaction.respondText(200, text));
    }
  }

  private sessionHeaders(timer: TimerAnswer): HeaderLine[] {
    this.sessionTimer?.cancel();
    // We never refresh, so only a peer that does so itself gets a timer.
    if (timer.kind !== 'agreed' || timer.refresher !== 'uac') return [];
    this.sessionTimer = this.host.endpoint.timer(expireAfterMs(timer.seconds), () =>
      this.onLost('Session timer expired'),
    );
    return [
      ['Session-Expires', `${timer.seconds};refresher=uac`],
      ['Require', 'timer'],
    ];
  }

  private onNoAck(): void {
    if (this.phase === 'ending') {
      this.afterAck?.();
      this.afterAck = undefined;
    } else this.onLost('ACK timeout');
  }

  private onLost(text: string): void {
    if (this.phase !== 'answered') return;
    this.phase = 'ending';
    this.sendBye(`SIP ;cause=200 ;text="${text}"`, () => {});
    this.end('no-ack');
  }

  private sendBye(reason: string | undefined, done: () => void): void {
    const { dialog } = this;
    const { endpoint, ownHeaders } = this.host;
    let settled = false;
    const settle = (): void => {
      if (settled) return;
      settled = true;
      guard.cancel();
      this.phase = 'ended';
      this.forget();
      done();
    };
    const guard = endpoint.timer(byeGuardMs, settle);
    if (dialog === undefined) {
      settle();
      return;
    }
    const bye = nextRequest(dialog, 'BYE');
    this.dialog = bye.dialog;
    const headers: HeaderLine[] = [...bye.headers, ...ownHeaders];
    if (reason !== undefined) headers.push(['Reason', wireText(reason)]);
    this.sendInDialog({ method: 'BYE', uri: bye.uri, headers }, bye.nextHop, {
      response: (response) => {
        if (response.status >= 200) settle();
      },
      failed: settle,
    });
  }

  private sendInDialog(request: OutgoingRequest, nextHop: string, handlers: ClientHandlers): void {
    const { endpoint } = this.host;
    const lost = (): void => handlers.failed(503, 'no way there');
    Promise.resolve(endpoint.locate(nextHop))
      .then((to) => (to === undefined ? lost() : void endpoint.send(request, this.onOwnFlow(to), handlers)))
      .catch(lost);
  }

  /** By the connection the call came on while it is there. */
  private onOwnFlow(to: Destination): Destination {
    const { flow, protocol } = this.invite.source;
    return to.protocol === protocol && flow?.open ? { ...to, flow } : to;
  }

  private respond(
    transaction: ServerTransaction,
    status: number,
    reason = reasonPhrase(status),
    headers: readonly HeaderLine[] = [],
  ): void {
    const lines = headers.map(([name, value]): HeaderLine => [wireText(name), wireText(value)]);
    transaction.respond({
      status,
      reason: wireText(reason),
      toTag: this.localTag,
      headers: [...lines, ...this.host.ownHeaders],
    });
  }

  private end(cause: 'bye' | 'cancel' | 'no-ack'): void {
    this.forget();
    this.tell('ended', () => this.handlers?.ended(cause));
  }

  private forget(): void {
    this.okRepeater.stop();
    this.sessionTimer?.cancel();
    this.host.callEnded(this);
  }

  private tell(what: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.host.log.error('call handler failed', { callId: this.callId, what, error: String(error) });
    }
  }
}
