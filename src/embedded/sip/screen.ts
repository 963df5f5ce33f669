import { headerValue, headerValues, optionTags, type SipRequest } from './message';
import type { ResponseContent } from './responses';

/** What the UAS side must refuse before it looks at a new INVITE (RFC 3261 8.2); undefined when nothing stands against it. */
export function screenInvite(request: SipRequest, supported: readonly string[]): ResponseContent | undefined {
  return screenExtensions(request, supported) ?? screenBodyType(request) ?? screenAccept(request);
}

/** 420 with Unsupported when Require names an extension we do not have (RFC 3261 8.2.2.3). */
export function screenExtensions(
  request: SipRequest,
  supported: readonly string[],
): ResponseContent | undefined {
  const unknown = optionTags(request, 'require').filter((tag) => !supported.includes(tag));
  if (unknown.length === 0) return undefined;
  return { status: 420, reason: 'Bad Extension', headers: [['Unsupported', unknown.join(', ')]] };
}

// RFC 3261 8.2.3: an offer must be SDP, alone or in a multipart body.
function screenBodyType(request: SipRequest): ResponseContent | undefined {
  if (request.body === '') return undefined;
  const type = mediaType(headerValue(request, 'content-type') ?? 'application/sdp');
  if (type === 'application/sdp' || type.startsWith('multipart/')) return undefined;
  return { status: 415, reason: 'Unsupported Media Type', headers: [['Accept', 'application/sdp']] };
}

// RFC 4475 3.3.15: a caller who accepts nothing we could answer with is told so.
function screenAccept(request: SipRequest): ResponseContent | undefined {
  const accepted = headerValues(request, 'accept')
    .flatMap((value) => value.split(','))
    .map(mediaType)
    .filter((type) => type !== '');
  if (accepted.length === 0) return undefined;
  const fits = accepted.some(
    (type) => type === 'application/sdp' || type === 'application/*' || type === '*/*',
  );
  return fits ? undefined : { status: 406, reason: 'Not Acceptable' };
}

function mediaType(value: string): string {
  const semicolon = value.indexOf(';');
  return (semicolon === -1 ? value : value.slice(0, semicolon)).trim().toLowerCase();
}
