import { AppError } from '../kernel/app-error';

/** A place where a device is rung. */
export type Binding = {
  /** What tells it from the device's other bindings: instance and flow (RFC 5626), or the Contact's address. */
  readonly binding: string;
  readonly contactUri: string;
  /** Call-ID and CSeq of the REGISTER that made it: an older one changes nothing (RFC 3261 10.3). */
  readonly callId: string;
  readonly cseq: number;
  /** The way to it, as a proxy before us wrote it down (RFC 3327); null when there is none. */
  readonly path: string | null;
  /** Where the REGISTER came from: `udp/192.0.2.7:5060`. */
  readonly receivedFrom: string;
  readonly userAgent: string;
  /** Preference of the Contact in thousandths, 0 to 1000. */
  readonly priorityQ: number;
  readonly registeredAtMs: number;
  readonly expiresAtMs: number;
};

/** One Contact of a REGISTER as it was written. */
export type ContactWish = {
  readonly uri: string;
  /** Seconds; null when the Contact says nothing. */
  readonly expiresSeconds: number | null;
  readonly priorityQ: number;
  /** +sip.instance and reg-id (RFC 5626 4.2); null when it tells none. */
  readonly instance: string | null;
  readonly regId: string | null;
};

/** A REGISTER, read. */
export type RegisterWish = {
  readonly contacts: readonly ContactWish[] | 'all';
  /** The Expires header in seconds; null without one. */
  readonly expiresSeconds: number | null;
  readonly callId: string;
  readonly cseq: number;
  readonly path: string | null;
  readonly receivedFrom: string;
  readonly userAgent: string;
};

export const LEAST_EXPIRES_SECONDS = 60;
export const MOST_EXPIRES_SECONDS = 3_600;
export const MAX_BINDINGS_PER_DEVICE = 5;
const MAX_URI_LENGTH = 512;

/** A REGISTER asks for something that is not given; `sipStatus` says how it is answered. */
export class RegisterRefused extends AppError {
  readonly code = 'register-refused';
  constructor(
    readonly sipStatus: 400 | 403 | 423 | 500,
    readonly sipReason: string,
  ) {
    super(`REGISTER refused: ${sipReason}`, { sipStatus });
  }
}

/** What is to be stored, and what the answer lists. */
export type RegisterOutcome = {
  readonly put: readonly Binding[];
  readonly remove: readonly string[];
  /** All bindings that hold afterwards, the newest last. */
  readonly bindings: readonly Binding[];
};

/**
 * What a REGISTER does to a device's bindings (RFC 3261 10.3): all of it or nothing. Without Contact it only asks what there is.
 * @throws RegisterRefused
 */
export function register(current: readonly Binding[], wish: RegisterWish, nowMs: number): RegisterOutcome {
  const held = current.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  if (wish.contacts === 'all') return removeAll(held, wish);
  const after = new Map(held.map((one) => [one.binding, one]));
  const put: Binding[] = [];
  const remove: string[] = [];
  for (const contact of wish.contacts) {
    const binding = bindingOf(contact);
    refuseOlder(after.get(binding), wish);
    const expiresSeconds = grantedSeconds(contact.expiresSeconds ?? wish.expiresSeconds);
    after.delete(binding);
    if (expiresSeconds === 0) {
      remove.push(binding);
      continue;
    }
    const made = toBinding(binding, contact, wish, { nowMs, expiresSeconds });
    after.set(binding, made);
    put.push(made);
  }
  if (after.size > MAX_BINDINGS_PER_DEVICE) throw new RegisterRefused(403, 'Too Many Contacts');
  return { put, remove, bindings: [...after.values()] };
}

function removeAll(held: readonly Binding[], wish: RegisterWish): RegisterOutcome {
  if (wish.expiresSeconds !== 0) throw new RegisterRefused(400, 'Contact * Needs Expires 0');
  for (const one of held) refuseOlder(one, wish);
  return { put: [], remove: held.map(({ binding }) => binding), bindings: [] };
}

/** RFC 3261 10.3 step 7: a REGISTER that was overtaken by a newer one must not undo it. */
function refuseOlder(held: Binding | undefined, wish: RegisterWish): void {
  if (held && held.callId === wish.callId && wish.cseq <= held.cseq)
    throw new RegisterRefused(500, 'Out Of Order');
}

function grantedSeconds(wanted: number | null): number {
  if (wanted === null) return MOST_EXPIRES_SECONDS;
  if (wanted === 0) return 0;
  if (wanted < LEAST_EXPIRES_SECONDS) throw new RegisterRefused(423, 'Interval Too Brief');
  return Math.min(wanted, MOST_EXPIRES_SECONDS);
}

function bindingOf({ uri, instance, regId }: ContactWish): string {
  if (uri.length > MAX_URI_LENGTH) throw new RegisterRefused(400, 'Contact Too Long');
  // RFC 5626 6: with instance and reg-id a new flow replaces the old one, whatever its Contact says.
  return instance === null || regId === null ? uri : `${instance} ${regId}`;
}

function toBinding(
  binding: string,
  contact: ContactWish,
  wish: RegisterWish,
  { nowMs, expiresSeconds }: { readonly nowMs: number; readonly expiresSeconds: number },
): Binding {
  return {
    binding,
    contactUri: contact.uri,
    callId: wish.callId,
    cseq: wish.cseq,
    path: wish.path,
    receivedFrom: wish.receivedFrom,
    userAgent: wish.userAgent,
    priorityQ: contact.priorityQ,
    registeredAtMs: nowMs,
    expiresAtMs: nowMs + expiresSeconds * 1_000,
  };
}
