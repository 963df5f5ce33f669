import type { DialogName } from './conversation';

/** Longest Refer-To that is read. */
const MAX_LENGTH = 1_000;

/** Where a REFER leads (RFC 3515 2.1): a string as it would be dialled, and the dialog that the new call replaces (RFC 3891). */
export type ReferTarget = {
  readonly dialled: string;
  /** As the far side sees it: its own tag first. Null for a blind transfer. */
  readonly replaces: DialogName | null;
};

/** Reads a Refer-To header; null when it leads nowhere that we could. */
export function readReferTo(header: string): ReferTarget | null {
  if (header.length > MAX_LENGTH) return null;
  const uri = /<\s*(sips?:[^<>\s]+)\s*>/i.exec(header)?.[1] ?? /^\s*(sips?:[^\s;]+)/i.exec(header)?.[1];
  const user = /^sips?:([^@;?]{1,64})@/i.exec(uri ?? '')?.[1];
  if (!uri || !user) return null;
  const query = uri.split('?')[1] ?? '';
  const method = /;method=([A-Za-z]+)/i.exec(uri)?.[1];
  if (method && method.toUpperCase() !== 'INVITE') return null;
  const replaces = query.split('&').find((part) => /^replaces=/i.test(part));
  if (replaces === undefined) return { dialled: decoded(user) ?? '', replaces: null };
  const dialog = readReplaces(decoded(replaces.slice('replaces='.length)) ?? '');
  return dialog && { dialled: decoded(user) ?? '', replaces: dialog };
}

/** RFC 3891 6.1. Its to-tag is that of the one who is to be replaced's far side: ours. */
function readReplaces(text: string): DialogName | null {
  const [callId = '', ...parameters] = text.split(';').map((part) => part.trim());
  const tag = (name: string) =>
    parameters.find((part) => part.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
  const toTag = tag('to-tag');
  const fromTag = tag('from-tag');
  return callId && toTag && fromTag ? { sipCallId: callId, ourTag: toTag, theirTag: fromTag } : null;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
