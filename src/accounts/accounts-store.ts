import { InvalidInput, NotFound } from '../kernel/app-error';
import { newId } from '../kernel/ids';
import { type Currency, currency } from '../kernel/money';
import { integer, partOf, type Row, type Sql, text, textOrNull } from '../kernel/unit-of-work';
import { ACCOUNT_STATES, type Account, type AccountState } from './account';

const LONGEST_NAME = 200;

/** Accounts that one page may hold. */
export const MAX_ACCOUNTS_PER_PAGE = 200;

const COLUMNS = 'id, name, currency, state, deck_id, country, language, created_at_ms';

const COUNTRY_FORM = /^[A-Z]{2}$/;
const LANGUAGE_FORM = /^[a-z]{2,3}(-[A-Z]{2})?$/;

export type NewAccount = {
  readonly name: string;
  readonly currency: Currency;
  readonly deckId: string | null;
  readonly country?: string | null;
  readonly language?: string | null;
  readonly nowMs: number;
};

/** What of an account its owner may change. */
export type AccountPlace = Partial<Pick<Account, 'country' | 'language'>>;

/** Stores an active account. It can hold no money before billing/open-account has opened its ledger account. @throws InvalidInput */
export async function createAccount(sql: Sql, wanted: NewAccount): Promise<Account> {
  const name = wanted.name.trim();
  if (name === '' || name.length > LONGEST_NAME)
    throw new InvalidInput(
      'name',
      `has ${name.length} characters`,
      `write a name of 1 to ${LONGEST_NAME} characters`,
    );
  const account: Account = {
    id: newId(wanted.nowMs),
    name,
    currency: wanted.currency,
    state: 'active',
    deckId: wanted.deckId,
    country: checkedCountry(wanted.country ?? null),
    language: checkedLanguage(wanted.language ?? null),
    createdAtMs: wanted.nowMs,
  };
  await sql.run(`INSERT INTO accounts (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, [
    account.id,
    account.name,
    account.currency,
    account.state,
    account.deckId,
    account.country,
    account.language,
    account.createdAtMs,
  ]);
  return account;
}

/** The account, or null. */
export async function findAccount(sql: Sql, accountId: string): Promise<Account | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM accounts WHERE id = ?`, [accountId]);
  return row ? toAccount(row) : null;
}

/** The accounts with these ids, by id; unknown ones are left out. */
export async function readAccounts(sql: Sql, ids: readonly string[]): Promise<ReadonlyMap<string, Account>> {
  if (ids.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM accounts WHERE id IN (${ids.map(() => '?').join(', ')})`,
    ids,
  );
  return new Map(rows.map((row) => [text(row.id), toAccount(row)]));
}

/** @throws NotFound */
export async function readAccount(sql: Sql, accountId: string): Promise<Account> {
  const account = await findAccount(sql, accountId);
  if (!account) throw new NotFound('account', accountId);
  return account;
}

export type AccountsPage = { readonly accounts: readonly Account[]; readonly nextAfterId: string | null };

/** Accounts in the order they were made, from after `afterId` on (null: from the first); `search` is a part of the name, or an id. @throws InvalidInput for a limit beyond the page bound */
export async function listAccounts(
  sql: Sql,
  page: { readonly afterId: string | null; readonly limit: number; readonly search?: string | undefined },
): Promise<AccountsPage> {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > MAX_ACCOUNTS_PER_PAGE)
    throw new InvalidInput('limit', `is ${page.limit}`, `ask for 1 to ${MAX_ACCOUNTS_PER_PAGE}`);
  const search = page.search?.trim() ?? '';
  const found = search === '' ? '' : "AND (LOWER(name) LIKE ? ESCAPE '!' OR id = ?)";
  const rows = await sql.all(`SELECT ${COLUMNS} FROM accounts WHERE id > ? ${found} ORDER BY id LIMIT ?`, [
    page.afterId ?? '',
    ...(search === '' ? [] : [partOf(search), search]),
    page.limit + 1,
  ]);
  const accounts = rows.slice(0, page.limit).map(toAccount);
  const last = rows.length > page.limit ? accounts.at(-1) : undefined;
  return { accounts, nextAfterId: last?.id ?? null };
}

/** Moves an account to another state; a closed account stays closed. @throws NotFound, InvalidInput */
export async function setAccountState(sql: Sql, accountId: string, state: AccountState): Promise<Account> {
  const before = await readAccount(sql, accountId);
  if (before.state === state) return before;
  const changed = await sql.run("UPDATE accounts SET state = ? WHERE id = ? AND state <> 'closed'", [
    state,
    accountId,
  ]);
  if (changed === 0)
    throw new InvalidInput('state', 'the account is closed', 'open a new account: closing is final');
  return { ...before, state };
}

/** Sets where an account dials from and its language; what is left out stays. @throws NotFound, InvalidInput */
export async function setAccountPlace(sql: Sql, accountId: string, place: AccountPlace): Promise<Account> {
  const before = await readAccount(sql, accountId);
  const after = {
    ...before,
    country: place.country === undefined ? before.country : checkedCountry(place.country),
    language: place.language === undefined ? before.language : checkedLanguage(place.language),
  };
  await sql.run('UPDATE accounts SET country = ?, language = ? WHERE id = ?', [
    after.country,
    after.language,
    accountId,
  ]);
  return after;
}

function checkedCountry(country: string | null): string | null {
  if (country === null || COUNTRY_FORM.test(country)) return country;
  throw new InvalidInput(
    'country',
    'is no country',
    'write two capital letters of ISO 3166-1, for example BE',
  );
}

function checkedLanguage(language: string | null): string | null {
  if (language === null || LANGUAGE_FORM.test(language)) return language;
  throw new InvalidInput('language', 'is no language', 'write a code of ISO 639-1, for example fr or pt-BR');
}

function toAccount(row: Row): Account {
  return {
    id: text(row.id),
    name: text(row.name),
    currency: currency(text(row.currency)),
    state: accountState(text(row.state)),
    deckId: textOrNull(row.deck_id),
    country: textOrNull(row.country),
    language: textOrNull(row.language),
    createdAtMs: integer(row.created_at_ms),
  };
}

/** @throws InvalidInput for a word that is no account state */
export function accountState(word: string): AccountState {
  const state = ACCOUNT_STATES.find((known) => known === word);
  if (!state) throw new InvalidInput('state', `"${word}" is none`, `use one of ${ACCOUNT_STATES.join(', ')}`);
  return state;
}
