import { CHAIN_BEGINS, chainHash } from '../kernel/hash-chain';
import {
  type Database,
  integer,
  type Row,
  type Sql,
  text,
  textOrNull,
  whereOf,
} from '../kernel/unit-of-work';

/** Who did it: somebody signed in, a program by its key, somebody who is not known yet, or the service itself. */
export type Actor = {
  readonly kind: 'person' | 'key' | 'visitor' | 'service';
  readonly id: string;
  readonly label: string;
};

/** What was done; never a password, PIN, code or token. */
export type Deed = {
  readonly actor: Actor;
  /** Fixed words, for example "signed-in". */
  readonly action: string;
  /** What it was done to: the id of a thing, or a path. */
  readonly subject: string;
  readonly reason?: string | null;
  readonly address?: string | null;
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>;
  readonly nowMs: number;
};

export type AuditEntry = {
  readonly entryNumber: number;
  readonly atMs: number;
  readonly actor: Actor;
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly address: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
};

const LONGEST = { label: 200, subject: 300, reason: 500 } as const;
const COLUMNS =
  'entry_number, at_ms, actor_kind, actor_id, actor_label, action, subject, reason, address, facts, link_hash';
/** Rows that a proof reads at once. */
const PROVED_AT_ONCE = 1_000;

/** Adds an entry to the chain inside the caller's transaction, so that what is recorded and what was done stand or fall together. */
export async function recordDeed(sql: Sql, deed: Deed): Promise<void> {
  // Taken first: whoever comes next waits here until this transaction has ended.
  await sql.run('UPDATE audit_head SET entry_number = entry_number + 1 WHERE id = 1');
  const [head] = await sql.all('SELECT entry_number, link_hash FROM audit_head WHERE id = 1');
  if (!head) throw new Error('the end of the audit log is missing');
  const { actor } = deed;
  const written: Row = {
    entry_number: integer(head.entry_number),
    at_ms: deed.nowMs,
    actor_kind: actor.kind,
    actor_id: actor.id,
    actor_label: actor.label.slice(0, LONGEST.label),
    action: deed.action,
    subject: deed.subject.slice(0, LONGEST.subject),
    reason: deed.reason?.slice(0, LONGEST.reason) ?? null,
    address: deed.address ?? null,
    facts: JSON.stringify(deed.facts ?? {}),
  };
  const hash = linkOf(text(head.link_hash), written);
  await sql.run(`INSERT INTO audit_entries (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, [
    integer(written.entry_number),
    deed.nowMs,
    actor.kind,
    actor.id,
    text(written.actor_label),
    deed.action,
    text(written.subject),
    textOrNull(written.reason),
    textOrNull(written.address),
    text(written.facts),
    hash,
  ]);
  await sql.run('UPDATE audit_head SET link_hash = ? WHERE id = 1', [hash]);
}

export type AuditWanted = {
  readonly actorId: string | null;
  readonly subject: string | null;
  readonly action: string | null;
  readonly fromMs: number | null;
  readonly untilMs: number | null;
  /** Entries older than this one; null: from the newest. */
  readonly before: number | null;
  readonly limit: number;
};

/** Entries, the newest first, one more than `limit` when there are more. */
export async function listEntries(sql: Sql, wanted: AuditWanted): Promise<readonly AuditEntry[]> {
  const { where, values } = whereOf([
    ['actor_id = ?', wanted.actorId],
    ['subject = ?', wanted.subject],
    ['action = ?', wanted.action],
    ['at_ms >= ?', wanted.fromMs],
    ['at_ms < ?', wanted.untilMs],
    ['entry_number < ?', wanted.before],
  ]);
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM audit_entries ${where} ORDER BY entry_number DESC LIMIT ?`,
    [...values, wanted.limit + 1],
  );
  return rows.map((row) => ({
    entryNumber: integer(row.entry_number),
    atMs: integer(row.at_ms),
    actor: {
      kind: text(row.actor_kind) as Actor['kind'],
      id: text(row.actor_id),
      label: text(row.actor_label),
    },
    action: text(row.action),
    subject: text(row.subject),
    reason: textOrNull(row.reason),
    address: textOrNull(row.address),
    facts: JSON.parse(text(row.facts)) as Record<string, unknown>,
  }));
}

export type AuditProof = {
  readonly entries: number;
  /** The hash of the last entry: whoever keeps it elsewhere can tell that nothing before it was written anew. */
  readonly lastHash: string;
  readonly faults: readonly string[];
};

/** Goes through the whole chain and names what does not fit; it ends at the first entry that was changed, since all after it hang on that. */
export async function verifyAudit(database: Database): Promise<AuditProof> {
  const [head] = await database.report.all('SELECT entry_number, link_hash FROM audit_head WHERE id = 1');
  if (!head) return { entries: 0, lastHash: CHAIN_BEGINS, faults: ['the end of the chain is missing'] };
  const endsAt = integer(head.entry_number);
  let hash = CHAIN_BEGINS;
  let number = 0;
  for (;;) {
    const rows = await database.report.all(
      `SELECT ${COLUMNS} FROM audit_entries WHERE entry_number > ? AND entry_number <= ? ORDER BY entry_number LIMIT ?`,
      [number, endsAt, PROVED_AT_ONCE],
    );
    for (const row of rows) {
      const found = integer(row.entry_number);
      if (found !== number + 1)
        return { entries: number, lastHash: hash, faults: [`entry ${number + 1} is missing`] };
      hash = linkOf(hash, row);
      number = found;
      if (hash !== text(row.link_hash))
        return { entries: number - 1, lastHash: hash, faults: [`entry ${number} is not as it was written`] };
    }
    if (rows.length < PROVED_AT_ONCE) break;
  }
  const faults = [
    ...(number === endsAt ? [] : [`entries ${number + 1} to ${endsAt} are missing`]),
    ...(number === endsAt && hash !== text(head.link_hash) ? ['the end of the chain is another'] : []),
  ];
  return { entries: number, lastHash: hash, faults };
}

function linkOf(before: string, row: Row): string {
  return chainHash([
    before,
    integer(row.entry_number),
    integer(row.at_ms),
    row.actor_kind,
    row.actor_id,
    row.actor_label,
    row.action,
    row.subject,
    row.reason,
    row.address,
    row.facts,
  ]);
}
