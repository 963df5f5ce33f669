import type { AccountState } from '../../accounts/account';
import { readAccount } from '../../accounts/accounts-store';
import { changeAccountState } from '../account-state';
import { DuplicateKey, micros, type Sql, text } from '../../kernel/unit-of-work';
import { noteWhatIsPaid } from '../invoicing/open-amounts';
import { customerLedgerId } from '../ledger/ledger-accounts';
import { levelOf, type ReminderAction } from './reminder-plan';

/** What a level lets an account do. */
const STATE_OF: Readonly<Record<ReminderAction, AccountState>> = {
  remind: 'active',
  limit: 'limited',
  suspend: 'suspended',
  close: 'closed',
};

/**
 * Brings an account down to a level; one that is lower already stays there. An account whose state somebody has set by hand meanwhile, to one that
 * lets it do less, keeps that.
 */
export async function moveDown(
  sql: Sql,
  {
    accountId,
    action,
    nowMs,
  }: { readonly accountId: string; readonly action: ReminderAction; readonly nowMs: number },
): Promise<void> {
  const before = await lockLevel(sql, accountId, nowMs);
  if (levelOf(action) <= levelOf(before)) return;
  await storeLevel(sql, { accountId, level: action, nowMs });
  const { state } = await readAccount(sql, accountId);
  if (rank(state) < rank(STATE_OF[action]))
    await changeAccountState(sql, { accountId, state: STATE_OF[action], nowMs });
}

function rank(state: AccountState): number {
  return Object.values(STATE_OF).indexOf(state);
}

/**
 * Lets an account rise again as far as what it has paid, or disputes, allows: to what its invoices that are still open have brought it to. A closed
 * account stays closed, and a state that somebody set by hand stays. Gives the level it has now.
 */
export async function liftWhatIsPaid(sql: Sql, accountId: string, nowMs: number): Promise<ReminderAction> {
  const before = await lockLevel(sql, accountId, nowMs);
  const debt = (await noteWhatIsPaid(sql, [accountId], nowMs)).get(accountId);
  const open = (debt?.invoices ?? []).filter(({ openMicros, isDisputed }) => openMicros > 0n && !isDisputed);
  const demanded =
    before === 'close'
      ? before
      : await levelDemanded(
          sql,
          open.map(({ id }) => id),
        );
  const level = levelOf(demanded) < levelOf(before) ? demanded : before;
  await storeLevel(sql, { accountId, level, nowMs });
  if (level === before) return level;
  const { state } = await readAccount(sql, accountId);
  if (state === STATE_OF[before]) await changeAccountState(sql, { accountId, state: STATE_OF[level], nowMs });
  return level;
}

async function levelDemanded(sql: Sql, invoiceIds: readonly string[]): Promise<ReminderAction> {
  if (invoiceIds.length === 0) return 'remind';
  const rows = await sql.all(
    `SELECT DISTINCT action FROM reminders WHERE state <> 'skipped' AND invoice_id IN (${invoiceIds.map(() => '?').join(', ')})`,
    invoiceIds,
  );
  return rows
    .map((row) => text(row.action) as ReminderAction)
    .reduce((lowest, action) => (levelOf(action) > levelOf(lowest) ? action : lowest), 'remind');
}

/** The level of an account with its row locked, which is made where it is missing: who moves an account comes after each other. */
async function lockLevel(sql: Sql, accountId: string, nowMs: number): Promise<ReminderAction> {
  const locked = () =>
    sql.all(`SELECT level FROM account_ladder WHERE account_id = ?${sql.forUpdate}`, [accountId]);
  const [row] = await locked();
  if (row) return text(row.level) as ReminderAction;
  try {
    await sql.run(
      "INSERT INTO account_ladder (account_id, level, since_ms, judged_balance_micros) VALUES (?, 'remind', ?, 0)",
      [accountId, nowMs],
    );
    return 'remind';
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    const [made] = await locked();
    return made ? (text(made.level) as ReminderAction) : 'remind';
  }
}

async function storeLevel(
  sql: Sql,
  {
    accountId,
    level,
    nowMs,
  }: { readonly accountId: string; readonly level: ReminderAction; readonly nowMs: number },
): Promise<void> {
  const [row] = await sql.all('SELECT balance_micros FROM ledger_accounts WHERE id = ?', [
    customerLedgerId(accountId),
  ]);
  await sql.run(
    `UPDATE account_ladder SET since_ms = CASE WHEN level = ? THEN since_ms ELSE ? END, level = ?, judged_balance_micros = ?
     WHERE account_id = ?`,
    [level, nowMs, level, micros(row?.balance_micros ?? 0), accountId],
  );
}

/** Accounts that are limited or suspended and whose balance is not what it was when they were judged: somebody may have paid. */
export async function accountsToJudge(sql: Sql, limit: number): Promise<readonly string[]> {
  const rows = await sql.all(
    `SELECT l.account_id FROM account_ladder l JOIN ledger_accounts a ON a.account_id = l.account_id
     WHERE l.level IN ('limit', 'suspend') AND a.balance_micros <> l.judged_balance_micros ORDER BY l.account_id LIMIT ?`,
    [limit],
  );
  return rows.map((row) => text(row.account_id));
}
