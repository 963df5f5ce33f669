import { type OutwardCallerId, outwardCallerId } from '../../caller-id/outward-caller-id';
import { callerIdChoiceOf, provenNumbersOf } from '../../caller-id/proven-numbers-store';
import { isE164 } from '../../kernel/phone-number';
import { callerIdNumber } from '../../numbers/access-numbers-store';
import type { CallingParts } from '../calling-parts';
import type { ShownCaller } from './shown-caller';

/** An account that has chosen nothing. */
const NO_CHOICE = { number: null, withholds: false };

/**
 * What a call shows to the outside: a number that is proven to be the account's, or the house's; of somebody who called in from outside, his own as
 * it came.
 */
export async function shownOutside(
  { database }: Pick<CallingParts, 'database'>,
  { caller, accountId }: { readonly caller: ShownCaller; readonly accountId: string | null },
): Promise<OutwardCallerId> {
  const sql = database.read;
  const own = caller.accountId ?? accountId;
  const passedOn =
    caller.accountId === null && caller.number !== null && isE164(caller.number) ? caller.number : null;
  return outwardCallerId({
    wanted: null,
    proven: own === null ? new Set() : await provenNumbersOf(sql, own),
    choice: own === null ? NO_CHOICE : await callerIdChoiceOf(sql, own),
    houseNumber: (await callerIdNumber(sql, null))?.number ?? null,
    withhold: caller.isWithheld,
    passedOn,
  });
}
