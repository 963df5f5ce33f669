import { type Headed, headerValue, type SipRequest } from './message';
import type { ParseFailure } from './parse';
import { headerLines, type HeaderLine, oneLine } from './serialize';
import { viaAsReceived } from './via';

/** Where a message came from; what `received` and `rport` are filled with. */
export type SourceAddress = { readonly address: string; readonly port: number };

/** What a response says besides what it copies from its request. All text is wire text. */
export type ResponseContent = {
  readonly status: number;
  readonly reason: string;
  /** Our tag, added to To when the request had none there (RFC 3261 8.2.6.2); undefined for a 100. */
  readonly toTag?: string | undefined;
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
};

/** A response to a request as wire text: Via, From, To, Call-ID, CSeq copied (RFC 3261 8.2.6.2), Record-Route when it makes a dialog. */
export function buildResponse(request: SipRequest, source: SourceAddress, content: ResponseContent): string {
  let copied = '';
  let topVia = true;
  const makesDialog = content.status > 100 && content.status < 300 && request.toTag === undefined;
  for (const { key, name, value } of request.headers) {
    switch (key) {
      case 'via':
        copied += `Via: ${topVia ? viaAsReceived(request.via, value, source.address, source.port) : value}\r\n`;
        topVia = false;
        break;
      case 'to':
        copied +=
          request.toTag === undefined && content.toTag
            ? `To: ${value};tag=${content.toTag}\r\n`
            : `To: ${value}\r\n`;
        break;
      case 'record-route':
        if (makesDialog) copied += `Record-Route: ${value}\r\n`;
        break;
      case 'from':
      case 'call-id':
      case 'cseq':
        copied += `${name}: ${value}\r\n`;
        break;
      case 'timestamp':
        if (content.status === 100) copied += `Timestamp: ${value}\r\n`;
        break;
      default:
    }
  }
  const body = content.body ?? '';
  const own = content.headers === undefined ? '' : headerLines(content.headers);
  return `SIP/2.0 ${content.status} ${oneLine(content.reason)}\r\n${copied}${own}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** The answer to a request that failed to parse, from what could be read of it; undefined when it must be dropped in silence. */
export function buildFailureResponse(failure: ParseFailure, toTag: string): string | undefined {
  if (!failure.answerable) return undefined;
  let text = `SIP/2.0 ${failure.status} ${failure.reason}\r\n`;
  for (const { key, value } of failure.headers) if (key === 'via') text += `Via: ${value}\r\n`;
  text += copyOnce(failure, 'from', 'From');
  const to = headerValue(failure, 'to');
  if (to !== undefined) text += /;\s*tag\s*=/i.test(to) ? `To: ${to}\r\n` : `To: ${to};tag=${toTag}\r\n`;
  text += copyOnce(failure, 'call-id', 'Call-ID');
  text += copyOnce(failure, 'cseq', 'CSeq');
  return `${text}Content-Length: 0\r\n\r\n`;
}

function copyOnce(message: Headed, key: string, name: string): string {
  const value = headerValue(message, key);
  return value === undefined ? '' : `${name}: ${value}\r\n`;
}

const reasons: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  181: 'Call Is Being Forwarded',
  182: 'Queued',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  415: 'Unsupported Media Type',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  422: 'Session Interval Too Small',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  489: 'Bad Event',
  491: 'Request Pending',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  505: 'Version Not Supported',
  513: 'Message Too Large',
  603: 'Decline',
};

/** The reason phrase RFC 3261 section 21 gives a status; a plain word for one it does not know. */
export function reasonPhrase(status: number): string {
  return reasons[status] ?? 'Status';
}
