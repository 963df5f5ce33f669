import { readAccount } from '../../accounts/accounts-store';
import { InvalidInput, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { type Database, integer, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { MAX_PREFIX_DIGITS } from '../rating/rate';
import { type Bundle, type BundlePeriod, periodStartMs } from './bundle';

/** Bundles of one account that are valid at once, and prefixes of one bundle. */
const MAX_BUNDLES = 50;
const MAX_PREFIXES = 200;
const LONGEST_NAME = 100;
/** A year and more of talk in one period is a slip of the pen. */
const MAX_SECONDS = 1_000_000_000;
const MAX_PRIORITY = 1_000;

const COLUMNS = 'id, account_id, name, seconds_per_period, period, priority, valid_from_ms, valid_until_ms';

export type BundleWanted = Omit<Bundle, 'id'> & { readonly nowMs: number };

/** Grants seconds to an account. @throws InvalidInput, NotFound for an unknown account */
export function grantBundle(database: Database, wanted: BundleWanted): Promise<Bundle> {
  return database.write((sql) => grantBundleIn(sql, wanted));
}

/** The same in the unit of work of its cause. */
export async function grantBundleIn(sql: Sql, wanted: BundleWanted): Promise<Bundle> {
  const bundle = checkedBundle(wanted);
  await readAccount(sql, bundle.accountId);
  const [count] = await sql.all(
    'SELECT COUNT(*) AS n FROM bundles WHERE account_id = ? AND valid_until_ms > ?',
    [bundle.accountId, wanted.nowMs],
  );
  if (integer(count?.n) >= MAX_BUNDLES)
    throw new InvalidInput('accountId', `has ${MAX_BUNDLES} valid bundles`, 'end one first');
  await sql.run(`INSERT INTO bundles (${COLUMNS}, granted_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, [
    bundle.id,
    bundle.accountId,
    bundle.name,
    bundle.secondsPerPeriod,
    bundle.period,
    bundle.priority,
    bundle.validFromMs,
    bundle.validUntilMs,
    wanted.nowMs,
  ]);
  await sql.run(
    `INSERT INTO bundle_prefixes (bundle_id, prefix) VALUES ${bundle.prefixes.map(() => '(?, ?)').join(', ')}`,
    bundle.prefixes.flatMap((prefix) => [bundle.id, prefix]),
  );
  return bundle;
}

function checkedBundle({ nowMs, ...wanted }: BundleWanted): Bundle {
  const name = wanted.name.trim();
  const prefixes = [...new Set(wanted.prefixes)].toSorted();
  if (name === '' || name.length > LONGEST_NAME)
    refuse('name', `has ${name.length} characters`, `write 1 to ${LONGEST_NAME}`);
  if (!isWhole(wanted.secondsPerPeriod, 1, MAX_SECONDS))
    refuse(
      'secondsPerPeriod',
      `is ${wanted.secondsPerPeriod}`,
      `give whole seconds from 1 to ${MAX_SECONDS}`,
    );
  if (!isWhole(wanted.priority, 0, MAX_PRIORITY))
    refuse('priority', `is ${wanted.priority}`, `give a whole number from 0 to ${MAX_PRIORITY}`);
  if (wanted.validUntilMs <= wanted.validFromMs)
    refuse('validUntil', 'is not after validFrom', 'give a later moment');
  if (prefixes.length === 0 || prefixes.length > MAX_PREFIXES)
    refuse('prefixes', `are ${prefixes.length}`, `give 1 to ${MAX_PREFIXES}`);
  for (const prefix of prefixes)
    if (!new RegExp(`^[1-9]\\d{0,${MAX_PREFIX_DIGITS - 1}}$`).test(prefix))
      refuse('prefixes', `"${prefix}" is none`, 'write digits with the country code, without a plus: 324');
  return { ...wanted, id: newId(nowMs), name, prefixes };
}

function refuse(field: string, problem: string, remedy: string): never {
  throw new InvalidInput(field, problem, remedy);
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

/** Lets a bundle end now, or at its own end when that is sooner; seconds held for running calls stay theirs. @throws NotFound */
export async function endBundle(sql: Sql, bundleId: string, nowMs: number): Promise<void> {
  const changed = await sql.run('UPDATE bundles SET valid_until_ms = ? WHERE id = ? AND valid_until_ms > ?', [
    nowMs,
    bundleId,
    nowMs,
  ]);
  if (changed > 0) return;
  const rows = await sql.all('SELECT id FROM bundles WHERE id = ?', [bundleId]);
  if (rows.length === 0) throw new NotFound('bundle', bundleId);
}

/** A bundle as its owner sees it: what is left of the period of this moment. */
export type BundleView = Bundle & { readonly heldSeconds: number; readonly usedSeconds: number };

/** Bundles of the account that are valid now or later, in the order of use. */
export async function listBundles(
  sql: Sql,
  accountId: string,
  nowMs: number,
): Promise<readonly BundleView[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM bundles WHERE account_id = ? AND valid_until_ms > ?
     ORDER BY priority, valid_until_ms, id LIMIT ?`,
    [accountId, nowMs, MAX_BUNDLES],
  );
  const views: BundleView[] = [];
  for (const row of rows) {
    const bundle = toBundle(row, await prefixesOf(sql, text(row.id)));
    const [period] = await sql.all(
      'SELECT held_seconds, used_seconds FROM bundle_periods WHERE bundle_id = ? AND period_start_ms = ?',
      [bundle.id, periodStartMs(bundle, nowMs)],
    );
    views.push({
      ...bundle,
      heldSeconds: integer(period?.held_seconds ?? 0),
      usedSeconds: integer(period?.used_seconds ?? 0),
    });
  }
  return views;
}

async function prefixesOf(sql: Sql, bundleId: string): Promise<readonly string[]> {
  const rows = await sql.all('SELECT prefix FROM bundle_prefixes WHERE bundle_id = ? ORDER BY prefix', [
    bundleId,
  ]);
  return rows.map((row) => text(row.prefix));
}

function toBundle(row: Row, prefixes: readonly string[]): Bundle {
  return {
    id: text(row.id),
    accountId: text(row.account_id),
    name: text(row.name),
    secondsPerPeriod: integer(row.seconds_per_period),
    period: text(row.period) as BundlePeriod,
    priority: integer(row.priority),
    validFromMs: integer(row.valid_from_ms),
    validUntilMs: integer(row.valid_until_ms),
    prefixes,
  };
}
