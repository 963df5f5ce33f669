import { Conflict, InvalidInput, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { currency } from '../../kernel/money';
import {
  DuplicateKey,
  integer,
  micros,
  type Row,
  type Sql,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import type { Plan, PlanIncluded } from './plan';

/** Plans that one house has. */
const MAX_PLANS = 500;

/** Publishes a plan. @throws Conflict for a name that is taken, InvalidInput for a fee or trial below zero */
export async function createPlan(
  sql: Sql,
  { nowMs, ...wanted }: Omit<Plan, 'id' | 'state' | 'createdAtMs'> & { readonly nowMs: number },
): Promise<Plan> {
  if (wanted.monthlyFeeMicros < 0n)
    throw new InvalidInput('monthlyFee', 'is below zero', 'give zero or more');
  if (!Number.isInteger(wanted.trialDays) || wanted.trialDays < 0 || wanted.trialDays > 366)
    throw new InvalidInput('trialDays', `is ${wanted.trialDays}`, 'give whole days from 0 to 366');
  const plan: Plan = { ...wanted, id: newId(nowMs), state: 'active', createdAtMs: nowMs };
  try {
    await sql.run(
      `INSERT INTO plans (id, name, currency, monthly_fee_micros, trial_days, included, state, created_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        plan.id,
        plan.name,
        plan.currency,
        plan.monthlyFeeMicros,
        plan.trialDays,
        plan.included && JSON.stringify(plan.included),
        plan.state,
        nowMs,
      ],
    );
  } catch (error) {
    if (error instanceof DuplicateKey) throw new Conflict('a plan has this name', { name: plan.name });
    throw error;
  }
  return plan;
}

/** All plans in the order of their names. */
export async function listPlans(sql: Sql): Promise<readonly Plan[]> {
  return (await sql.all('SELECT * FROM plans ORDER BY name LIMIT ?', [MAX_PLANS])).map(toPlan);
}

/** @throws NotFound */
export async function readPlan(sql: Sql, planId: string): Promise<Plan> {
  const [row] = await sql.all('SELECT * FROM plans WHERE id = ?', [planId]);
  if (!row) throw new NotFound('plan', planId);
  return toPlan(row);
}

/** Lets nobody begin a plan any more; those who have it keep it. @throws NotFound */
export async function withdrawPlan(sql: Sql, planId: string): Promise<Plan> {
  const plan = await readPlan(sql, planId);
  await sql.run("UPDATE plans SET state = 'withdrawn' WHERE id = ?", [planId]);
  return { ...plan, state: 'withdrawn' };
}

function toPlan(row: Row): Plan {
  const included = textOrNull(row.included);
  return {
    id: text(row.id),
    name: text(row.name),
    currency: currency(text(row.currency)),
    monthlyFeeMicros: micros(row.monthly_fee_micros),
    trialDays: integer(row.trial_days),
    included: included === null ? null : (JSON.parse(included) as PlanIncluded),
    state: text(row.state) as Plan['state'],
    createdAtMs: integer(row.created_at_ms),
  };
}
