import type { Clock } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import type { TimerConstants } from '../sip/client-transactions';
import { hostPortText } from '../sip/uri';
import type { Destination, Protocol } from '../transports/transport';
import type { ClientTransaction } from '../user-agent/client-transaction';
import { BriefMap } from '../user-agent/brief-map';
import type { Endpoint } from '../user-agent/endpoint';
import type { ServerTransaction } from '../user-agent/server-transaction';
import type { WheelTimer } from '../user-agent/timer-wheel';
import type { CallDialog } from './call-dialog';
import type { CdrSender } from './cdr';
import type { Client, ClientRegistry } from './clients';
import type { FlowCache } from './flows';
import type { ServerLimits } from './limits';
import type { ReliableAnswers } from './reliable-answers';
import { uuidSequence } from './uuid-sequence';

/** A request from the network that an application has yet to answer. */
export type PendingRequest = {
  readonly id: string;
  readonly transaction: ServerTransaction;
  readonly client: Client;
  readonly dialogId: string;
  /** The call it belongs to; undefined outside a dialog. */
  readonly call: CallDialog | undefined;
  localTag: string;
  /** Reliable provisional answers to an INVITE, once there was one. */
  reliable: ReliableAnswers | undefined;
  /** Whether the application reacted at all; until then it counts against maxUnheardRequests. */
  heard: boolean;
  timer: WheelTimer;
};

/** A request an application sent that has no final answer yet. */
export type SentRequest = {
  readonly id: string;
  readonly client: Client;
  readonly method: string;
  readonly dialogId: string;
  readonly call: CallDialog | undefined;
  transaction: ClientTransaction;
  cancelled: boolean;
  /** Contact and SDP of an INVITE, for session refreshes. */
  readonly localContact: string;
  readonly localSdp: string;
  /** The dialog that the last reliable provisional answer made: it carries the PRACK and the like. */
  early: CallDialog | undefined;
  /** Highest RSeq of each fork, by its tag (RFC 3262 4). */
  readonly reliableSeqs: Map<string, number>;
};

export type ContextParts = {
  readonly clients: ClientRegistry;
  readonly cdr: CdrSender;
  readonly flows: FlowCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly timers: TimerConstants;
  readonly limits: ServerLimits;
};

/** What the parts of the server share: who is connected, what is in progress, and how to send. */
export class ServerContext {
  readonly clients: ClientRegistry;
  readonly cdr: CdrSender;
  readonly flows: FlowCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly timers: TimerConstants;
  readonly limits: ServerLimits;
  readonly dialogs = new BriefMap<CallDialog>();
  readonly pending = new BriefMap<PendingRequest>();
  /** Unanswered INVITEs from the network by dialog id. */
  readonly pendingInvites = new BriefMap<PendingRequest>();
  readonly sent = new BriefMap<SentRequest>();
  /** Unanswered INVITEs and SUBSCRIBEs of applications by dialog id. */
  readonly sentInvites = new BriefMap<SentRequest>();
  unheard = 0;
  /** A new name for a transaction towards applications. It guards nothing. */
  readonly newTransactionId = uuidSequence();
  private endpointOrNone: Endpoint | undefined = undefined;

  constructor(parts: ContextParts) {
    this.clients = parts.clients;
    this.cdr = parts.cdr;
    this.flows = parts.flows;
    this.clock = parts.clock;
    this.log = parts.log;
    this.timers = parts.timers;
    this.limits = parts.limits;
  }

  get endpoint(): Endpoint {
    if (this.endpointOrNone === undefined) throw new Error('sip endpoint is not open');
    return this.endpointOrNone;
  }

  attach(endpoint: Endpoint): void {
    this.endpointOrNone = endpoint;
  }

  /** `host:port` of ours as it stands in URIs. */
  get hostPort(): string {
    return this.hostPortOf('udp');
  }

  /** The same for peers reached over a protocol: TLS has a port of its own. */
  hostPortOf(protocol: Protocol): string {
    return hostPortText(this.endpoint.advertisedHost, this.endpoint.portOf(protocol));
  }

  /** Our Contact for peers reached over a protocol. */
  contact(protocol: Protocol): string {
    const hostPort = this.hostPortOf(protocol);
    return protocol === 'udp' ? `<sip:${hostPort}>` : `<sip:${hostPort};transport=${protocol}>`;
  }

  /** Looks up where a URI leads and then calls `use`, at once when no look-up is needed. */
  withDestination(uri: string, use: (to: Destination) => void, failed: (why: string) => void): void {
    const found = this.endpoint.locate(uri);
    if (found === undefined) failed('requested protocol/transport not available');
    else if (found instanceof Promise) {
      found.then(use, () => failed(`unable to resolve ${uri}`)).catch((error: unknown) => this.onBug(error));
    } else use(found);
  }

  /** Ends a dialog's life here: nothing more is sent or accepted in it. */
  removeDialog(call: CallDialog): void {
    call.release();
    if (this.dialogs.get(call.id) === call) this.dialogs.delete(call.id);
  }

  /** Ends the wait for an application's answer. */
  removePending(pending: PendingRequest): void {
    pending.timer.cancel();
    pending.reliable?.stop();
    this.markHeard(pending);
    this.pending.delete(pending.id);
    if (this.pendingInvites.get(pending.dialogId) === pending) this.pendingInvites.delete(pending.dialogId);
  }

  markHeard(pending: PendingRequest): void {
    if (pending.heard) return;
    pending.heard = true;
    this.unheard--;
  }

  removeSent(sent: SentRequest): void {
    this.sent.delete(sent.id);
    if (this.sentInvites.get(sent.dialogId) === sent) this.sentInvites.delete(sent.dialogId);
  }

  onBug(error: unknown): void {
    this.log.error('unexpected failure', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
}
