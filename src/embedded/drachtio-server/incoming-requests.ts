import { randomId } from '../../kernel/ids';
import { type Dialog, takeRequest } from '../sip/dialogs';
import { type Headed, headerValue, type SipRequest } from '../sip/message';
import { reasonPhrase, type ResponseContent } from '../sip/responses';
import { screenExtensions, screenInvite } from '../sip/screen';
import type { HeaderLine } from '../sip/serialize';
import { answerSessionTimer, minSessionIntervalSeconds } from '../sip/session-timer';
import type { Source } from '../transports/transport';
import type { ServerTransaction } from '../user-agent/server-transaction';
import { type CallDialog, dialogIdOf } from './call-dialog';
import { watchSubscription } from './call-ending';
import { type Client, routableVerbs } from './clients';
import type { PendingRequest, ServerContext } from './context';
import { longestRingingMs, pendingRequestMs, retryAfterSeconds } from './limits';
import { metaText } from './meta';

/** Extensions that need nothing of the server, or that it has; a caller who requires another gets 420. */
const supported = [
  '100rel',
  'timer',
  'replaces',
  'path',
  'outbound',
  'gruu',
  'norefersub',
  'histinfo',
  'privacy',
  'tdialog',
  'from-change',
  'uui',
];
/** Requests that make no sense outside a dialog. */
const dialogOnly: ReadonlySet<string> = new Set(['BYE', 'UPDATE', 'PRACK']);
const allow =
  'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, MESSAGE, NOTIFY, SUBSCRIBE, REGISTER, PUBLISH, REFER';
const retryLater: HeaderLine = ['Retry-After', String(retryAfterSeconds)];

function refusal(status: number, headers: readonly HeaderLine[] = []): ResponseContent {
  return { status, reason: reasonPhrase(status), toTag: randomId(), headers };
}

/** Whether this NOTIFY is the last of its subscription (RFC 6665 4.1.3). */
export function endsSubscription(request: { method: string } & Headed): boolean {
  return (
    request.method === 'NOTIFY' && /^\s*terminated/i.test(headerValue(request, 'subscription-state') ?? '')
  );
}

/** Requests of the network on their way to an application. */
export class IncomingRequests {
  constructor(private readonly context: ServerContext) {}

  /** What is answered before a request costs us a transaction: unknown methods, no application for it, too many unheard. */
  admit(request: SipRequest): ResponseContent | undefined {
    if (request.toTag !== undefined || dialogOnly.has(request.method)) return undefined;
    const { clients, limits, pending, dialogs } = this.context;
    const verb = request.method.toLowerCase();
    if (!routableVerbs.has(verb)) return refusal(501, [['Allow', allow]]);
    // drachtio-server takes no REFER outside a dialog; it drops it without a word.
    if (request.method === 'REFER') {
      this.context.log.error('REFER outside a dialog is not passed on', { callId: request.callId });
      return refusal(405, [['Allow', allow]]);
    }
    if (!clients.wanted(verb)) {
      this.context.log.warn('no application for request', { method: request.method, callId: request.callId });
      return refusal(503, [retryLater]);
    }
    const full =
      this.context.unheard >= limits.maxUnheardRequests ||
      pending.size >= limits.maxPendingRequests ||
      dialogs.size >= limits.maxDialogs;
    return full ? refusal(503, [retryLater]) : undefined;
  }

  request(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (request.toTag !== undefined) this.requestInDialog(transaction);
    else if (dialogOnly.has(request.method)) transaction.respond(refusal(481));
    else if (request.method === 'INVITE') this.newInvite(transaction);
    else {
      const fault = screenExtensions(request, supported);
      if (fault === undefined) this.deliverNew(transaction);
      else transaction.respond({ ...fault, toTag: randomId() });
    }
  }

  /** ACK of a 2xx: ends its repetition and is passed to the application. */
  ack(ack: SipRequest, source: Source): void {
    const call = this.findCall(ack);
    // Without a call it acknowledges a refusal we sent statelessly, or comes late.
    if (call === undefined) return;
    if (!call.okRepeater.acked(ack.cseq.number)) return;
    call.client.send(this.message(ack, source, this.context.newTransactionId(), call.id));
  }

