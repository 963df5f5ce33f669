import { type Database, text } from '../../../src/kernel/unit-of-work';

/** How the service keeps itself running, and random things beside money: what may differ between two ways to the same end. */
const BOOKKEEPING = new Set([
  'jobs',
  'schedules',
  'leases',
  'schema_migrations',
  'ledger_seals',
  'ledger_proofs',
  // Hashes of ids, and numbers that are drawn at random.
  'ledger_chain',
  'voip_numbers',
  'voip_number_owners',
]);

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const HASH = /\b[0-9a-f]{64}\b/g;
/** A moment of 2024 to 2033 in ms. */
const MOMENT = /\b1[7-9]\d{11}\b/g;
const DAY_MS = 86_400_000;

/** The rows of each table, in the order of their texts. */
export type Rows = ReadonlyMap<string, readonly string[]>;

/** What all tables hold. `plain`: as it stands, so that nothing may have been written since. */
export async function rowsOf(
  database: Database,
  how: 'plain' | 'without ids and times of day',
): Promise<Rows> {
  const names = how === 'plain' ? null : await namesOf(database);
  const all = new Map<string, readonly string[]>();
  for (const table of await tablesOf(database)) {
    if (BOOKKEEPING.has(table)) continue;
    const rows = await database.report.all(`SELECT * FROM ${table}`);
    const lines = rows.map((row) => {
      const line = JSON.stringify(row, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
      return names ? anonymous(line, names) : line;
    });
    all.set(table, lines.toSorted());
  }
  return all;
}

/** Tables that differ, each with the first row that only one side has. */
export function differences(one: Rows, other: Rows): readonly string[] {
  const found: string[] = [];
  for (const [table, lines] of one) {
    const others = other.get(table) ?? [];
    const at = Array.from({ length: Math.max(lines.length, others.length) }, (_, n) => n).find(
      (n) => lines[n] !== others[n],
    );
    if (at !== undefined)
      found.push(`table ${table}: ${lines[at] ?? 'nothing'} against ${others[at] ?? 'nothing'}`);
  }
  return found;
}

function anonymous(line: string, names: ReadonlyMap<string, string>): string {
  return line
    .replace(UUID, (id) => names.get(id) ?? '·')
    .replace(HASH, '#')
    .replace(MOMENT, (ms) => `day ${Math.floor(Number(ms) / DAY_MS)}`);
}

async function namesOf(database: Database): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const statement of [
    'SELECT id, name FROM accounts',
    'SELECT id, number AS name FROM invoices',
    'SELECT id, idempotency_key AS name FROM ledger_transactions',
  ])
    for (const row of await database.report.all(statement)) names.set(text(row.id), text(row.name));
  // A key that names other ids is told by those.
  for (const [id, name] of names)
    names.set(
      id,
      name.replace(UUID, (other) => names.get(other) ?? '·'),
    );
  return names;
}

async function tablesOf(database: Database): Promise<readonly string[]> {
  const rows = await database.report.all(
    database.dialect === 'sqlite'
      ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
      : "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name",
  );
  return rows.map((row) => text(row.name));
}
