import { AppError } from '../../kernel/app-error';
import type { Database } from '../../kernel/unit-of-work';
import { alertOfCap } from '../fraud-caps/cap-alerts';
import { CapReached, DestinationClosed } from '../fraud-caps/caps-errors';
import { placeOf } from '../fraud-caps/number-place';
import { type Admission, admitCalls } from './admit-calls';
import { type CreditGrant, grantOf } from './credit-grant';
import type { CreditWanted } from './credit-wanted';
import { Together } from '../../kernel/together';

/** Legs whose moments differ by less are decided by one clock. */
const SAME_MOMENT_MS = 1_000;

/** What each database's calls ask, as far as this process is concerned. */
const desks = new WeakMap<Database, Together<CreditWanted, Admission>>();

/**
 * Lets a leg begin: the account's state allows it, no cap against fraud forbids it, there is a place among its calls and the room's, and
 * connect fee and first block are held; all or nothing, in one unit of work. The second time for one leg it gives the hold that is there.
 * Legs that ask at once are decided together (`admitCalls`), in the order they asked.
 * @throws AccountBlocked, CapReached, DestinationClosed, LimitReached, InsufficientCredit, NoRate, NotFound (payer), HoldNotOpen (the leg
 * was settled or released before, or is another account's)
 */
export async function reserveCredit(database: Database, wanted: CreditWanted): Promise<CreditGrant> {
  const admission = await deskOf(database).ask(wanted);
  if (!(admission instanceof AppError)) return grantOf(admission, null);
  if (admission instanceof CapReached || admission instanceof DestinationClosed)
    await alertOfCap(database, {
      accountId: wanted.payerAccountId,
      cap: admission.cap,
      country: placeOf(wanted.number).country,
      nowMs: wanted.nowMs,
    });
  throw admission;
}

function deskOf(database: Database): Together<CreditWanted, Admission> {
  const known = desks.get(database);
  if (known) return known;
  const made = new Together<CreditWanted, Admission>((wishes) => admitCalls(database, wishes), isDecidedWith);
  desks.set(database, made);
  return made;
}

/** One leg that asks twice at once is answered by two rounds: the second finds what the first held. */
function isDecidedWith(wish: CreditWanted, before: readonly CreditWanted[]): boolean {
  const [first] = before;
  return (
    first !== undefined &&
    Math.abs(wish.nowMs - first.nowMs) < SAME_MOMENT_MS &&
    before.every(({ callId }) => callId !== wish.callId)
  );
}
