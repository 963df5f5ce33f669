import type { Account } from '../../src/accounts/account';
import { rateCdr } from '../../src/billing/rating/rate-cdr';
import { reserveCredit } from '../../src/billing/credit/reserve-credit';
import { numberFee, topUp } from '../../src/billing/ledger/movements';
import { postEntries } from '../../src/billing/ledger/post-entries';
import { openHouseAccounts } from '../../src/billing/ledger/ledger-accounts';
import { openAccount } from '../../src/billing/open-account';
import { type BillingProfile, changeProfile, HOUSE } from '../../src/billing/profiles/billing-profiles-store';
import { writeCdr } from '../../src/cdr/write-cdr';
import { type Currency, money, parseMicros } from '../../src/kernel/money';
import type { Database } from '../../src/kernel/unit-of-work';
import { aCreditWish, aDeck, anEndedLeg, aRateLine, EUR } from './billing-builders';

export const DAY_MS = 86_400_000;
/** The first days of a story of invoices: January is over since two hours. */
export const FEBRUARY_MS = Date.UTC(2026, 1, 1, 2);

/** A seller in Belgium. */
export async function aHouse(database: Database, rest: Partial<BillingProfile> = {}): Promise<void> {
  const profile = {
    companyName: 'House of Calls',
    street: '1 Exchange Street',
    postalCode: '1000',
    city: 'Brussels',
    country: 'BE',
    vatNumber: 'BE0123456749',
    bankDetails: 'BE71 0961 2345 6769',
    ...rest,
  };
  await database.write((sql) => changeProfile(sql, HOUSE, profile, 0));
}

/** A postpaid customer of Belgium, or as said otherwise. */
export async function aCustomer(
  database: Database,
  of: {
    readonly name?: string;
    readonly credit?: string;
    readonly limit?: string;
    readonly currency?: Currency;
    readonly language?: string;
    readonly profile?: Partial<BillingProfile>;
  } = {},
): Promise<Account> {
  const unit = of.currency ?? EUR;
  const account = await openAccount(database, {
    name: of.name ?? 'Ada',
    currency: unit,
    deckId: null,
    country: 'BE',
    language: of.language ?? 'en',
    creditLimitMicros: parseMicros(of.limit ?? '500'),
    nowMs: Date.UTC(2026, 0, 1),
  });
  if (of.profile) {
    const { profile } = of;
    await database.write((sql) => changeProfile(sql, account.id, profile, 0));
  }
  if (of.credit) await pay(database, account, of.credit, `opening ${account.id}`, Date.UTC(2026, 0, 1));
  return account;
}

/** Money comes in for an account. */
export async function pay(
  database: Database,
  account: Account,
  amount: string,
  reference: string,
  nowMs: number,
): Promise<void> {
  const movement = topUp({
    accountId: account.id,
    amount: money(parseMicros(amount), account.currency),
    reference,
  });
  await database.write((sql) => postEntries(sql, movement, nowMs));
}

/** An account is charged for something that is no call. */
export async function charge(
  database: Database,
  account: Account,
  amount: string,
  nowMs: number,
): Promise<void> {
  await database.write(async (sql) => {
    await openHouseAccounts(sql, account.currency, nowMs);
    await postEntries(
      sql,
      numberFee({
        accountId: account.id,
        key: `fee:${account.id}:${nowMs}:${amount}`,
        fee: money(parseMicros(amount), account.currency),
        note: 'number +3225550100',
      }),
      nowMs,
    );
  });
}

/** An account talks: 0.012345 a minute, as one block of so many seconds. */
export async function talk(
  database: Database,
  account: Account,
  seconds: number,
  atMs: number,
): Promise<void> {
  const { id: deckId } = await aDeck(
    database,
    [aRateLine({ price: '0.012345', firstIncrementSeconds: seconds, nextIncrementSeconds: 1 })],
    account.currency,
  );
  await database.write((sql) =>
    sql.run('UPDATE accounts SET deck_id = ? WHERE id = ?', [deckId, account.id]),
  );
  const wish = aCreditWish(account.id, { startedAtMs: atMs, nowMs: atMs });
  await reserveCredit(database, wish);
  const leg = anEndedLeg(account.id, seconds * 1000, { startedAtMs: atMs, cdrId: wish.callId });
  await writeCdr(database, leg);
  await rateCdr(database, { cdrId: wish.callId, nowMs: leg.endedAtMs });
}