  /** The tag with which the answers to an unanswered INVITE go out; its CANCEL is answered with the same (RFC 3261 9.2). */
  tagOf(transaction: ServerTransaction): string | undefined {
    const { request } = transaction;
    return this.findPending(transaction, dialogIdOf(request.callId, request.fromTag ?? ''))?.localTag;
  }

  /** CANCEL of an unanswered INVITE: the CANCEL was answered; the INVITE gets 487 and the application is told. */
  cancelled(transaction: ServerTransaction, cancel: SipRequest): void {
    const { request } = transaction;
    const dialogId = dialogIdOf(request.callId, request.fromTag ?? '');
    const pending = this.findPending(transaction, dialogId);
    transaction.respond({ ...refusal(487), toTag: pending?.localTag ?? randomId() });
    if (pending === undefined) return;
    pending.client.send(this.message(cancel, transaction.source, pending.id, pending.dialogId));
    if (pending.call !== undefined) pending.call.theirInviteOpen = false;
    this.context.removePending(pending);
    this.context.cdr.stop('network', 'call-canceled', request.text);
  }

  /** The call a request belongs to by Call-ID and both tags. */
  findCall(request: SipRequest): CallDialog | undefined {
    const { dialogs } = this.context;
    const asServer = dialogs.get(dialogIdOf(request.callId, request.fromTag ?? ''));
    if (asServer?.role === 'uas' && asServer.dialog.localTag === request.toTag) return asServer;
    const asClient = dialogs.get(dialogIdOf(request.callId, request.toTag ?? ''));
    return asClient?.role === 'uac' && asClient.dialog.remoteTag === (request.fromTag ?? '')
      ? asClient
      : undefined;
  }

  private findPending(transaction: ServerTransaction, dialogId: string): PendingRequest | undefined {
    const first = this.context.pendingInvites.get(dialogId);
    if (first?.transaction === transaction) return first;
    // A re-INVITE: the map holds first INVITEs only.
    for (const pending of this.context.pending.values())
      if (pending.transaction === transaction) return pending;
    return undefined;
  }

  private newInvite(transaction: ServerTransaction): void {
    const { request } = transaction;
    const dialogId = dialogIdOf(request.callId, request.fromTag ?? '');
    const fault = screenInvite(request, supported);
    if (headerValue(request, 'contact') === undefined || request.fromTag === undefined)
      transaction.respond(refusal(400));
    else if (fault !== undefined) transaction.respond({ ...fault, toTag: randomId() });
    else if (answerSessionTimer(request).kind === 'too-small') this.refuseTimer(transaction);
    // RFC 3261 8.2.2.2: the same request by another path, or a second call pretending to be the first.
    else if (this.context.pendingInvites.has(dialogId) || this.context.dialogs.has(dialogId))
      transaction.respond(refusal(482));
    else {
      this.deliverNew(transaction);
      this.context.cdr.attempt('network', request.text);
    }
  }

  private refuseTimer(transaction: ServerTransaction): void {
    transaction.respond(refusal(422, [['Min-SE', String(minSessionIntervalSeconds)]]));
  }

  private deliverNew(transaction: ServerTransaction): void {
    const { request, source } = transaction;
    const client = this.context.clients.pick(request.method.toLowerCase());
    if (client === undefined) {
      transaction.respond(refusal(503, [retryLater]));
      return;
    }
    const dialogId = dialogIdOf(request.callId, request.fromTag ?? '');
    const pending = this.track(transaction, client, dialogId, undefined, randomId());
    if (request.method === 'INVITE') this.context.pendingInvites.set(dialogId, pending);
    const { endpoint, clock } = this.context;
    const meta = metaText('network', request.text.length, source, clock.nowMs());
    client.send(
      `sip|${meta}|${pending.id}||${endpoint.advertisedHost}|${endpoint.portOf(source.protocol)}|\r\n${request.text}`,
    );
  }

  private requestInDialog(transaction: ServerTransaction): void {
    const { request, source } = transaction;
    const call = this.findCall(request);
    if (call === undefined) {
      this.requestInEarlyDialog(transaction);
      return;
    }
    const next = takeRequest(call.dialog, request);
    if (next === 'out-of-order') {
      transaction.respond(refusal(500));
      return;
    }
    const crossing = request.method === 'INVITE' ? this.crossing(call) : undefined;
    const offersTimer = request.method === 'INVITE' || request.method === 'UPDATE';
    if (crossing !== undefined) transaction.respond(crossing);
    else if (offersTimer && answerSessionTimer(request).kind === 'too-small') this.refuseTimer(transaction);
    else this.deliverInDialog(transaction, call, next, source);
  }

