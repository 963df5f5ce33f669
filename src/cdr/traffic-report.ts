import { DateTime } from 'luxon';
import { type Currency, currency, type Money, money } from '../kernel/money';
import { integer, micros, type Row, type Sql, textOrNull, whereOf } from '../kernel/unit-of-work';

/** What a report's lines stand for. */
export const REPORT_KEYS = ['day', 'trunk', 'prefix', 'result', 'account'] as const;

export type ReportKey = (typeof REPORT_KEYS)[number];

export type TrafficWanted = {
  readonly by: ReportKey;
  readonly fromMs: number;
  readonly toMs: number;
  readonly direction: 'inbound' | 'outbound' | null;
  readonly trunkId: string | null;
  /** IANA zone in which days begin. */
  readonly zone: string;
};

/** What was called under one key. Money is by currency, since no sum mixes them. */
export type TrafficLine = {
  /** A day as 2026-01-31, an id, a rate prefix or a result; null: legs that have none. */
  readonly key: string | null;
  readonly legs: number;
  readonly answered: number;
  readonly talkMs: number;
  /** Answer-seizure ratio: answered of a hundred legs. */
  readonly asrPercent: number;
  /** Average call duration of the answered ones; null without any. */
  readonly acdMs: number | null;
  /** Post-dial delay, from INVITE to ringing, over the legs that rang; null when none did. */
  readonly pddMs: number | null;
  readonly charges: readonly Money[];
  readonly costs: readonly Money[];
  readonly margins: readonly Money[];
};

/** Longest time of one report. */
export const MAX_REPORT_DAYS = 366;
/** Most lines; those with fewest legs are left out. */
export const MAX_REPORT_LINES = 500;

/** Zones begin their days at whole quarters of an hour. */
const QUARTER_MS = 900_000;

const KEY_SQL = {
  day: `started_at_ms - started_at_ms % ${QUARTER_MS}`,
  trunk: 'trunk_id',
  // The two dialects print JSON text with and without quotation marks.
  prefix: `REPLACE(JSON_EXTRACT(rating_working, '$.prefix'), '"', '')`,
  result: 'result',
  account: 'payer_account_id',
} as const satisfies Record<ReportKey, string>;

/** Traffic of a time, one line a key: days in their order, everything else with most legs first. Reads go past calls. */
export async function trafficReport(sql: Sql, wanted: TrafficWanted): Promise<readonly TrafficLine[]> {
  const { where, values } = whereOf([
    ['started_at_ms >= ?', wanted.fromMs],
    ['started_at_ms < ?', wanted.toMs],
    ['direction = ?', wanted.direction],
    ['trunk_id = ?', wanted.trunkId],
  ]);
  const rows = await sql.all(
    `SELECT ${KEY_SQL[wanted.by]} AS line_key, currency, cost_currency,
       COUNT(*) AS legs,
       SUM(CASE WHEN answered_at_ms IS NULL THEN 0 ELSE 1 END) AS answered,
       SUM(CASE WHEN answered_at_ms IS NULL THEN 0 ELSE ended_at_ms - answered_at_ms END) AS talk_ms,
       SUM(CASE WHEN ringing_at_ms IS NULL THEN 0 ELSE 1 END) AS rang,
       SUM(CASE WHEN ringing_at_ms IS NULL THEN 0 ELSE ringing_at_ms - started_at_ms END) AS delay_ms,
       SUM(COALESCE(charge_micros, 0)) AS charge_micros,
       SUM(COALESCE(cost_micros, 0)) AS cost_micros,
       SUM(COALESCE(margin_micros, 0)) AS margin_micros
     FROM cdrs ${where} GROUP BY line_key, currency, cost_currency`,
    values,
  );
  const sums = new Map<string | null, Sums>();
  for (const row of rows) {
    const key = keyOf(row, wanted);
    const sum = sums.get(key) ?? emptySums();
    sums.set(key, sum);
    add(sum, row);
  }
  const lines = [...sums].map(([key, sum]) => lineOf(key, sum));
  if (wanted.by === 'day')
    return lines.toSorted((one, other) => (String(one.key) < String(other.key) ? -1 : 1));
  return lines.toSorted((one, other) => other.legs - one.legs).slice(0, MAX_REPORT_LINES);
}

type Sums = {
  legs: number;
  answered: number;
  talkMs: number;
  rang: number;
  delayMs: number;
  readonly charges: Map<Currency, bigint>;
  readonly costs: Map<Currency, bigint>;
  readonly margins: Map<Currency, bigint>;
};

function emptySums(): Sums {
  const counts = { legs: 0, answered: 0, talkMs: 0, rang: 0, delayMs: 0 };
  return { ...counts, charges: new Map(), costs: new Map(), margins: new Map() };
}

function keyOf(row: Row, { by, zone }: TrafficWanted): string | null {
  if (by === 'day') return DateTime.fromMillis(integer(row.line_key), { zone }).toISODate();
  return textOrNull(row.line_key);
}

function add(sum: Sums, row: Row): void {
  sum.legs += integer(row.legs);
  sum.answered += integer(row.answered);
  sum.talkMs += integer(row.talk_ms);
  sum.rang += integer(row.rang);
  sum.delayMs += integer(row.delay_ms);
  const sale = textOrNull(row.currency);
  const cost = textOrNull(row.cost_currency);
  if (sale !== null) addMoney(sum.charges, sale, micros(row.charge_micros));
  if (cost !== null) addMoney(sum.costs, cost, micros(row.cost_micros));
  // A margin is known only where sale and cost have one currency.
  if (sale !== null && sale === cost) addMoney(sum.margins, sale, micros(row.margin_micros));
}

function addMoney(to: Map<Currency, bigint>, unit: string, amountMicros: bigint): void {
  const known = currency(unit);
  to.set(known, (to.get(known) ?? 0n) + amountMicros);
}

function amounts(by: ReadonlyMap<Currency, bigint>): readonly Money[] {
  return [...by].map(([unit, amountMicros]) => money(amountMicros, unit));
}

function lineOf(key: string | null, sum: Sums): TrafficLine {
  const { legs, answered, talkMs, rang, delayMs } = sum;
  return {
    key,
    legs,
    answered,
    talkMs,
    asrPercent: Math.round((answered / legs) * 1_000) / 10,
    acdMs: answered === 0 ? null : Math.round(talkMs / answered),
    pddMs: rang === 0 ? null : Math.round(delayMs / rang),
    charges: amounts(sum.charges),
    costs: amounts(sum.costs),
    margins: amounts(sum.margins),
  };
}
