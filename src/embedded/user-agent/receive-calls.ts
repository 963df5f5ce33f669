import type { Clock } from '../../kernel/clock';
import { randomId } from '../../kernel/ids';
import type { Log } from '../../kernel/log';
import { rfcTimers, type TimerConstants } from '../sip/client-transactions';
import { dialogKey } from '../sip/dialogs';
import { headerValue, type SipRequest } from '../sip/message';
import { reasonPhrase, type ResponseContent } from '../sip/responses';
import { screenInvite } from '../sip/screen';
import { type HeaderLine } from '../sip/serialize';
import { answerSessionTimer, minSessionIntervalSeconds } from '../sip/session-timer';
import { hostPortText } from '../sip/uri';
import { systemResolver } from '../transports/locate';
import { type Endpoint, openEndpoint } from './endpoint';
import type { CallReceiver, CallReceiverOptions } from './incoming-call';
import { ReceivedCall, type ReceivedCallHost } from './received-call';
import type { ServerTransaction } from './server-transaction';

export type ReceiveCallsOptions = CallReceiverOptions & {
  readonly clock: Clock;
  readonly log: Log;
  /** RFC 3261 timers; tests shorten T1. */
  readonly timers?: TimerConstants;
  readonly limits?: CallReceiverLimits;
};

export type CallReceiverLimits = {
  /** Calls at once; further ones get 503 with Retry-After. */
  readonly maxCalls: number;
  readonly maxTransactions: number;
};

export const callReceiverLimits: CallReceiverLimits = { maxCalls: 10_000, maxTransactions: 200_000 };

const allowed = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE';
const knownMethods = new Set(['REGISTER', 'SUBSCRIBE', 'NOTIFY', 'MESSAGE', 'PUBLISH', 'REFER', 'PRACK']);

/** Listens for calls over UDP and TCP on one port and hands each to `onCall`; rejects when the address cannot be had. */
export async function receiveCalls(options: ReceiveCallsOptions): Promise<CallReceiver> {
  const receiver = new Receiver(options);
  await receiver.open();
  return receiver;
}

class Receiver implements CallReceiver, ReceivedCallHost {
  addresses: CallReceiver['addresses'] = [];
  readonly log: Log;
  readonly timers: TimerConstants;
  private endpointOrNone: Endpoint | undefined = undefined;
  private readonly limits: CallReceiverLimits;
  private readonly calls = new Map<string, ReceivedCall>();
  private readonly byInvite = new Map<ServerTransaction, ReceivedCall>();

  constructor(private readonly options: ReceiveCallsOptions) {
    this.log = options.log;
    this.timers = options.timers ?? rfcTimers;
    this.limits = options.limits ?? callReceiverLimits;
  }

  get endpoint(): Endpoint {
    if (this.endpointOrNone === undefined) throw new Error('call receiver is not open');
    return this.endpointOrNone;
  }

  get ownHeaders(): readonly HeaderLine[] {
    return [['Server', this.options.product]];
  }

  contact(protocol: string): string {
    const transport = protocol === 'udp' ? '' : `;transport=${protocol}`;
    return `<sip:${hostPortText(this.endpoint.advertisedHost, this.endpoint.port)}${transport}>`;
  }

  async open(): Promise<void> {
    const { host, port, clock, log } = this.options;
    this.endpointOrNone = await openEndpoint({
      host,
      port,
      protocols: ['udp', 'tcp'],
      clock,
      log,
      timers: this.timers,
      resolver: systemResolver,
      maxTransactions: this.limits.maxTransactions,
      handlers: {
        request: (transaction) => this.onRequest(transaction),
        ack: (ack) => this.findCall(ack)?.onAck(ack),
        tagOf: (invite) => this.byInvite.get(invite)?.localTag,
        cancelled: (invite) => this.byInvite.get(invite)?.onCancel(),
      },
    });
    this.addresses = this.endpoint.transports.map(({ protocol, host, port }) => ({ protocol, host, port }));
  }

  async close(): Promise<void> {
    for (const call of this.calls.values()) call.drop();
    await this.endpoint.close();
  }

  callEnded(call: ReceivedCall): void {
    this.calls.delete(call.key);
    this.byInvite.delete(call.invite);
  }

  private findCall(request: SipRequest): ReceivedCall | undefined {
    return this.calls.get(dialogKey(request.callId, request.toTag ?? '', request.fromTag ?? ''));
  }

  private onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (request.toTag !== undefined) {
      const call = this.findCall(request);
      if (call === undefined) this.refuse(transaction, 481);
      else call.onRequest(transaction);
      return;
    }
    switch (request.method) {
      case 'INVITE':
        this.onInvite(transaction);
        break;
      case 'OPTIONS':
        this.answer(transaction, {
          status: 200,
          reason: 'OK',
          headers: [
            ['Allow', allowed],
            ['Accept', 'application/sdp'],
            ['Supported', 'timer'],
          ],
        });
        break;
      case 'BYE':
      case 'INFO':
      case 'UPDATE':
        this.refuse(transaction, 481);
        break;
      default:
        this.refuse(transaction, knownMethods.has(request.method) ? 405 : 501, [['Allow', allowed]]);
    }
  }

  private onInvite(transaction: ServerTransaction): void {
    const { request } = transaction;
    const fault = screenInvite(request, ['timer']);
    if (fault !== undefined) {
      this.answer(transaction, fault);
      return;
    }
    if (answerSessionTimer(request).kind === 'too-small') {
      this.refuse(transaction, 422, [['Min-SE', String(minSessionIntervalSeconds)]]);
      return;
    }
    if (headerValue(request, 'contact') === undefined || request.fromTag === undefined) {
      this.refuse(transaction, 400);
      return;
    }
    if (this.calls.size >= this.limits.maxCalls) {
      this.refuse(transaction, 503, [['Retry-After', '5']]);
      return;
    }
    const call = new ReceivedCall(this, transaction);
    this.calls.set(call.key, call);
    this.byInvite.set(transaction, call);
    try {
      this.options.onCall(call);
    } catch (error) {
      this.log.error('call handler failed', { callId: request.callId, error: String(error) });
      call.refuse(500, reasonPhrase(500));
    }
  }

  private refuse(transaction: ServerTransaction, status: number, headers: readonly HeaderLine[] = []): void {
    this.answer(transaction, { status, reason: reasonPhrase(status), headers });
  }

  private answer(transaction: ServerTransaction, content: ResponseContent): void {
    const headers = [...(content.headers ?? []), ...this.ownHeaders];
    transaction.respond({ ...content, toTag: randomId(), headers });
  }
}
