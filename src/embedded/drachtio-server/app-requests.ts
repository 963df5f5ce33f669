import { randomId } from '../../kernel/ids';
import { isDigits, wholeNumber } from '../sip/characters';
import { headerValue, type SipResponse } from '../sip/message';
import { parseNameAddr, tagOf } from '../sip/name-addr';
import { parseMessage } from '../sip/parse';
import { reasonPhrase } from '../sip/responses';
import { type HeaderLine, responseText } from '../sip/serialize';
import { bareHost, parseSipUri } from '../sip/uri';
import { dialogAsClient } from '../sip/dialogs';
import { defaultPorts } from '../transports/locate';
import type { Destination, Source } from '../transports/transport';
import type { AppHeader, AppSip } from './admin-message';
import { allowedHeaders, appHeader, contentTypeFor, lacksContentType, replaceLocalhost } from './app-headers';
import { CallDialog, dialogIdOf } from './call-dialog';
import { endCall, watchAgreedSession, watchSubscription } from './call-ending';
import type { Client } from './clients';
import type { SentRequest, ServerContext } from './context';
import { metaText } from './meta';

/** A request an application wants sent outside any dialog. */
export type OutsideRequest = {
  readonly messageId: string;
  readonly method: string;
  readonly uri: string;
  /** Where to send it instead of the URI's host; '' for nowhere else. */
  readonly routeUrl: string;
  readonly sip: AppSip;
};

const opensDialog: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE']);
/** Forks of one INVITE whose reliable answers are told apart. */
const forksMax = 20;
const outsideDialogOnly: ReadonlySet<string> = new Set(['ACK', 'BYE', 'PRACK', 'UPDATE', 'CANCEL']);

/** Longer than a reply to an application is held (see Client). */
const echoFirstMs = 20;

function ignore(): void {}

/** Requests of applications outside a dialog, and the answers to them. */
export class AppRequests {
  constructor(private readonly context: ServerContext) {}

  /** Sends the request and echoes it; what cannot be sent gets NOK with the reason drachtio-server gives. */
  send(client: Client, wish: OutsideRequest): void {
    const refuse = (why: string): void => {
      this.context.log.warn('application request refused', { method: wish.method, reason: why });
      client.reply(wish.messageId, `NOK|${why}`);
    };
    const target = parseSipUri(wish.uri);
    if (target === undefined) return refuse(`invalid request-uri: ${wish.uri}`);
    if (outsideDialogOnly.has(wish.method)) return refuse(`${wish.method} needs a dialog`);
    if (this.isOurs(target)) return refuse('can not send request to myself');
    if (lacksContentType(wish.sip.headers, wish.sip.body)) return refuse('missing content-type');
    const from = appHeader(wish.sip.headers, 'from');
    if (from !== undefined && parseNameAddr(from) === undefined)
      return refuse(`invalid from value provided by client: ${from}`);
    const flow =
      wish.routeUrl === '' ? this.context.flows.find(target, this.context.clock.monotonicMs()) : undefined;
    const transmit = (to: Destination): void => this.transmit(client, wish, to);
    if (flow !== undefined) transmit(flow);
    else this.context.withDestination(nextHop(wish), transmit, refuse);
  }

  /** CANCEL of an INVITE an application sent; its 200 is not passed up, the 487 arrives on the INVITE. */
  cancel(client: Client, messageId: string, transactionId: string, headers: readonly AppHeader[]): void {
    const sent = this.context.sent.get(transactionId);
    const text =
      sent?.client === client
        ? sent.transaction.cancel(allowedHeaders(headers, this.context.hostPort))
        : undefined;
    if (sent === undefined || text === undefined) {
      client.reply(messageId, `NOK|unable to cancel unknown transaction id: ${transactionId}`);
      return;
    }
    sent.cancelled = true;
    this.echo(client, messageId, text, sent.transaction.destination, this.context.newTransactionId());
  }

  /** Tells the application of a request it sent, in the form srf reads. */
  echo(client: Client, messageId: string, text: string, to: Destination, transactionId: string): void {
    const meta = metaText('application', text.length, to, this.context.clock.nowMs());
    client.reply(messageId, `OK|${meta}|${transactionId}|Msg sent:|\r\n${text}`);
  }

  /** Passes a response up to the application. */
  passUp(sent: SentRequest, response: SipResponse, source: Source): void {
    const meta = metaText('network', response.text.length, source, this.context.clock.nowMs());
    sent.client.send(`sip|${meta}|${sent.id}|${sent.dialogId}|\r\n${response.text}`);
  }

