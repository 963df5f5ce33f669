import { AppError } from '../../kernel/app-error';
import type { Database, Sql } from '../../kernel/unit-of-work';
import { admitCalls } from './admit-calls';
import { type CreditGrant, grantOf } from './credit-grant';
import type { CreditWanted } from './credit-wanted';

/** Ends a unit of work so that nothing of it stays. */
class TakenBack extends Error {}

/**
 * What `reserveCredit` would give or throw for a leg at this moment: the same decision, taken back before it holds anything or tells anybody. For
 * whoever asks about a call that is not made.
 * @throws as reserveCredit
 */
export async function wouldReserve(database: Database, wanted: CreditWanted): Promise<CreditGrant> {
  const takenBack = async <T>(work: (sql: Sql) => Promise<T>): Promise<T> => {
    const made: T[] = [];
    await database
      .write(async (sql) => {
        made[0] = await work(sql);
        throw new TakenBack();
      })
      .catch((error: unknown) => {
        if (!(error instanceof TakenBack)) throw error;
      });
    return made[0] as T;
  };
  const [admission] = await admitCalls(database, [wanted], takenBack);
  if (admission === undefined || admission instanceof AppError) throw admission;
  return grantOf(admission, null);
}
