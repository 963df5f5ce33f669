import { splitList } from './characters';
import { headerValue, headerValues, type SipRequest, type SipResponse } from './message';
import { parseNameAddr } from './name-addr';
import { parameter } from './parameters';
import { parseSipUri } from './uri';
import type { HeaderLine } from './serialize';

/** A SIP dialog as one of its ends sees it (RFC 3261 12). All text is wire text. */
export type Dialog = {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** Value of From in requests of ours, tag included. */
  readonly localParty: string;
  /** Value of To in requests of ours, tag included. */
  readonly remoteParty: string;
  /** URI of the peer's Contact: the Request-URI of what we send. */
  readonly remoteTarget: string;
  /** Route values in the order in which our requests carry them. */
  readonly routeSet: readonly string[];
  /** CSeq number of the last request we sent. */
  readonly localSeq: number;
  /** CSeq number of the last request we got; undefined before the first. */
  readonly remoteSeq: number | undefined;
};

/** How the dialog is found again: the peer's tag may be '' with peers older than RFC 3261. */
export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}\n${localTag}\n${remoteTag}`;
}

/** URI of the first Contact, undefined when there is none that can be read. */
export function contactUri(message: SipRequest | SipResponse): string | undefined {
  const value = headerValue(message, 'contact');
  const first = value === undefined ? undefined : splitList(value)[0];
  return first === undefined ? undefined : parseNameAddr(first)?.uri;
}

function routesOf(message: SipRequest | SipResponse): string[] {
  return headerValues(message, 'record-route').flatMap(splitList);
}

/** The dialog that our 1xx or 2xx with `localTag` makes (RFC 3261 12.1.1); undefined when the request has no usable Contact. */
export function dialogAsServer(request: SipRequest, localTag: string): Dialog | undefined {
  const remoteTarget = contactUri(request);
  if (remoteTarget === undefined) return undefined;
  const to = headerValue(request, 'to') ?? '';
  return {
    callId: request.callId,
    localTag,
    remoteTag: request.fromTag ?? '',
    localParty: request.toTag === undefined ? `${to};tag=${localTag}` : to,
    remoteParty: headerValue(request, 'from') ?? '',
    remoteTarget,
    routeSet: routesOf(request),
    localSeq: 0,
    remoteSeq: request.cseq.number,
  };
}

/** The dialog that a 1xx or 2xx with a To tag makes for the sender of the request (RFC 3261 12.1.2); undefined without tag or Contact. */
export function dialogAsClient(response: SipResponse): Dialog | undefined {
  const remoteTarget = contactUri(response);
  if (remoteTarget === undefined || response.toTag === undefined) return undefined;
  return {
    callId: response.callId,
    localTag: response.fromTag ?? '',
    remoteTag: response.toTag,
    localParty: headerValue(response, 'from') ?? '',
    remoteParty: headerValue(response, 'to') ?? '',
    remoteTarget,
    routeSet: routesOf(response).toReversed(),
    localSeq: response.cseq.number,
    remoteSeq: undefined,
  };
}

const targetRefreshers = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

/** Takes a request of the peer into the dialog: a CSeq below the last is 'out-of-order' (500, RFC 3261 12.2.2); a new Contact refreshes the target. */
export function takeRequest(dialog: Dialog, request: SipRequest): Dialog | 'out-of-order' {
  const number = request.cseq.number;
  if (dialog.remoteSeq !== undefined && number <= dialog.remoteSeq) return 'out-of-order';
  return { ...refreshTarget(dialog, request), remoteSeq: number };
}

/** The dialog with the target that a target-refresh request, or the 2xx to one, names in its Contact (RFC 3261 12.2). */
export function refreshTarget(dialog: Dialog, message: SipRequest | SipResponse): Dialog {
  if (!targetRefreshers.has(message.cseq.method)) return dialog;
  const remoteTarget = contactUri(message);
  return remoteTarget === undefined || remoteTarget === dialog.remoteTarget
    ? dialog
    : { ...dialog, remoteTarget };
}

/** What a request inside a dialog consists of, next to its own headers. */
export type DialogRequest = {
  readonly dialog: Dialog;
  readonly uri: string;
  /** URI of whom to send it to: the first route, else the target. */
  readonly nextHop: string;
  /** Route, Max-Forwards, From, To, Call-ID and CSeq. */
  readonly headers: readonly HeaderLine[];
};

/** A request of ours in the dialog (RFC 3261 12.2.1.1). `seq` is given for ACK only, which repeats the number of its INVITE. */
export function nextRequest(dialog: Dialog, method: string, seq?: number): DialogRequest {
  const number = seq ?? dialog.localSeq + 1;
  const first = dialog.routeSet[0];
  let uri = dialog.remoteTarget;
  let routes = dialog.routeSet;
  if (first !== undefined && !isLooseRoute(first)) {
    // RFC 3261 12.2.1.1: a strict router wants itself in the Request-URI and the target as last route.
    uri = routeUri(first);
    routes = [...dialog.routeSet.slice(1), `<${dialog.remoteTarget}>`];
  }
  const headers: HeaderLine[] = routes.map((route) => ['Route', route]);
  headers.push(
    ['Max-Forwards', '70'],
    ['From', dialog.localParty],
    ['To', dialog.remoteParty],
    ['Call-ID', dialog.callId],
    ['CSeq', `${number} ${method}`],
  );
  return {
    dialog: seq === undefined ? { ...dialog, localSeq: number } : dialog,
    uri,
    nextHop: first === undefined ? dialog.remoteTarget : routeUri(first),
    headers,
  };
}

function routeUri(route: string): string {
  return parseNameAddr(route)?.uri ?? route;
}

function isLooseRoute(route: string): boolean {
  const uri = parseSipUri(routeUri(route));
  return uri !== undefined && parameter(uri.parameters, 'lr') !== undefined;
}