  /** Makes the answer that nobody gave: 408 for silence, 503 for a peer that cannot be reached (RFC 3261 8.1.3.1). */
  localAnswer(sent: SentRequest, status: 408 | 503): SipResponse | undefined {
    const copied: HeaderLine[] = [];
    for (const [name, value] of sent.transaction.request.headers) {
      const key = name.toLowerCase();
      if (key === 'to') copied.push([name, value.includes(';tag=') ? value : `${value};tag=${randomId()}`]);
      else if (key === 'from' || key === 'call-id' || key === 'cseq') copied.push([name, value]);
    }
    const { via } = sent.transaction;
    const message = parseMessage(responseText(status, reasonPhrase(status), [['Via', via], ...copied]));
    return message.kind === 'response' ? message : undefined;
  }

  private isOurs(target: { host: string; port: number | undefined }): boolean {
    const { endpoint } = this.context;
    const host = bareHost(target.host).toLowerCase();
    return endpoint.transports.some(
      (transport) =>
        (host === endpoint.advertisedHost || host === transport.host) &&
        transport.port === (target.port ?? defaultPorts[transport.protocol]),
    );
  }

  private transmit(client: Client, wish: OutsideRequest, to: Destination): void {
    const callId = appHeader(wish.sip.headers, 'call-id') ?? randomId();
    const { from, tag } = this.fromHeader(wish, to);
    const dialogId = opensDialog.has(wish.method) ? dialogIdOf(callId, tag) : '';
    const contact = this.contactHeader(wish, to);
    const request = {
      method: wish.method,
      uri: wish.uri,
      headers: this.headers(wish, from, callId, contact),
      body: wish.sip.body,
    };
    const id = this.context.newTransactionId();
    const transaction = this.context.endpoint.send(request, to, {
      response: (response, source) => this.answered(sent, response, source),
      failed: (status, why) => this.unanswered(sent, status, why),
    });
    const sent: SentRequest = {
      id,
      client,
      method: wish.method,
      dialogId,
      call: undefined,
      transaction,
      cancelled: false,
      localContact: contact,
      localSdp: wish.sip.body,
      early: undefined,
      reliableSeqs: new Map(),
    };
    this.context.sent.set(id, sent);
    if (opensDialog.has(wish.method)) this.context.sentInvites.set(dialogId, sent);
    if (wish.method === 'INVITE') {
      this.context.cdr.attempt('application', transaction.text);
    }
    this.echo(client, wish.messageId, transaction.text, to, id);
  }

  private fromHeader({ sip }: OutsideRequest, to: Destination): { from: string; tag: string } {
    const given = appHeader(sip.headers, 'from');
    const from =
      given === undefined
        ? this.context.contact(to.protocol)
        : replaceLocalhost(given, this.context.hostPortOf(to.protocol));
    const address = parseNameAddr(from);
    const kept = address === undefined ? undefined : tagOf(address);
    const tag = kept ?? randomId();
    return { from: kept === undefined ? `${from};tag=${tag}` : from, tag };
  }

  private contactHeader({ sip }: OutsideRequest, to: Destination): string {
    const given = appHeader(sip.headers, 'contact');
    if (given === undefined) return this.context.contact(to.protocol);
    const contact = replaceLocalhost(given, this.context.hostPortOf(to.protocol));
    // srf writes `sip:user@localhost`: over a stream the peer must learn to come back by a stream.
    const bare =
      contact !== given && !contact.includes('<') && !contact.includes(';') && to.protocol !== 'udp';
    return bare ? `<${contact};transport=${to.protocol}>` : contact;
  }

  private headers(wish: OutsideRequest, from: string, callId: string, contact: string): HeaderLine[] {
    const { sip, method, uri } = wish;
    const to = appHeader(sip.headers, 'to');
    const headers: HeaderLine[] = [
      ['Max-Forwards', appHeader(sip.headers, 'max-forwards') ?? '70'],
      ['From', from],
      ['To', to === undefined ? `<${uri}>` : replaceLocalhost(to, this.context.hostPort)],
      ['Call-ID', callId],
      ['CSeq', `${sequenceNumber(appHeader(sip.headers, 'cseq'))} ${method}`],
    ];
    const given = appHeader(sip.headers, 'contact') !== undefined;
    if (given || opensDialog.has(method)) headers.push(['Contact', contact]);
    for (const line of allowedHeaders(sip.headers, this.context.hostPort))
      if (line[0] !== 'Contact') headers.push(line);
    const type = contentTypeFor(sip.headers, sip.body);
    if (type !== undefined) headers.push(['Content-Type', type]);
    return headers;
  }

  private answered(sent: SentRequest, response: SipResponse, source: Source): void {
    if (sent.method !== 'INVITE') {
      if (sent.method === 'SUBSCRIBE' && response.status >= 200 && response.status < 300)
        this.subscribed(sent, response, source);
      this.passUp(sent, response, source);
      if (response.status >= 200) this.context.removeSent(sent);
      return;
    }
    if (response.status >= 200 && response.status < 300) {
      this.accepted(sent, response, source);
      return;
    }
    if (response.status < 200 && !this.isNews(sent, response, source)) return;
    this.passUp(sent, response, source);
    if (response.status < 300) return;
    this.context.removeSent(sent);
    const reason = response.status === 487 ? 'call-canceled' : 'call-rejected';
    this.context.cdr.stop('network', reason, response.text);
  }

