import type { E164 } from '../kernel/phone-number';

/** Services of privacy that a caller may ask for: RFC 3323 section 4.2, RFC 3325 section 9.3, RFC 7044 section 10.1. */
const KNOWN = ['header', 'session', 'user', 'none', 'critical', 'id', 'history'] as const;
type PrivacyService = (typeof KNOWN)[number];

const MAX_HEADER = 200;

/** What a call asks for. */
export type PrivacyWish = {
  /** The caller's number and name are not for the callee. */
  readonly withheld: boolean;
  readonly services: readonly PrivacyService[];
  /** Services that are asked for as a condition of the call and that nobody here knows: the call must be refused (RFC 3323 section 5). */
  readonly unmet: readonly string[];
};

/**
 * What the Privacy header and the From of a call ask for. As a back-to-back agent we always send headers and media addresses of our own, so
 * `header` and `session` are met by every call. `none` says that nothing is to be withheld, also against a default.
 */
export function privacyWish({
  privacy,
  from,
}: {
  readonly privacy: string | null;
  readonly from: string | null;
}): PrivacyWish {
  const asked = (privacy ?? '').slice(0, MAX_HEADER).toLowerCase();
  const words = asked.split(/[;,\s]+/).filter((word) => word !== '');
  const services = KNOWN.filter((known) => words.includes(known));
  const unknown = words.filter((word) => !(KNOWN as readonly string[]).includes(word));
  const asksNone = services.includes('none');
  const hides = services.includes('id') || services.includes('user') || services.includes('header');
  return {
    withheld: !asksNone && (hides || isAnonymous(from)),
    services,
    unmet: services.includes('critical') ? unknown : [],
  };
}

/** Whether a From says that nobody is to know who calls: RFC 3323 section 4.1.1.3, and what carriers write besides. */
function isAnonymous(from: string | null): boolean {
  if (from === null) return false;
  const address = /<?\s*sips?:([^>;]*)/i.exec(from)?.[1] ?? '';
  const [user = '', host = ''] = address.includes('@') ? address.split('@') : ['', address];
  return (
    /^(?:anonymous|restricted|unavailable)$/i.test(user) ||
    /(?:^|\.)anonymous\.invalid(?::\d+)?$/i.test(host) ||
    /^\s*"?anonymous"?\s*</i.test(from)
  );
}

/** What a peer is told of a caller. */
export type ToldCaller = {
  /** What stands in From and is shown; null: anonymous. */
  readonly shown: E164 | null;
  /** What stands in P-Asserted-Identity; null: nothing. */
  readonly asserted: E164 | null;
  readonly asksPrivacy: boolean;
};

/** What a peer is told: one inside the trust domain of RFC 3325 is told all and asked to keep it, any other nothing that is withheld. */
export function toldCaller(
  caller: { readonly number: E164 | null; readonly withheld: boolean },
  peer: { readonly isTrusted: boolean },
): ToldCaller {
  if (!caller.withheld) return { shown: caller.number, asserted: caller.number, asksPrivacy: false };
  return { shown: null, asserted: peer.isTrusted ? caller.number : null, asksPrivacy: true };
}
