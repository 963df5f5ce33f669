import type { Account } from '../accounts/account';
import { createAccount, readAccount } from '../accounts/accounts-store';
import { Conflict, InvalidInput, NotFound } from '../kernel/app-error';
import type { Currency } from '../kernel/money';
import { MAX_STORED_MICROS } from '../kernel/money';
import { type Database, type Sql, text } from '../kernel/unit-of-work';
import { assignVoipNumber } from '../numbers/voip-numbers-store';
import { openLedgerAccount } from './ledger/ledger-accounts';

export type AccountWanted = {
  readonly name: string;
  readonly currency: Currency;
  /** The deck that prices its calls; null: it can place none that costs. */
  readonly deckId: string | null;
  /** Where it dials from (ISO 3166-1 alpha-2) and its language (ISO 639-1), where known. */
  readonly country?: string | null;
  readonly language?: string | null;
  /** How far the balance may go below zero: 0 for prepaid. */
  readonly creditLimitMicros?: bigint;
  readonly nowMs: number;
};

/**
 * Makes an account together with the ledger account that keeps its money and its 123-voip number.
 * @throws InvalidInput for a bad name or limit, NotFound for an unknown deck, Conflict for a deck in another currency or when no number is free
 */
export function openAccount(database: Database, wanted: AccountWanted): Promise<Account> {
  return database.write((sql) => openAccountWithin(sql, wanted));
}

/** The same inside the caller's transaction. */
export async function openAccountWithin(sql: Sql, wanted: AccountWanted): Promise<Account> {
  const creditLimitMicros = wanted.creditLimitMicros ?? 0n;
  if (creditLimitMicros < 0n || creditLimitMicros > MAX_STORED_MICROS)
    throw new InvalidInput('creditLimit', 'is out of range', 'give zero or more');
  if (wanted.deckId !== null) await requireDeckOf(sql, wanted.deckId, wanted.currency);
  const account = await createAccount(sql, wanted);
  await openLedgerAccount(sql, {
    accountId: account.id,
    currency: account.currency,
    creditLimitMicros,
    nowMs: wanted.nowMs,
  });
  await assignVoipNumber(sql, account.id, wanted.nowMs);
  return account;
}

/** Prices the account's calls by another deck from now on; running calls keep the price they were promised. @throws NotFound, Conflict */
export function setAccountDeck(database: Database, accountId: string, deckId: string | null): Promise<void> {
  return database.write(async (sql) => {
    const account = await readAccount(sql, accountId);
    if (deckId !== null) await requireDeckOf(sql, deckId, account.currency);
    await sql.run('UPDATE accounts SET deck_id = ? WHERE id = ?', [deckId, accountId]);
  });
}

async function requireDeckOf(sql: Sql, deckId: string, unit: Currency): Promise<void> {
  const [deck] = await sql.all('SELECT currency FROM rate_decks WHERE id = ?', [deckId]);
  if (!deck) throw new NotFound('rate deck', deckId);
  if (deck.currency !== unit)
    throw new Conflict('the deck has another currency than the account', {
      deckId,
      deckCurrency: text(deck.currency),
      accountCurrency: unit,
    });
}
