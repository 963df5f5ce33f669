import type { Database, Sql } from '../../kernel/unit-of-work';
import { grantBundleIn } from '../bundles/bundles-store';
import { type DueCharge, noteDue } from '../due-charges/due-charges';
import { type Plan, type PlanFee, planFees, type PlanIncluded, type Subscription } from './plan';
import { listPlans } from './plans-store';
import { subscriptionsSince } from './subscriptions';

const PAGE = 500;

/** How far back a run that was missed is made up for. */
const LOOK_BACK_MS = 90 * 86_400_000;

/**
 * Notes what subscriptions have come to cost, once for account, plan and period; `postDueCharges` posts it, and with the posting the period's minutes are
 * granted (`grantIncluded`). A period that costs nothing has its minutes at once. Gives how many periods came due.
 */
export async function chargePlans(
  database: Database,
  { nowMs, goesOn = () => true }: { readonly nowMs: number; readonly goesOn?: () => boolean },
): Promise<number> {
  const plans = new Map((await listPlans(database.read)).map((plan) => [plan.id, plan]));
  let cameDue = 0;
  for (let afterId = ''; goesOn(); ) {
    const sinceMs = nowMs - LOOK_BACK_MS;
    const page = await subscriptionsSince(database.read, { sinceMs, nowMs, afterId, limit: PAGE });
    for (const subscription of page) {
      const plan = plans.get(subscription.planId);
      if (plan) cameDue += await chargeOne(database, subscription, plan, nowMs);
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    afterId = last.id;
  }
  return cameDue;
}

async function chargeOne(
  database: Database,
  subscription: Subscription,
  plan: Plan,
  nowMs: number,
): Promise<number> {
  const fees = planFees(subscription, plan.monthlyFeeMicros, nowMs).filter(
    ({ untilMs }) => untilMs > nowMs - LOOK_BACK_MS,
  );
  const trial = trialOf(subscription);
  const wanted = [...(trial ? [trial] : []), ...fees];
  const charges = wanted.map((fee) => chargeOf(subscription, plan, fee));
  const rows = await database.read.all(
    `SELECT charge_key FROM due_charges WHERE charge_key IN (${charges.map(() => '?').join(', ')})`,
    charges.map(({ key }) => key),
  );
  const noted = new Set(rows.map((row) => row.charge_key));
  let cameDue = 0;
  for (const charge of charges)
    if (!noted.has(charge.key) && (await database.write((sql) => note(sql, charge, nowMs)))) cameDue++;
  return cameDue;
}

/** The trial is a period that costs nothing. */
function trialOf({ startsAtMs, trialUntilMs }: Subscription): PlanFee | null {
  if (trialUntilMs === null) return null;
  return {
    period: 'trial',
    amountMicros: 0n,
    dueAtMs: startsAtMs,
    fromMs: startsAtMs,
    untilMs: trialUntilMs,
  };
}

async function note(sql: Sql, charge: DueCharge, nowMs: number): Promise<boolean> {
  if (!(await noteDue(sql, charge))) return false;
  if (charge.amountMicros > 0n) return true;
  await sql.run("UPDATE due_charges SET state = 'posted', posted_at_ms = ? WHERE charge_key = ?", [
    nowMs,
    charge.key,
  ]);
  await grantIncluded(sql, charge, nowMs);
  return true;
}

type Details = { readonly fromMs: number; readonly untilMs: number; readonly included: PlanIncluded | null };

function chargeOf(subscription: Subscription, plan: Plan, fee: PlanFee): DueCharge {
  const details: Details = { fromMs: fee.fromMs, untilMs: fee.untilMs, included: plan.included };
  return {
    // A plan that was ended and begun again within a month costs each of its parts.
    key: `plan-fee:${subscription.accountId}:${plan.id}:${fee.period}:${fee.fromMs}`,
    accountId: subscription.accountId,
    kind: 'plan-fee',
    currency: plan.currency,
    amountMicros: fee.amountMicros,
    taxMicros: 0n,
    note: `plan ${plan.name}, ${fee.period}`,
    details,
    dueAtMs: fee.dueAtMs,
  };
}

/** Grants the minutes of a period whose fee was posted, in the unit of work of the posting. */
export async function grantIncluded(sql: Sql, charge: DueCharge, nowMs: number): Promise<void> {
  const { fromMs, untilMs, included } = charge.details as Details;
  if (!included || untilMs <= nowMs) return;
  await grantBundleIn(sql, {
    accountId: charge.accountId,
    name: included.name,
    secondsPerPeriod: included.seconds,
    period: 'once',
    priority: included.priority,
    prefixes: included.prefixes,
    validFromMs: fromMs,
    validUntilMs: untilMs,
    nowMs,
  });
}
