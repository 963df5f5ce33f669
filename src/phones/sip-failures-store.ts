import { integer, integerOrNull, type Row, type Sql, text } from '../kernel/unit-of-work';
import { afterFailure, endOfCount, type FailureCount, NO_FAILURES } from './sip-guard';

/** Whose failures are counted. */
export type FailureSubject =
  | { readonly kind: 'source'; readonly address: string }
  | { readonly kind: 'username'; readonly username: string }
  /** An owner's device at an address that he has used. */
  | { readonly kind: 'place'; readonly deviceId: string; readonly address: string };

/** An address is remembered as its owner's this long after he last used it. */
export const OWNERS_PLACE_KEPT_MS = 30 * 86_400_000;

/** A place that is in use anyway is noted again only after this. */
const PLACE_NOTED_AGAIN_MS = 3_600_000;

const MAX_SUBJECT_LENGTH = 120;

function keyOf(subject: FailureSubject): string {
  switch (subject.kind) {
    case 'source':
      return `source ${subject.address}`;
    case 'username':
      return `username ${subject.username}`.slice(0, MAX_SUBJECT_LENGTH);
    case 'place':
      return `place ${subject.deviceId} ${subject.address}`;
  }
}

/** The counts of several subjects, in their order; a subject that never failed has NO_FAILURES. */
export async function failuresOf(
  sql: Sql,
  subjects: readonly FailureSubject[],
): Promise<readonly FailureCount[]> {
  const keys = subjects.map(keyOf);
  const rows = await sql.all(
    `SELECT subject, failures, blocks, since_ms, blocked_until_ms FROM sip_failures WHERE subject IN (${keys.map(() => '?').join(', ')})`,
    keys,
  );
  const found = new Map(rows.map((row) => [text(row.subject), toCount(row)]));
  return keys.map((key) => found.get(key) ?? NO_FAILURES);
}

/** Counts one failure; true when a block begins with it. To be called in a unit of work. */
export async function countFailure(sql: Sql, subject: FailureSubject, nowMs: number): Promise<boolean> {
  const key = keyOf(subject);
  // The row is made first, so that there is one to lock: two tries at once must not count as one.
  await sql.run(
    `INSERT INTO sip_failures (subject, failures, blocks, since_ms, blocked_until_ms, ends_at_ms)
     SELECT ?, 0, 0, ?, NULL, 0 WHERE NOT EXISTS (SELECT 1 FROM sip_failures WHERE subject = ?)`,
    [key, nowMs, key],
  );
  const [row] = await sql.all(
    `SELECT failures, blocks, since_ms, blocked_until_ms FROM sip_failures WHERE subject = ?${sql.forUpdate}`,
    [key],
  );
  const { next, began } = afterFailure(row ? toCount(row) : NO_FAILURES, nowMs);
  await sql.run(
    'UPDATE sip_failures SET failures = ?, blocks = ?, since_ms = ?, blocked_until_ms = ?, ends_at_ms = ? WHERE subject = ?',
    [next.failures, next.blocks, next.sinceMs, next.blockedUntilMs, endOfCount(next), key],
  );
  return began;
}

/** Whether the owner of a device has used it from this address lately. */
export async function isOwnersPlace(
  sql: Sql,
  {
    deviceId,
    address,
    nowMs,
  }: { readonly deviceId: string; readonly address: string; readonly nowMs: number },
): Promise<boolean> {
  const [row] = await sql.all(
    'SELECT last_used_at_ms FROM device_addresses WHERE device_id = ? AND address = ?',
    [deviceId, address],
  );
  return row !== undefined && integer(row.last_used_at_ms) > nowMs - OWNERS_PLACE_KEPT_MS;
}

/** Whether the owner of any device has used it from this address lately. */
export async function isAnOwnersPlace(
  sql: Sql,
  { address, nowMs }: { readonly address: string; readonly nowMs: number },
): Promise<boolean> {
  const rows = await sql.all(
    'SELECT 1 AS found FROM device_addresses WHERE address = ? AND last_used_at_ms > ? LIMIT 1',
    [address, nowMs - OWNERS_PLACE_KEPT_MS],
  );
  return rows.length > 0;
}

/** Remembers that a device was used from this address with the right password. */
export async function noteOwnersPlace(
  sql: Sql,
  {
    deviceId,
    address,
    nowMs,
  }: { readonly deviceId: string; readonly address: string; readonly nowMs: number },
): Promise<void> {
  const [row] = await sql.all(
    'SELECT last_used_at_ms FROM device_addresses WHERE device_id = ? AND address = ?',
    [deviceId, address],
  );
  if (row && integer(row.last_used_at_ms) > nowMs - PLACE_NOTED_AGAIN_MS) return;
  await sql.run('DELETE FROM device_addresses WHERE device_id = ? AND address = ?', [deviceId, address]);
  await sql.run('INSERT INTO device_addresses (device_id, address, last_used_at_ms) VALUES (?, ?, ?)', [
    deviceId,
    address,
    nowMs,
  ]);
}

/** Removes counts that say nothing any more, and places nobody has been at for long. */
export async function forgetOldFailures(sql: Sql, nowMs: number): Promise<void> {
  await sql.run('DELETE FROM sip_failures WHERE ends_at_ms < ?', [nowMs]);
  await sql.run('DELETE FROM device_addresses WHERE last_used_at_ms < ?', [nowMs - OWNERS_PLACE_KEPT_MS]);
}

function toCount(row: Row): FailureCount {
  return {
    failures: integer(row.failures),
    blocks: integer(row.blocks),
    sinceMs: integer(row.since_ms),
    blockedUntilMs: integerOrNull(row.blocked_until_ms),
  };
}
