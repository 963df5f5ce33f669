import type { Carriage, TimerName } from '../sip/client-transactions';
import type { SipRequest } from '../sip/message';
import { buildResponse, type ResponseContent } from '../sip/responses';
import {
  inviteServerStart,
  nonInviteServerStart,
  type ServerInput,
  type ServerState,
  stepInviteServer,
  stepNonInviteServer,
} from '../sip/server-transactions';
import type { Destination, Source } from '../transports/transport';
import type { WheelTimer } from './timer-wheel';

/** What a transaction needs from its endpoint. */
export interface ServerTransactionHost {
  carriage(reliable: boolean): Carriage;
  transmit(text: string, to: Destination): void;
  timer(afterMs: number, fire: () => void): WheelTimer;
  serverEnded(transaction: ServerTransaction): void;
  /** An ACK that came inside an accepted INVITE transaction: it belongs to the dialog. */
  ackForAccepted(ack: SipRequest, source: Source): void;
}

/** A request from the network and what was answered to it: runs the machines of sip/server-transactions. */
export class ServerTransaction {
  /** Called when no ACK came for a non-2xx final answer (timer H); for the record only. */
  onTimeout: (() => void) | undefined = undefined;
  readonly isInvite: boolean;
  private held: SipRequest | undefined;
  private state: ServerState;
  private lastResponse = '';
  private resendTimer: WheelTimer | undefined = undefined;
  private endTimer: WheelTimer | undefined = undefined;

  constructor(
    private readonly host: ServerTransactionHost,
    readonly key: string,
    request: SipRequest,
    readonly source: Source,
    private readonly replyTo: Destination,
  ) {
    this.held = request;
    this.isInvite = request.method === 'INVITE';
    this.state = this.isInvite ? inviteServerStart : nonInviteServerStart;
  }

  /** The request, until it is finally answered: a transaction lingers for half a minute, and nobody should pay for its text meanwhile. */
  get request(): SipRequest {
    if (this.held === undefined) throw new Error('an answered request is no longer kept');
    return this.held;
  }

  /** Whether no final response was given yet. */
  get open(): boolean {
    return this.state.phase === 'trying' || this.state.phase === 'proceeding';
  }

  /** Sends a response and gives it as wire text; '' after the final one, when no other is sent. */
  respond(content: ResponseContent): string {
    if (this.held === undefined) return '';
    const text = buildResponse(this.held, this.source, content);
    this.respondText(content.status, text);
    if (content.status >= 200) this.held = undefined;
    return text;
  }

  /** Sends a response that is already text, for the first time or (a 2xx to INVITE) again. */
  respondText(status: number, text: string): void {
    if (this.open || this.state.phase === 'accepted') this.lastResponse = text;
    this.step({ type: 'respond', status });
    // Its sender repeats a 2xx by itself; here it would only lie about.
    if (this.state.phase === 'accepted') this.lastResponse = '';
  }

  /** The request came again. */
  repeated(): void {
    this.step({ type: 'request' });
  }

  acked(ack: SipRequest, source: Source): void {
    this.step({ type: 'ack' }, () => this.host.ackForAccepted(ack, source));
  }

  /** Forgets the transaction without a further word. */
  abandon(): void {
    this.state = { phase: 'terminated', resendMs: 0 };
    this.finish();
  }

  private step(input: ServerInput, passUp?: () => void): void {
    const carriage = this.host.carriage(this.source.protocol !== 'udp');
    const { state, outputs } = this.isInvite
      ? stepInviteServer(this.state, input, carriage)
      : stepNonInviteServer(this.state, input, carriage);
    this.state = state;
    for (const output of outputs) {
      switch (output.do) {
        case 'send':
          if (this.lastResponse !== '') this.host.transmit(this.lastResponse, this.replyTo);
          break;
        case 'start':
          this.startTimer(output.timer, output.afterMs);
          break;
        case 'stop':
          this.stopTimer(output.timer);
          break;
        case 'pass-up':
          passUp?.();
          break;
        case 'timed-out':
          this.onTimeout?.();
          break;
        default:
      }
    }
    if (state.phase === 'terminated') this.finish();
  }

  private startTimer(timer: TimerName, afterMs: number): void {
    const handle = this.host.timer(afterMs, () => this.step({ type: 'timer', timer }));
    if (timer === 'G') {
      this.resendTimer?.cancel();
      this.resendTimer = handle;
      return;
    }
    this.endTimer?.cancel();
    this.endTimer = handle;
  }

  private stopTimer(timer: TimerName): void {
    if (timer === 'G') this.resendTimer?.cancel();
    else this.endTimer?.cancel();
  }

  private finish(): void {
    this.resendTimer?.cancel();
    this.endTimer?.cancel();
    this.host.serverEnded(this);
  }
}
