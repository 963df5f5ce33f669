import { dialogAsServer } from '../sip/dialogs';
import { headerValue, optionTags, type SipRequest } from '../sip/message';
import { parseNameAddr, tagOf } from '../sip/name-addr';
import { splitList, wholeNumber } from '../sip/characters';
import { parameter } from '../sip/parameters';
import { reasonPhrase } from '../sip/responses';
import type { HeaderLine } from '../sip/serialize';
import { answerSessionTimer } from '../sip/session-timer';
import { parseSipUri } from '../sip/uri';
import type { AppHeader, AppSip } from './admin-message';
import { allowedHeaders, appHeader, contentTypeFor, lacksContentType } from './app-headers';
import { CallDialog } from './call-dialog';
import { endCall, watchSession, watchSubscription } from './call-ending';
import type { Client } from './clients';
import type { PendingRequest, ServerContext } from './context';
import { metaText } from './meta';
import { ReliableAnswers } from './reliable-answers';

const withContact: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'UPDATE', 'NOTIFY']);
const defaultRegistrationSeconds = 3_600;

/** An application's response to a request of the network (srf: `res.send`). */
export type AppAnswer = {
  readonly messageId: string;
  readonly transactionId: string;
  readonly status: number;
  readonly reason: string;
  readonly sip: AppSip;
};

/** Responses of applications on their way to the network. */
export class AppAnswers {
  constructor(private readonly context: ServerContext) {}

  /** Sends the response and echoes it to the application; refuses with NOK what cannot be sent. */
  answer(client: Client, answer: AppAnswer): void {
    const pending = this.context.pending.get(answer.transactionId);
    if (pending === undefined || pending.client !== client) {
      client.reply(answer.messageId, 'NOK|Response not sent due to unknown transaction');
      return;
    }
    this.context.markHeard(pending);
    const fault = this.faultOf(pending, answer);
    if (fault === undefined) this.sendInTurn(pending, answer);
    else {
      this.context.log.warn('application response refused', { reason: fault, status: answer.status });
      client.reply(answer.messageId, `NOK|${fault}`);
    }
  }

  private faultOf(pending: PendingRequest, answer: AppAnswer): string | undefined {
    const { sip } = answer;
    const { source } = pending.transaction;
    if (source.flow !== undefined && !source.flow.open) {
      this.finish(pending);
      return 'transport for response has been shutdown or closed';
    }
    if (lacksContentType(sip.headers, sip.body)) return 'missing content-type';
    if (!isReliable(answer) || knowsReliable(pending.transaction.request)) return undefined;
    return 'Remote endpoint does not support 100rel';
  }

  /** A second reliable answer and the 2xx wait until the PRACK of the one before has come (RFC 3262 3, 5). */
  private sendInTurn(pending: PendingRequest, answer: AppAnswer): void {
    const { reliable } = pending;
    const mustWait = isReliable(answer) || (answer.status >= 200 && answer.status < 300);
    if (!reliable?.waiting || !mustWait) this.send(pending, answer);
    else if (!reliable.hold(() => this.send(pending, answer)))
      pending.client.reply(answer.messageId, 'NOK|too many answers wait for a PRACK');
  }

  private send(pending: PendingRequest, answer: AppAnswer): void {
    const { status, sip } = answer;
    const { transaction } = pending;
    const { request } = transaction;
    if (request.toTag === undefined) pending.localTag = chosenTag(sip.headers) ?? pending.localTag;
    const contact = this.contactFor(pending, sip.headers);
    const success = status >= 200 && status < 300;
    const headers = this.headersFor(pending, answer, contact, success);
    const reliable = isReliable(answer) ? this.reliableOf(pending) : undefined;
    const seq = reliable?.takeSeq();
    if (seq !== undefined) headers.push(['RSeq', String(seq)]);
    const text = transaction.respond({
      status,
      reason: answer.reason,
      toTag: status === 100 ? undefined : pending.localTag,
      headers,
      body: sip.body,
    });
    if (seq !== undefined) reliable?.sent(seq, () => transaction.respondText(status, text));
    if (status >= 200) {
      this.finish(pending);
      if (success && request.method === 'SUBSCRIBE' && request.toTag === undefined)
        this.subscribed(pending, request, contact);
      if (request.method === 'INVITE') this.inviteAnswered(pending, request, status, text, contact, sip.body);
      else if (success) this.rememberFlow(pending, request, sip.headers);
    }
    this.echo(pending, answer.messageId, text);
  }

  private reliableOf(pending: PendingRequest): ReliableAnswers {
    const { endpoint, timers } = this.context;
    pending.reliable ??= new ReliableAnswers(endpoint.wheel, timers, () => {
      // RFC 3262 3: without a PRACK the INVITE is refused; sofia says 504.
      this.context.log.warn('no PRACK came', { dialogId: pending.dialogId });
      this.finish(pending);
      pending.transaction.respond({ status: 504, reason: reasonPhrase(504), toTag: pending.localTag });
    });
    return pending.reliable;
  }

  private contactFor(pending: PendingRequest, headers: readonly AppHeader[]): string {
    return appHeader(headers, 'contact') ?? this.context.contact(pending.transaction.source.protocol);
  }

