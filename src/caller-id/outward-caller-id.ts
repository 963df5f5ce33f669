import type { E164 } from '../kernel/phone-number';
import type { CallerIdChoice } from './proven-numbers-store';

/** RFC 8588 section 4: A: the caller is known and has the number; B: the caller is known; C: the call only passed through here. */
export type Attestation = 'A' | 'B' | 'C';

export type CallerIdFacts = {
  /** The number that the call asks to show; null: none. */
  readonly wanted: E164 | null;
  /** Numbers that are proven to be the account's. */
  readonly proven: ReadonlySet<E164>;
  readonly choice: CallerIdChoice;
  /** A number of the house for those who have none; null: there is none. */
  readonly houseNumber: E164 | null;
  /** The call itself asks to be withheld (Privacy, or a code before the number). */
  readonly withhold: boolean;
  /** The number that came in by a trunk with a call that is sent on; null: the call began here. */
  readonly passedOn: E164 | null;
};

export type OutwardCallerId = {
  /** Null: nothing is known to be shown. A withheld number stands here too: emergency services and the law are told it. */
  readonly number: E164 | null;
  readonly anonymous: boolean;
  /** What may be signed for the number; null: there is none. */
  readonly attestation: Attestation | null;
  readonly why: 'passed-on' | 'wanted-and-proven' | 'account-default' | 'house-number' | 'no-number';
};

/** The number that a call shows to the outside: a proven one or the house's, never just what a phone says. */
export function outwardCallerId(facts: CallerIdFacts): OutwardCallerId {
  const { wanted, proven, choice, houseNumber, passedOn } = facts;
  const anonymous = facts.withhold || choice.withholds;
  // Who called in is not our customer: his number is passed on as it came, and no more is said of it.
  if (passedOn !== null)
    return { number: passedOn, anonymous: facts.withhold, attestation: 'C', why: 'passed-on' };
  if (wanted !== null && proven.has(wanted))
    return { number: wanted, anonymous, attestation: 'A', why: 'wanted-and-proven' };
  if (choice.number !== null && proven.has(choice.number))
    return { number: choice.number, anonymous, attestation: 'A', why: 'account-default' };
  if (houseNumber !== null) return { number: houseNumber, anonymous, attestation: 'B', why: 'house-number' };
  return { number: null, anonymous: true, attestation: null, why: 'no-number' };
}