  // RFC 3261 14.2: our INVITE under way -> 491, an unfinished one of theirs -> 500 with Retry-After.
  private crossing(call: CallDialog): ResponseContent | undefined {
    if (call.ourInvite !== undefined) return refusal(491);
    return call.theirInviteOpen || call.okRepeater.waiting ? refusal(500, [['Retry-After', '2']]) : undefined;
  }

  private deliverInDialog(
    transaction: ServerTransaction,
    call: CallDialog,
    next: Dialog,
    source: Source,
  ): void {
    const { request } = transaction;
    call.dialog = next;
    call.source = source;
    const pending = this.track(transaction, call.client, call.id, call, call.dialog.localTag);
    call.client.send(this.message(request, source, pending.id, call.id));
    if (request.method === 'INVITE') call.theirInviteOpen = true;
    if (call.isSubscription) {
      if (request.method === 'SUBSCRIBE')
        watchSubscription(this.context, call, headerValue(request, 'expires'));
      if (endsSubscription(request)) this.context.removeDialog(call);
    }
    if (request.method !== 'BYE') return;
    call.ourInvite?.abandon();
    this.context.removeDialog(call);
    this.context.cdr.stop('network', 'normal-release', request.text);
  }

  /** UPDATE, INFO, OPTIONS and the like before the INVITE is answered go to the application that has it (RFC 3311). */
  private requestInEarlyDialog(transaction: ServerTransaction): void {
    const { request, source } = transaction;
    const asServer = this.context.pendingInvites.get(dialogIdOf(request.callId, request.fromTag ?? ''));
    const asClient = this.context.sentInvites.get(dialogIdOf(request.callId, request.toTag ?? ''));
    const early = asServer?.localTag === request.toTag ? asServer : asClient;
    if (early === undefined || request.method === 'INVITE' || request.method === 'BYE') {
      transaction.respond(refusal(481));
      return;
    }
    if (request.method === 'PRACK') {
      const rack = headerValue(request, 'rack') ?? '';
      const invite = early === asServer ? asServer.transaction.request.cseq.number : -1;
      if (!asServer?.reliable?.acknowledged(rack, invite)) {
        transaction.respond(refusal(481));
        return;
      }
    }
    const pending = this.track(transaction, early.client, early.dialogId, undefined, request.toTag ?? '');
    early.client.send(this.message(request, source, pending.id, early.dialogId));
  }

  private track(
    transaction: ServerTransaction,
    client: Client,
    dialogId: string,
    call: CallDialog | undefined,
    localTag: string,
  ): PendingRequest {
    const pending: PendingRequest = {
      id: this.context.newTransactionId(),
      transaction,
      client,
      dialogId,
      call,
      localTag,
      reliable: undefined,
      heard: false,
      timer: this.context.endpoint.timer(pendingRequestMs, () => this.giveUp(pending)),
    };
    this.context.unheard++;
    this.context.pending.set(pending.id, pending);
    return pending;
  }

  /** The application never answered: the request is forgotten, as drachtio-server does. A ringing call is waited for longer. */
  private giveUp(pending: PendingRequest, ringingTooLong = false): void {
    if (pending.heard && pending.transaction.isInvite && !ringingTooLong) {
      pending.timer = this.context.endpoint.timer(longestRingingMs, () => this.giveUp(pending, true));
      return;
    }
    this.context.log.warn('application did not answer', {
      method: pending.transaction.request.method,
      dialogId: pending.dialogId,
    });
    if (pending.call !== undefined) pending.call.theirInviteOpen = false;
    this.context.removePending(pending);
    pending.transaction.respond(refusal(pending.transaction.isInvite ? 480 : 500));
  }

  private message(request: SipRequest, source: Source, transactionId: string, dialogId: string): string {
    const meta = metaText('network', request.text.length, source, this.context.clock.nowMs());
    return `sip|${meta}|${transactionId}|${dialogId}|\r\n${request.text}`;
  }
}