  private headersFor(
    pending: PendingRequest,
    { status, sip }: AppAnswer,
    contact: string,
    success: boolean,
  ): HeaderLine[] {
    const { request } = pending.transaction;
    const headers = allowedHeaders(sip.headers, this.context.hostPort);
    const named = appHeader(sip.headers, 'contact') !== undefined;
    if (!named && status > 100 && status < 300 && withContact.has(request.method))
      headers.unshift(['Contact', contact]);
    const type = contentTypeFor(sip.headers, sip.body);
    if (type !== undefined) headers.push(['Content-Type', type]);
    const hasTimer = appHeader(sip.headers, 'session-expires') !== undefined;
    if (success && !hasTimer && (request.method === 'INVITE' || request.method === 'UPDATE')) {
      headers.push(...sessionHeaders(pending));
    }
    return headers;
  }

  private echo(pending: PendingRequest, messageId: string, text: string): void {
    const { transaction, id, dialogId, client } = pending;
    const meta = metaText('application', text.length, transaction.source, this.context.clock.nowMs());
    client.reply(messageId, `OK|${meta}|${id}|${dialogId}||Msg sent:|\r\n${text}`);
  }

  private finish(pending: PendingRequest): void {
    this.context.removePending(pending);
    if (pending.call !== undefined && pending.transaction.isInvite) pending.call.theirInviteOpen = false;
  }

  private inviteAnswered(
    pending: PendingRequest,
    request: SipRequest,
    status: number,
    text: string,
    contact: string,
    sdp: string,
  ): void {
    const { transaction } = pending;
    const { cdr } = this.context;
    if (status >= 300) {
      if (pending.call === undefined) cdr.stop('application', 'call-rejected', text);
      return;
    }
    const call = pending.call ?? this.establish(pending, request, text);
    if (call === undefined) return;
    if (sdp !== '') call.localSdp = sdp;
    call.localContact = contact;
    call.okRepeater.start(request.cseq.number, () => transaction.respondText(status, text));
    const timer = answerSessionTimer(request);
    if (timer.kind === 'agreed') watchSession(this.context, call, timer.seconds, timer.refresher === 'uas');
    else call.sessionTimer?.cancel();
  }

  /** The dialog of a subscription lives as long as the subscriber says (RFC 6665 4.2.1), and a little longer. */
  private subscribed(pending: PendingRequest, request: SipRequest, contact: string): void {
    const { transaction, dialogId, client, localTag } = pending;
    const dialog = dialogAsServer(request, localTag);
    if (dialog === undefined) return;
    const call = new CallDialog(this.context, dialogId, client, 'uas', dialog, transaction.source, () => {});
    call.isSubscription = true;
    call.localContact = contact;
    this.context.dialogs.set(dialogId, call);
    watchSubscription(this.context, call, headerValue(request, 'expires'));
  }

  private establish(pending: PendingRequest, request: SipRequest, text: string): CallDialog | undefined {
    const { transaction, dialogId, client, localTag } = pending;
    const dialog = dialogAsServer(request, localTag);
    if (dialog === undefined) return undefined;
    const call = new CallDialog(this.context, dialogId, client, 'uas', dialog, transaction.source, (lost) =>
      endCall(this.context, lost, 'ack-timeout'),
    );
    this.context.dialogs.set(dialogId, call);
    this.context.cdr.start('application', 'uas', text);
    return call;
  }

  /** Keeps the connection of a phone that registered over one, so that calls to it find the way. */
  private rememberFlow(pending: PendingRequest, request: SipRequest, answered: readonly AppHeader[]): void {
    const { source } = pending.transaction;
    if (source.flow === undefined || (request.method !== 'REGISTER' && request.method !== 'SUBSCRIBE'))
      return;
    const value = headerValue(request, 'contact');
    const contact = value === undefined ? undefined : parseNameAddr(splitList(value)[0] ?? '');
    const uri = contact === undefined ? undefined : parseSipUri(contact.uri);
    if (contact === undefined || uri === undefined) return;
    const asked = parameter(contact.parameters, 'expires') ?? headerValue(request, 'expires');
    const granted = appHeader(answered, 'expires') ?? asked;
    const seconds = wholeNumber(granted ?? '', 1_000_000) ?? defaultRegistrationSeconds;
    const { protocol, address, port, flow } = source;
    if (seconds === 0) this.context.flows.forget(uri);
    else {
      const expiresAtMs = this.context.clock.monotonicMs() + seconds * 1000;
      this.context.flows.remember(uri, { protocol, address, port, flow }, expiresAtMs);
    }
  }
}

function isReliable({ status, sip }: AppAnswer): boolean {
  return status > 100 && status < 200 && optionTags({ headers: sip.headers }, 'require').includes('100rel');
}

function knowsReliable(request: SipRequest): boolean {
  return [...optionTags(request, 'supported'), ...optionTags(request, 'require')].includes('100rel');
}

/** The tag an application put into To; undefined when it put none. */
function chosenTag(headers: readonly AppHeader[]): string | undefined {
  const to = appHeader(headers, 'to');
  const address = to === undefined ? undefined : parseNameAddr(to);
  return address === undefined ? undefined : tagOf(address);
}

function sessionHeaders(pending: PendingRequest): HeaderLine[] {
  const timer = answerSessionTimer(pending.transaction.request);
  if (timer.kind !== 'agreed') return [];
  const headers: HeaderLine[] = [['Session-Expires', `${timer.seconds};refresher=${timer.refresher}`]];
  // RFC 4028 9: only a caller that knows the extension may be told that it is required.
  if (optionTags(pending.transaction.request, 'supported').includes('timer'))
    headers.push(['Require', 'timer']);
  return headers;
}
