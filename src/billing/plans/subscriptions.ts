import { readAccount } from '../../accounts/accounts-store';
import { Conflict } from '../../kernel/app-error';
import { fingerprint, newId } from '../../kernel/ids';
import { DuplicateKey, integer, integerOrNull, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { readProfile } from '../profiles/billing-profiles-store';
import { endOfMonth, type Plan, type Subscription } from './plan';
import { readPlan } from './plans-store';

const DAY_MS = 86_400_000;

const COLUMNS = 'id, account_id, plan_id, starts_at_ms, trial_until_ms, ends_at_ms';

/**
 * Begins a plan for an account that has none. With `wantsTrial` its first days cost nothing, once for a person: for the account, its mail address and
 * its VAT number. @throws NotFound; Conflict when it has a plan, the plan is withdrawn or in another currency, or the person had a trial
 */
export async function subscribe(
  sql: Sql,
  of: {
    readonly accountId: string;
    readonly planId: string;
    readonly wantsTrial: boolean;
    readonly nowMs: number;
  },
): Promise<Subscription> {
  const { accountId, nowMs, wantsTrial } = of;
  const plan = await requireOfferedTo(sql, accountId, of.planId);
  const current = await currentSubscription(sql, accountId, nowMs);
  if (current)
    throw new Conflict('the account has a plan; change it or end it', { subscriptionId: current.id });
  if (wantsTrial) await takeTrial(sql, accountId, plan, nowMs);
  const trialUntilMs = wantsTrial ? nowMs + plan.trialDays * DAY_MS : null;
  return insert(sql, { accountId, planId: plan.id, startsAtMs: nowMs, trialUntilMs, endsAtMs: null, nowMs });
}

/** Ends the account's plan at the end of the month that is paid, or of its trial; gives what holds now. @throws NotFound, Conflict without a plan */
export async function cancelAtPeriodEnd(sql: Sql, accountId: string, nowMs: number): Promise<Subscription> {
  const current = await requireCurrent(sql, accountId, nowMs);
  // A plan that was to follow does not follow any more.
  await sql.run('DELETE FROM plan_subscriptions WHERE account_id = ? AND starts_at_ms > ?', [
    accountId,
    nowMs,
  ]);
  if (current.endsAtMs !== null) return current;
  const isTrial = current.trialUntilMs !== null && current.trialUntilMs > nowMs;
  const endsAtMs = isTrial ? (current.trialUntilMs ?? nowMs) : endOfMonth(nowMs);
  await sql.run(
    'UPDATE plan_subscriptions SET ends_at_ms = ?, open_account_id = NULL WHERE id = ? AND ends_at_ms IS NULL',
    [endsAtMs, current.id],
  );
  return { ...current, endsAtMs };
}

/**
 * Lets another plan follow at the end of the month that is paid: the present one ends then and the other begins. A change that was asked for before and
 * has not begun is replaced. @throws NotFound; Conflict without a plan, or for a plan that is withdrawn or in another currency
 */
export async function changeAtPeriodEnd(
  sql: Sql,
  of: { readonly accountId: string; readonly planId: string; readonly nowMs: number },
): Promise<Subscription> {
  const { accountId, nowMs } = of;
  const plan = await requireOfferedTo(sql, accountId, of.planId);
  const { endsAtMs } = await cancelAtPeriodEnd(sql, accountId, nowMs);
  return insert(sql, {
    accountId,
    planId: plan.id,
    startsAtMs: endsAtMs ?? endOfMonth(nowMs),
    trialUntilMs: null,
    endsAtMs: null,
    nowMs,
  });
}

async function requireOfferedTo(sql: Sql, accountId: string, planId: string): Promise<Plan> {
  const account = await readAccount(sql, accountId);
  const plan = await readPlan(sql, planId);
  if (plan.state === 'withdrawn') throw new Conflict('the plan is not offered any more', { plan: plan.name });
  if (plan.currency !== account.currency)
    throw new Conflict('the plan has another currency than the account', { plan: plan.name });
  return plan;
}

async function takeTrial(sql: Sql, accountId: string, plan: Plan, nowMs: number): Promise<void> {
  if (plan.trialDays === 0) throw new Conflict('the plan has no trial', { plan: plan.name });
  const { mail, vatNumber } = await readProfile(sql, accountId);
  const persons = [
    `account:${accountId}`,
    ...(mail ? [`mail:${fingerprint(samePerson(mail))}`] : []),
    ...(vatNumber ? [`vat:${vatNumber}`] : []),
  ];
  try {
    for (const person of persons)
      await sql.run(
        'INSERT INTO trials_used (person_key, account_id, plan_id, began_at_ms) VALUES (?, ?, ?, ?)',
        [person, accountId, plan.id, nowMs],
      );
  } catch (error) {
    if (error instanceof DuplicateKey)
      throw new Conflict('this person had a trial before', { plan: plan.name });
    throw error;
  }
}

/** `Ada+trial2@Example.org` and `ada@example.org` are one person. */
function samePerson(mail: string): string {
  const [local = '', domain = ''] = mail.toLowerCase().split('@');
  return `${local.split('+')[0]}@${domain}`;
}

async function insert(
  sql: Sql,
  { nowMs, ...wanted }: Omit<Subscription, 'id'> & { readonly nowMs: number },
): Promise<Subscription> {
  const subscription = { ...wanted, id: newId(nowMs) };
  try {
    await sql.run(
      `INSERT INTO plan_subscriptions (${COLUMNS}, open_account_id, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        subscription.id,
        subscription.accountId,
        subscription.planId,
        subscription.startsAtMs,
        subscription.trialUntilMs,
        subscription.endsAtMs,
        subscription.accountId,
        nowMs,
      ],
    );
  } catch (error) {
    // The unique key lets an account have one plan without an end.
    if (error instanceof DuplicateKey) throw new Conflict('the account has a plan; change it or end it');
    throw error;
  }
  return subscription;
}

/** What the account has at a moment, or null. */
export async function currentSubscription(
  sql: Sql,
  accountId: string,
  nowMs: number,
): Promise<Subscription | null> {
  const [row] = await sql.all(
    `SELECT ${COLUMNS} FROM plan_subscriptions
     WHERE account_id = ? AND starts_at_ms <= ? AND (ends_at_ms IS NULL OR ends_at_ms > ?) ORDER BY starts_at_ms DESC LIMIT 1`,
    [accountId, nowMs, nowMs],
  );
  return row ? toSubscription(row) : null;
}

async function requireCurrent(sql: Sql, accountId: string, nowMs: number): Promise<Subscription> {
  await readAccount(sql, accountId);
  const current = await currentSubscription(sql, accountId, nowMs);
  if (!current) throw new Conflict('the account has no plan', { accountId });
  return current;
}

/** All times the account had, has and will have a plan, the newest first. */
export async function subscriptionsOf(sql: Sql, accountId: string): Promise<readonly Subscription[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM plan_subscriptions WHERE account_id = ? ORDER BY starts_at_ms DESC, id DESC LIMIT 200`,
    [accountId],
  );
  return rows.map(toSubscription);
}

/** The next `limit` subscriptions that may come to cost something since a moment, in the order of their ids, behind `afterId`. */
export async function subscriptionsSince(
  sql: Sql,
  page: {
    readonly sinceMs: number;
    readonly nowMs: number;
    readonly afterId: string;
    readonly limit: number;
  },
): Promise<readonly Subscription[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM plan_subscriptions WHERE id > ? AND starts_at_ms <= ? AND (ends_at_ms IS NULL OR ends_at_ms > ?) ORDER BY id LIMIT ?`,
    [page.afterId, page.nowMs, page.sinceMs, page.limit],
  );
  return rows.map(toSubscription);
}

function toSubscription(row: Row): Subscription {
  return {
    id: text(row.id),
    accountId: text(row.account_id),
    planId: text(row.plan_id),
    startsAtMs: integer(row.starts_at_ms),
    trialUntilMs: integerOrNull(row.trial_until_ms),
    endsAtMs: integerOrNull(row.ends_at_ms),
  };
}
