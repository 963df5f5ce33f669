import { InvalidInput } from '../kernel/app-error';
import { type Currency, MAX_STORED_MICROS } from '../kernel/money';
import type { E164 } from '../kernel/phone-number';
import type { LeaseWish } from '../leases/lease';

export const DID_STATES = ['available', 'reserved', 'assigned', 'quarantined'] as const;
export type DidState = (typeof DID_STATES)[number];

/** Where a number leads. */
export type DidTarget =
  | { readonly kind: 'user'; readonly accountId: string }
  | { readonly kind: 'room'; readonly roomId: string }
  /** Prompts in this language (ISO 639-1); dialled from this country (ISO 3166-1 alpha-2). */
  | { readonly kind: 'menu'; readonly language: string; readonly country: string }
  | { readonly kind: 'host-line'; readonly accountId: string };

/** What a number costs and carries. Fees go to the account that owns it, in its currency. */
export type DidTerms = {
  /** The trunk it comes in by; null: any. */
  readonly trunkId: string | null;
  /** Calls to it at once; null: as many as the trunk has. */
  readonly channelLimit: number | null;
  /** The deck that prices a minute of a call to it; null: nothing. */
  readonly rateDeckId: string | null;
  /** Currency of the fees; null when there are none. */
  readonly currency: Currency | null;
  readonly setupFeeMicros: bigint;
  readonly monthlyFeeMicros: bigint;
};

/** A number that a carrier lent us. */
export type Did = DidTerms & {
  readonly number: E164;
  readonly state: DidState;
  /** Who pays for it, or for whom it is reserved; null: the house. */
  readonly ownerAccountId: string | null;
  readonly target: DidTarget | null;
  /** When a reservation or a quarantine ends. */
  readonly untilMs: number | null;
  readonly createdAtMs: number;
};

export type AssignedDid = Did & { readonly target: DidTarget };

/** Most calls that one number may be allowed at once. */
const MAX_CHANNELS = 10_000;

/** Terms of a number that costs nothing. */
export const FREE_TERMS: DidTerms = {
  trunkId: null,
  channelLimit: null,
  rateDeckId: null,
  currency: null,
  setupFeeMicros: 0n,
  monthlyFeeMicros: 0n,
};

/** @throws InvalidInput when the terms do not fit or do not fit together */
export function checkTerms(terms: DidTerms): void {
  for (const [field, fee] of [
    ['setupFee', terms.setupFeeMicros],
    ['monthlyFee', terms.monthlyFeeMicros],
  ] as const)
    if (fee < 0n || fee > MAX_STORED_MICROS)
      throw new InvalidInput(field, 'is out of range', 'give zero or more');
  if (terms.currency === null && terms.setupFeeMicros + terms.monthlyFeeMicros > 0n)
    throw new InvalidInput('currency', 'is missing', 'say in which currency the fees are');
  const limit = terms.channelLimit;
  if (limit !== null && !(Number.isInteger(limit) && limit >= 1 && limit <= MAX_CHANNELS))
    throw new InvalidInput('channelLimit', `is ${limit}`, `give 1 to ${MAX_CHANNELS}, or nothing`);
}

/** The place that a call to a number takes, for a taking together with others; null where it has no limit. */
export function didWish({ number, channelLimit }: Pick<Did, 'number' | 'channelLimit'>): LeaseWish | null {
  return channelLimit === null ? null : { scope: `did:${number}`, limit: channelLimit };
}

/** What state a number is in at a moment: a reservation runs out and a quarantine ends by themselves. */
export function stateAt(did: Pick<Did, 'state' | 'untilMs'>, nowMs: number): DidState {
  const waits = did.state === 'reserved' || did.state === 'quarantined';
  return waits && did.untilMs !== null && did.untilMs <= nowMs ? 'available' : did.state;
}