  private subscribed(sent: SentRequest, response: SipResponse, source: Source): void {
    const call = this.establish(sent, response, source);
    if (call === undefined) return;
    call.isSubscription = true;
    this.context.dialogs.set(call.id, call);
    watchSubscription(this.context, call, headerValue(response, 'expires'));
  }

  /** A reliable provisional answer makes a dialog for its PRACK, and counts once (RFC 3262 4). */
  private isNews(sent: SentRequest, response: SipResponse, source: Source): boolean {
    const seq = wholeNumber(headerValue(response, 'rseq')?.trim() ?? '', 2 ** 32 - 1);
    const tag = response.toTag;
    if (seq === undefined || tag === undefined) return true;
    const last = sent.reliableSeqs.get(tag);
    if (last !== undefined && seq <= last) return false;
    if (last === undefined && sent.reliableSeqs.size >= forksMax) return false;
    sent.reliableSeqs.set(tag, seq);
    if (sent.early?.dialog.remoteTag !== tag) sent.early = this.establish(sent, response, source);
    return true;
  }

  private accepted(sent: SentRequest, response: SipResponse, source: Source): void {
    const known = this.context.dialogs.get(sent.dialogId);
    if (known !== undefined && known.dialog.remoteTag === response.toTag) {
      known.repeatAck(response.cseq.number);
      return;
    }
    const call = this.establish(sent, response, source);
    if (this.context.sentInvites.get(sent.dialogId) !== sent) {
      if (call !== undefined) this.releaseFork(call);
      return;
    }
    if (call !== undefined) {
      this.context.dialogs.set(call.id, call);
      call.byeAfterAck = sent.cancelled;
      watchAgreedSession(this.context, call, response);
      this.context.cdr.start('network', 'uac', response.text);
    }
    this.context.removeSent(sent);
    this.passUp(sent, response, source);
  }

  private establish(sent: SentRequest, response: SipResponse, source: Source): CallDialog | undefined {
    const dialog = dialogAsClient(response);
    if (dialog === undefined) {
      this.context.log.warn('2xx without To tag or Contact', {
        callId: response.callId,
        to: headerValue(response, 'to') ?? '',
      });
      return undefined;
    }
    const { early } = sent;
    if (early?.dialog.remoteTag === dialog.remoteTag) {
      // What was sent in the early dialog counts on; target and route are those of this answer (RFC 3261 13.2.2.4).
      early.dialog = { ...dialog, localSeq: early.dialog.localSeq };
      early.source = source;
      return early;
    }
    const call = new CallDialog(this.context, sent.dialogId, sent.client, 'uac', dialog, source, () => {});
    call.localContact = sent.localContact;
    call.localSdp = sent.localSdp;
    return call;
  }

  /** A second fork answered, or a call came back that was over here: RFC 3261 13.2.2.4 wants ACK and BYE. */
  private releaseFork(call: CallDialog): void {
    this.context.log.info('second answer to one INVITE released', { dialogId: call.id });
    call.sendAck({ headers: [] }, ignore, ignore);
    call.send('BYE', { headers: [] }, { response: ignore, failed: ignore }, ignore, ignore);
  }

  private unanswered(sent: SentRequest, status: 408 | 503, why: string): void {
    this.context.log.info('request unanswered', { method: sent.method, status, why });
    const response = this.localAnswer(sent, status);
    const { protocol, address, port } = sent.transaction.destination;
    const source: Source = { protocol, address, port, flow: undefined };
    this.context.removeSent(sent);
    // A failure at once must not reach srf in one piece with the echo of the request: nobody listens for it yet.
    if (response !== undefined)
      this.context.endpoint.timer(echoFirstMs, () => this.passUp(sent, response, source));
    if (response !== undefined && sent.method === 'INVITE')
      this.context.cdr.stop('network', 'call-rejected', response.text);
  }
}

function nextHop({ routeUrl, uri }: OutsideRequest): string {
  if (routeUrl === '') return uri;
  return routeUrl.startsWith('sip:') || routeUrl.startsWith('sips:') ? routeUrl : `sip:${routeUrl}`;
}

// The application names a number when it repeats a challenged request with credentials (RFC 3261 22.2).
function sequenceNumber(cseq: string | undefined): number {
  const digits = cseq?.split(' ')[0] ?? '';
  return isDigits(digits) ? (wholeNumber(digits, 2_147_483_647) ?? 1) : 1;
}

/** Ends a call whose 2xx crossed the CANCEL, once the application sent its ACK. */
export function endCancelledCall(context: ServerContext, call: CallDialog): void {
  if (call.byeAfterAck) endCall(context, call, 'cancel-race');
}
