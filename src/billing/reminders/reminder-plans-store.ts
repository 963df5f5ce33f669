import { Conflict, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { DuplicateKey, integer, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { checkReminderPlan, DEFAULT_REMINDER_PLAN, type ReminderPlan } from './reminder-plan';

/** Plans that one house has. */
const MAX_PLANS = 200;

export type StoredReminderPlan = ReminderPlan & {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
};

/** Stores a plan; it is never changed: another is made in its place. @throws InvalidInput, Conflict for a name that is taken */
export async function createReminderPlan(
  sql: Sql,
  { name, nowMs, ...wanted }: ReminderPlan & { readonly name: string; readonly nowMs: number },
): Promise<StoredReminderPlan> {
  const plan = checkReminderPlan(wanted);
  const id = newId(nowMs);
  try {
    await sql.run('INSERT INTO reminder_plans (id, name, plan, created_at_ms) VALUES (?, ?, ?, ?)', [
      id,
      name,
      planText(plan),
      nowMs,
    ]);
  } catch (error) {
    if (error instanceof DuplicateKey) throw new Conflict('a reminder plan has this name', { name });
    throw error;
  }
  return { ...plan, id, name, createdAtMs: nowMs };
}

/** All plans in the order of their names. */
export async function listReminderPlans(sql: Sql): Promise<readonly StoredReminderPlan[]> {
  const rows = await sql.all('SELECT * FROM reminder_plans ORDER BY name LIMIT ?', [MAX_PLANS]);
  return rows.map((row) => ({
    ...toPlan(row),
    id: text(row.id),
    name: text(row.name),
    createdAtMs: integer(row.created_at_ms),
  }));
}

/** @throws NotFound */
export async function requireReminderPlan(sql: Sql, id: string): Promise<void> {
  const rows = await sql.all('SELECT id FROM reminder_plans WHERE id = ?', [id]);
  if (rows.length === 0) throw new NotFound('reminder plan', id);
}

/** Plans by id. */
export async function readReminderPlans(
  sql: Sql,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ReminderPlan>> {
  if (ids.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT id, plan FROM reminder_plans WHERE id IN (${ids.map(() => '?').join(', ')})`,
    ids,
  );
  return new Map(rows.map((row) => [text(row.id), toPlan(row)]));
}

function planText({ thresholdMicros, lateFee, ...rest }: ReminderPlan): string {
  return JSON.stringify({
    ...rest,
    thresholdMicros: thresholdMicros.toString(),
    lateFee: lateFee && {
      flatMicros: lateFee.flatMicros.toString(),
      sharePpm: lateFee.sharePpm,
      mostMicros: lateFee.mostMicros.toString(),
    },
  });
}

function toPlan(row: Row): ReminderPlan {
  const kept = JSON.parse(text(row.plan)) as Omit<ReminderPlan, 'thresholdMicros' | 'lateFee'> & {
    thresholdMicros: string;
    lateFee: { flatMicros: string; sharePpm: number; mostMicros: string } | null;
  };
  return {
    ...DEFAULT_REMINDER_PLAN,
    ...kept,
    thresholdMicros: BigInt(kept.thresholdMicros),
    lateFee: kept.lateFee && {
      flatMicros: BigInt(kept.lateFee.flatMicros),
      sharePpm: kept.lateFee.sharePpm,
      mostMicros: BigInt(kept.lateFee.mostMicros),
    },
  };
}
