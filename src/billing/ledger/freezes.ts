import { Conflict, NotFound } from '../../kernel/app-error';
import { currency, type Money, money } from '../../kernel/money';
import {
  type Database,
  DuplicateKey,
  integer,
  integerOrNull,
  micros,
  type Row,
  type Sql,
  text,
} from '../../kernel/unit-of-work';
import { customerLedgerId, freeHeld, lockBalance, tryHold } from './ledger-accounts';
import { FreezeNotOpen, InsufficientCredit } from './ledger-errors';
import type { Movement } from './movements';
import { postEntries } from './post-entries';

export type FreezeState = 'open' | 'taken' | 'freed' | 'expired';

/** Credit kept aside for something other than a call, until it is taken (all or a part), freed or expires: one of them, once. */
export type Freeze = {
  readonly id: string;
  readonly accountId: string;
  readonly amount: Money;
  readonly reason: string;
  readonly state: FreezeState;
  readonly taken: Money;
  readonly expiresAtMs: number | null;
  readonly madeAtMs: number;
};

export type FreezeWanted = {
  /** Names what it is for, so that one cause freezes once: `dispute:<id>`. */
  readonly id: string;
  readonly accountId: string;
  readonly amount: Money;
  readonly reason: string;
  readonly expiresAtMs: number | null;
  readonly nowMs: number;
};

/**
 * Keeps the whole amount aside, or throws. A freeze of this id that is there already is given back as it is.
 * @throws InsufficientCredit, NotFound (account), Conflict for another amount or account under this id
 */
export async function freeze(sql: Sql, wanted: FreezeWanted): Promise<Freeze> {
  const before = await lockFreeze(sql, wanted.id);
  if (before) return sameFreeze(before, wanted);
  const { available } = await lockBalance(sql, wanted.accountId);
  if (available.amountMicros < wanted.amount.amountMicros)
    throw new InsufficientCredit(wanted.amount, available);
  return insertFreeze(sql, wanted, wanted.amount);
}

/** Keeps aside what the account has of the amount, and no more: what was spent before cannot be frozen. Once for an id. @throws NotFound (account) */
export async function freezeWhatIsThere(sql: Sql, wanted: FreezeWanted): Promise<Freeze> {
  const before = await lockFreeze(sql, wanted.id);
  if (before) return before;
  const { available } = await lockBalance(sql, wanted.accountId);
  return insertFreeze(sql, wanted, atMost(available, wanted.amount));
}

/** The smaller of what is there, none when it is below zero, and what is wanted. */
export function atMost(there: Money, wanted: Money): Money {
  const amount = there.amountMicros < wanted.amountMicros ? there.amountMicros : wanted.amountMicros;
  return money(amount > 0n ? amount : 0n, wanted.currency);
}

function sameFreeze(before: Freeze, wanted: FreezeWanted): Freeze {
  if (before.accountId !== wanted.accountId || before.amount.amountMicros !== wanted.amount.amountMicros)
    throw new Conflict(`${wanted.id} was frozen before with another amount or account`, { id: wanted.id });
  return before;
}

