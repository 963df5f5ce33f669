import { NotFound } from '../kernel/app-error';
import { integer, integerOrNull, type Row, type Sql, text, textOrNull } from '../kernel/unit-of-work';
import { HEARD_KEPT_MS, MAX_MESSAGES, UNHEARD_KEPT_MS, type Voicemail } from './voicemail';

const SELECT =
  'SELECT id, account_id, cdr_id, node_id, from_number, seconds, sound_file, left_at_ms, mailed_at_ms, heard_at_ms FROM voicemails';

/** @throws DuplicateKey when it was stored before */
export async function insertVoicemail(
  sql: Sql,
  message: Omit<Voicemail, 'mailedAtMs' | 'heardAtMs'>,
): Promise<void> {
  await sql.run(
    `INSERT INTO voicemails (id, account_id, cdr_id, node_id, from_number, seconds, sound_file, left_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      message.id,
      message.accountId,
      message.cdrId,
      message.nodeId,
      message.fromNumber,
      message.seconds,
      message.soundFile,
      message.leftAtMs,
    ],
  );
}

/** Null when there is none (any more). */
export async function findVoicemail(sql: Sql, id: string): Promise<Voicemail | null> {
  const [row] = await sql.all(`${SELECT} WHERE id = ?`, [id]);
  return row ? toVoicemail(row) : null;
}

/** @throws NotFound */
export async function voicemailById(sql: Sql, id: string): Promise<Voicemail> {
  const found = await findVoicemail(sql, id);
  if (!found) throw new NotFound('voicemail', id);
  return found;
}

/** An account's messages in the order they were left. */
export async function listVoicemails(
  sql: Sql,
  page: { readonly accountId: string; readonly afterId?: string | undefined; readonly limit: number },
): Promise<readonly Voicemail[]> {
  const rows = await sql.all(`${SELECT} WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?`, [
    page.accountId,
    page.afterId ?? '',
    page.limit,
  ]);
  return rows.map(toVoicemail);
}

/** Whether an account may have one more. */
export async function hasRoomForVoicemail(sql: Sql, accountId: string): Promise<boolean> {
  const [row] = await sql.all('SELECT COUNT(*) AS n FROM voicemails WHERE account_id = ?', [accountId]);
  return integer(row?.n) < MAX_MESSAGES;
}

/** How many messages an account has. */
export type VoicemailCount = { readonly fresh: number; readonly heard: number };

/** The counts of these accounts; one without messages is not in it. */
export async function countVoicemails(
  sql: Sql,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, VoicemailCount>> {
  if (accountIds.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT account_id, COUNT(*) AS total, COUNT(heard_at_ms) AS heard FROM voicemails
     WHERE account_id IN (${accountIds.map(() => '?').join(', ')}) GROUP BY account_id`,
    accountIds,
  );
  return new Map(
    rows.map((row) => {
      const heard = integer(row.heard);
      return [text(row.account_id), { fresh: integer(row.total) - heard, heard }];
    }),
  );
}

/** Marks a message as heard, once, or as new again. @throws NotFound */
export async function markHeard(
  sql: Sql,
  id: string,
  { heard, nowMs }: { readonly heard: boolean; readonly nowMs: number },
): Promise<Voicemail> {
  await sql.run(
    heard
      ? 'UPDATE voicemails SET heard_at_ms = COALESCE(heard_at_ms, ?) WHERE id = ?'
      : 'UPDATE voicemails SET heard_at_ms = NULL WHERE id = ?',
    heard ? [nowMs, id] : [id],
  );
  return voicemailById(sql, id);
}

export async function markMailed(sql: Sql, id: string, nowMs: number): Promise<void> {
  await sql.run('UPDATE voicemails SET mailed_at_ms = ? WHERE id = ? AND mailed_at_ms IS NULL', [nowMs, id]);
}

export async function deleteRow(sql: Sql, id: string): Promise<void> {
  await sql.run('DELETE FROM voicemails WHERE id = ?', [id]);
}

/** Messages of a node that are past their time, the oldest first. */
export async function expiredVoicemails(
  sql: Sql,
  { nodeId, nowMs, limit }: { readonly nodeId: string; readonly nowMs: number; readonly limit: number },
): Promise<readonly Voicemail[]> {
  const heard = await sql.all(
    `${SELECT} WHERE node_id = ? AND heard_at_ms < ? ORDER BY heard_at_ms LIMIT ?`,
    [nodeId, nowMs - HEARD_KEPT_MS, limit],
  );
  const unheard = await sql.all(
    `${SELECT} WHERE node_id = ? AND heard_at_ms IS NULL AND left_at_ms < ? ORDER BY left_at_ms LIMIT ?`,
    [nodeId, nowMs - UNHEARD_KEPT_MS, limit],
  );
  return [...heard, ...unheard].map(toVoicemail);
}

function toVoicemail(row: Row): Voicemail {
  return {
    id: text(row.id),
    accountId: text(row.account_id),
    cdrId: text(row.cdr_id),
    nodeId: text(row.node_id),
    fromNumber: textOrNull(row.from_number),
    seconds: integer(row.seconds),
    soundFile: text(row.sound_file),
    leftAtMs: integer(row.left_at_ms),
    mailedAtMs: integerOrNull(row.mailed_at_ms),
    heardAtMs: integerOrNull(row.heard_at_ms),
  };
}
