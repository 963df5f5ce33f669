import {
  type Carriage,
  type ClientInput,
  clientStart,
  type ClientState,
  stepInviteClient,
  stepNonInviteClient,
  type TimerName,
} from '../sip/client-transactions';
import { headerValue, type SipResponse } from '../sip/message';
import { type HeaderLine, requestText } from '../sip/serialize';
import type { Destination, Source } from '../transports/transport';
import type { WheelTimer } from './timer-wheel';

/** A request to send; `headers` hold everything but Via and Content-Length. All text is wire text. */
export type OutgoingRequest = {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly HeaderLine[];
  readonly body?: string;
};

/** What the sender of a request is told. */
export type ClientHandlers = {
  /** Each response; for INVITE also repeated 2xx. `source` is where it came from. */
  response(response: SipResponse, source: Source): void;
  /** Nobody answered in 64 * T1 (status 408), or the message cannot have arrived (503): RFC 3261 8.1.3.1. */
  failed(status: 408 | 503, why: string): void;
};

/** What a transaction needs from its endpoint. */
export interface ClientTransactionHost {
  carriage(reliable: boolean): Carriage;
  transmit(text: string, to: Destination, failed: (why: string) => void): void;
  timer(afterMs: number, fire: () => void): WheelTimer;
  clientEnded(transaction: ClientTransaction): void;
  startClient(
    request: OutgoingRequest,
    via: string,
    branch: string,
    to: Destination,
    handlers: ClientHandlers,
  ): ClientTransaction;
}

const ignoring: ClientHandlers = { response() {}, failed() {} };
const resendTimers: ReadonlySet<TimerName> = new Set<TimerName>(['A', 'E']);

/** A request we sent: runs the machines of sip/client-transactions, sends ACK for refusals and CANCEL when asked. */
export class ClientTransaction {
  /** The request as it was sent, wire text. */
  readonly text: string;
  private state: ClientState = clientStart;
  private resendTimer: WheelTimer | undefined = undefined;
  private endTimer: WheelTimer | undefined = undefined;
  private cancelRequest: OutgoingRequest | undefined = undefined;
  private cancelSent = false;

  constructor(
    private readonly host: ClientTransactionHost,
    readonly key: string,
    readonly branch: string,
    /** Value of the Via the request carries. */
    readonly via: string,
    readonly request: OutgoingRequest,
    readonly destination: Destination,
    private readonly handlers: ClientHandlers,
  ) {
    this.text = requestText(request.method, request.uri, [['Via', via], ...request.headers], request.body);
  }

  /** Whether a final response is still to come. */
  get open(): boolean {
    return (
      this.state.phase === 'calling' || this.state.phase === 'trying' || this.state.phase === 'proceeding'
    );
  }

  /** Sends the request; called once, by the endpoint. */
  start(): void {
    this.step({ type: 'start' });
  }

  receive(response: SipResponse, source: Source): void {
    this.step({ type: 'response', status: response.status }, response, source);
    if (this.cancelRequest !== undefined && this.state.phase === 'proceeding')
      this.sendCancel(this.cancelRequest);
  }

  /**
   * Sends CANCEL with the given further headers, at once or as soon as a provisional answer shows that the INVITE arrived
   * (RFC 3261 9.1). Gives the CANCEL as wire text; undefined when the request is already answered or is no INVITE.
   */
  cancel(headers: readonly HeaderLine[] = []): string | undefined {
    if (!this.open || this.request.method !== 'INVITE') return undefined;
    this.cancelRequest ??= {
      method: 'CANCEL',
      uri: this.request.uri,
      headers: [...this.copied(undefined, 'CANCEL'), ...headers],
    };
    if (this.state.phase === 'proceeding') this.sendCancel(this.cancelRequest);
    const { uri, headers: lines } = this.cancelRequest;
    return requestText('CANCEL', uri, [['Via', this.via], ...lines]);
  }

  /** Forgets the transaction without a further word. */
  abandon(): void {
    this.state = { phase: 'terminated', resendMs: 0 };
    this.finish();
  }

  private sendCancel(cancel: OutgoingRequest): void {
    if (this.cancelSent) return;
    this.cancelSent = true;
    this.host.startClient(cancel, this.via, this.branch, this.destination, ignoring);
    // RFC 3261 9.1: a peer that does not answer the INVITE after a CANCEL is given 64 * T1.
    const { timers } = this.host.carriage(true);
    this.endTimer?.cancel();
    this.endTimer = this.host.timer(64 * timers.t1Ms, () => {
      if (!this.open) return;
      this.abandon();
      this.handlers.failed(408, 'no answer after CANCEL');
    });
  }

  /** Headers that ACK and CANCEL repeat from the request (RFC 3261 9.1, 17.1.1.3). */
  private copied(to: string | undefined, method: string): HeaderLine[] {
    const headers: HeaderLine[] = [];
    for (const [name, value] of this.request.headers) {
      const key = name.toLowerCase();
      if (key === 'route' || key === 'from' || key === 'call-id' || key === 'max-forwards')
        headers.push([name, value]);
      else if (key === 'to') headers.push([name, to ?? value]);
      else if (key === 'cseq') headers.push([name, `${value.slice(0, value.indexOf(' '))} ${method}`]);
    }
    return headers;
  }

  private step(input: ClientInput, response?: SipResponse, source?: Source): void {
    const carriage = this.host.carriage(this.destination.protocol !== 'udp');
    const isInvite = this.request.method === 'INVITE';
    const { state, outputs } = isInvite
      ? stepInviteClient(this.state, input, carriage)
      : stepNonInviteClient(this.state, input, carriage);
    this.state = state;
    for (const output of outputs) {
      switch (output.do) {
        case 'send':
          this.host.transmit(this.text, this.destination, (why) => this.transportFailed(why));
          break;
        case 'ack':
          if (response !== undefined) this.sendAck(response);
          break;
        case 'start':
          this.startTimer(output.timer, output.afterMs);
          break;
        case 'stop':
          if (resendTimers.has(output.timer)) this.resendTimer?.cancel();
          else this.endTimer?.cancel();
          break;
        case 'pass-up':
          if (response !== undefined && source !== undefined) this.handlers.response(response, source);
          break;
        case 'timed-out':
          this.handlers.failed(408, 'no answer');
          break;
        case 'transport-failed':
          break;
      }
    }
    if (this.state.phase === 'terminated') this.finish();
  }

  private transportFailed(why: string): void {
    if (!this.open) return;
    this.step({ type: 'transport-failed' });
    this.handlers.failed(503, why);
  }

  private sendAck(response: SipResponse): void {
    const headers: HeaderLine[] = [['Via', this.via], ...this.copied(headerValue(response, 'to'), 'ACK')];
    this.host.transmit(requestText('ACK', this.request.uri, headers), this.destination, () => {});
  }

  private startTimer(timer: TimerName, afterMs: number): void {
    const handle = this.host.timer(afterMs, () => this.step({ type: 'timer', timer }));
    if (resendTimers.has(timer)) {
      this.resendTimer?.cancel();
      this.resendTimer = handle;
      return;
    }
    this.endTimer?.cancel();
    this.endTimer = handle;
  }

  private finish(): void {
    this.resendTimer?.cancel();
    this.endTimer?.cancel();
    this.host.clientEnded(this);
  }
}