async function insertFreeze(sql: Sql, wanted: FreezeWanted, amount: Money): Promise<Freeze> {
  const { id, accountId, reason, expiresAtMs, nowMs } = wanted;
  try {
    await sql.run(
      `INSERT INTO ledger_freezes (${COLUMNS}, ledger_account_id, changed_at_ms) VALUES (?, ?, ?, ?, ?, 'open', 0, ?, ?, ?, ?)`,
      [
        id,
        accountId,
        amount.currency,
        amount.amountMicros,
        reason,
        expiresAtMs,
        nowMs,
        customerLedgerId(accountId),
        nowMs,
      ],
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    // Somebody froze it between our look and now; the account's lock made us wait for them.
    return (await lockFreeze(sql, id)) as Freeze;
  }
  const holds = { amountMicros: amount.amountMicros, spending: null };
  if (!(await tryHold(sql, customerLedgerId(accountId), holds)))
    throw new Error('credit moved while it was locked');
  return {
    id,
    accountId,
    amount,
    reason,
    state: 'open',
    taken: money(0n, amount.currency),
    expiresAtMs,
    madeAtMs: nowMs,
  };
}

/**
 * Ends a freeze by posting what it was kept for, the whole of it or a part; the rest is free again in the same unit of work.
 * @throws FreezeNotOpen, what postEntries throws, NotFound
 */
export async function takeFrozen(
  sql: Sql,
  freezeId: string,
  { movement, nowMs }: { readonly movement: Movement | null; readonly nowMs: number },
): Promise<void> {
  const frozen = await requireFreeze(sql, freezeId);
  const own = customerLedgerId(frozen.accountId);
  const takenMicros = (movement?.entries ?? [])
    .filter(({ ledgerAccountId }) => ledgerAccountId === own)
    .reduce((sum, { amount }) => sum - amount.amountMicros, 0n);
  await endFreeze(sql, frozen, { state: 'taken', takenMicros, nowMs });
  if (movement) await postEntries(sql, movement, nowMs);
}

/** Gives a freeze's credit back to its account. @throws FreezeNotOpen, NotFound */
export async function freeFrozen(sql: Sql, freezeId: string, nowMs: number): Promise<void> {
  await endFreeze(sql, await requireFreeze(sql, freezeId), { state: 'freed', takenMicros: 0n, nowMs });
}

/** Frozen credit that waited longer than it may is its account's again. Gives how many freezes ended. */
export async function expireFreezes(database: Database, nowMs: number): Promise<number> {
  const rows = await database.read.all(
    "SELECT id FROM ledger_freezes WHERE state = 'open' AND expires_at_ms <= ? ORDER BY expires_at_ms, id LIMIT 500",
    [nowMs],
  );
  let ended = 0;
  for (const row of rows)
    ended += await database.write(async (sql) => {
      const frozen = await lockFreeze(sql, text(row.id));
      if (frozen?.state !== 'open') return 0;
      await endFreeze(sql, frozen, { state: 'expired', takenMicros: 0n, nowMs });
      return 1;
    });
  return ended;
}

async function endFreeze(
  sql: Sql,
  frozen: Freeze,
  end: {
    readonly state: Exclude<FreezeState, 'open'>;
    readonly takenMicros: bigint;
    readonly nowMs: number;
  },
): Promise<void> {
  const ended = await sql.run(
    "UPDATE ledger_freezes SET state = ?, taken_micros = ?, changed_at_ms = ? WHERE id = ? AND state = 'open'",
    [end.state, end.takenMicros, end.nowMs, frozen.id],
  );
  if (ended === 0) throw new FreezeNotOpen(frozen.id, frozen.state);
  await freeHeld(sql, [
    {
      ledgerAccountId: customerLedgerId(frozen.accountId),
      amountMicros: frozen.amount.amountMicros,
      unspent: new Map(),
    },
  ]);
}

async function requireFreeze(sql: Sql, freezeId: string): Promise<Freeze> {
  const frozen = await lockFreeze(sql, freezeId);
  if (!frozen) throw new NotFound('freeze', freezeId);
  return frozen;
}

/** The freeze with its row locked until the unit of work ends, in any state, or null. Lock order: the freeze, then the account. */
export async function lockFreeze(sql: Sql, freezeId: string): Promise<Freeze | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM ledger_freezes WHERE id = ?${sql.forUpdate}`, [
    freezeId,
  ]);
  return row ? toFreeze(row) : null;
}

/** The account's open freezes, the newest first. */
export async function listOpenFreezes(
  sql: Sql,
  accountId: string,
  limit: number,
): Promise<readonly Freeze[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM ledger_freezes WHERE ledger_account_id = ? AND state = 'open' ORDER BY made_at_ms DESC, id LIMIT ?`,
    [customerLedgerId(accountId), limit],
  );
  return rows.map(toFreeze);
}

const COLUMNS =
  'id, account_id, currency, amount_micros, reason, state, taken_micros, expires_at_ms, made_at_ms';

function toFreeze(row: Row): Freeze {
  const unit = currency(text(row.currency));
  return {
    id: text(row.id),
    accountId: text(row.account_id),
    amount: money(micros(row.amount_micros), unit),
    reason: text(row.reason),
    state: text(row.state) as FreezeState,
    taken: money(micros(row.taken_micros), unit),
    expiresAtMs: integerOrNull(row.expires_at_ms),
    madeAtMs: integer(row.made_at_ms),
  };
}
