import { NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import {
  type Database,
  DuplicateKey,
  integer,
  integerOrNull,
  type Row,
  type Sql,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import type { Recording, RecordingConsent } from './recording';
import { deleteAfterMs } from './retention';

/** Recordings that one leg can be in: a member starts and stops many times, but not for ever. */
const MAX_RECORDINGS_A_CDR = 100;
/** Consents and downloads shown with a recording. */
export const MAX_SHOWN_WITH_RECORDING = 1_000;

const COLUMNS =
  'id, room_id, room_session_id, node_id, state, started_at_ms, ended_at_ms, audio_bytes, file_bytes, sha256, key_id, file_name, retention_class, delete_after_ms, legal_hold, deleted_at_ms';
const SELECT = `SELECT ${COLUMNS} FROM recordings`;

/** What is known when a recording begins. */
export type BegunRecording = Pick<
  Recording,
  'id' | 'roomId' | 'roomSessionId' | 'nodeId' | 'startedAtMs' | 'keyId' | 'fileName' | 'retentionClass'
>;

export async function insertRecording(database: Database, begun: BegunRecording): Promise<void> {
  await database.write((sql) =>
    sql.run(
      `INSERT INTO recordings (${COLUMNS}) VALUES (?, ?, ?, ?, 'recording', ?, NULL, 0, 0, NULL, ?, ?, ?, NULL, 0, NULL)`,
      [
        begun.id,
        begun.roomId,
        begun.roomSessionId,
        begun.nodeId,
        begun.startedAtMs,
        begun.keyId,
        begun.fileName,
        begun.retentionClass,
      ],
    ),
  );
}

/** What is known when it has ended. */
export type EndedRecording = {
  readonly state: 'done' | 'cut-short';
  readonly endedAtMs: number;
  readonly audioBytes: number;
  readonly fileBytes: number;
  readonly sha256: string | null;
};

/** Stores the end of a recording once; who left in the meantime keeps his own time. @throws NotFound */
export async function storeEnd(database: Database, id: string, ended: EndedRecording): Promise<Recording> {
  return database.write(async (sql) => {
    const { retentionClass } = await recordingById(sql, id);
    const changed = await sql.run(
      "UPDATE recordings SET state = ?, ended_at_ms = ?, audio_bytes = ?, file_bytes = ?, sha256 = ?, delete_after_ms = ? WHERE id = ? AND state = 'recording'",
      [
        ended.state,
        ended.endedAtMs,
        ended.audioBytes,
        ended.fileBytes,
        ended.sha256,
        deleteAfterMs(retentionClass, ended.endedAtMs),
        id,
      ],
    );
    if (changed === 1)
      await sql.run(
        'UPDATE recording_consents SET left_at_ms = ? WHERE recording_id = ? AND left_at_ms IS NULL',
        [ended.endedAtMs, id],
      );
    return recordingById(sql, id);
  });
}

/** Keeps a recording whatever its age, or lets its age count again. @throws NotFound */
export async function setLegalHold(database: Database, id: string, legalHold: boolean): Promise<Recording> {
  return database.write(async (sql) => {
    await sql.run('UPDATE recordings SET legal_hold = ? WHERE id = ?', [Number(legalHold), id]);
    return recordingById(sql, id);
  });
}

/** @throws NotFound */
export async function recordingById(sql: Sql, id: string): Promise<Recording> {
  const [row] = await sql.all(`${SELECT} WHERE id = ?`, [id]);
  if (!row) throw new NotFound('recording', id);
  return toRecording(row);
}

/** Recordings by id, oldest first, after `afterId`; of a room or session when given. */
export async function listRecordings(
  sql: Sql,
  page: {
    roomId?: string | undefined;
    roomSessionId?: string | undefined;
    afterId?: string | undefined;
    limit: number;
  },
): Promise<readonly Recording[]> {
  const { roomId, roomSessionId } = page;
  const rows = await sql.all(
    `${SELECT} WHERE id > ?${roomId === undefined ? '' : ' AND room_id = ?'}${roomSessionId === undefined ? '' : ' AND room_session_id = ?'} ORDER BY id LIMIT ?`,
    [page.afterId ?? '', ...[roomId, roomSessionId].filter((value) => value !== undefined), page.limit],
  );
  return rows.map(toRecording);
}

/** Recordings of a node that nobody ended: those of a process that died. */
export async function unendedRecordings(
  sql: Sql,
  nodeId: string,
  limit: number,
): Promise<readonly Recording[]> {
  const rows = await sql.all(`${SELECT} WHERE node_id = ? AND state = 'recording' ORDER BY id LIMIT ?`, [
    nodeId,
    limit,
  ]);
  return rows.map(toRecording);
}

/** Ids of a node's recordings that are past their time and not held, the longest past first. */
export async function expiredRecordings(
  sql: Sql,
  nodeId: string,
  nowMs: number,
  limit: number,
): Promise<readonly string[]> {
  const rows = await sql.all(
    "SELECT id FROM recordings WHERE node_id = ? AND state IN ('done', 'cut-short') AND delete_after_ms <= ? AND legal_hold = 0 ORDER BY delete_after_ms LIMIT ?",
    [nodeId, nowMs, limit],
  );
  return rows.map((row) => text(row.id));
}

/** Writes down that somebody heard he is recorded; a second time changes nothing. */
export async function noteConsent(
  database: Database,
  consent: Omit<RecordingConsent, 'leftAtMs'>,
): Promise<void> {
  try {
    await database.write((sql) =>
      sql.run(
        'INSERT INTO recording_consents (recording_id, cdr_id, heard_at_ms, how, left_at_ms) VALUES (?, ?, ?, ?, NULL)',
        [consent.recordingId, consent.cdrId, consent.heardAtMs, consent.how],
      ),
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
}

/** Writes down when somebody left, in whatever recordings he is; what ended before him keeps its time. A second time changes nothing. */
export async function noteLeft(database: Database, cdrId: string, leftAtMs: number): Promise<void> {
  // Most legs are in no recording: they shall not cost a write.
  if ((await recordingsOfCdr(database.read, cdrId)).length === 0) return;
  await database.write((sql) =>
    sql.run(
      'UPDATE recording_consents SET left_at_ms = ? WHERE cdr_id = ? AND (left_at_ms IS NULL OR left_at_ms > ?)',
      [leftAtMs, cdrId, leftAtMs],
    ),
  );
}

/** Who is in a recording, in the order they heard of it. */
export async function consentsOf(sql: Sql, recordingId: string): Promise<readonly RecordingConsent[]> {
  const rows = await sql.all(
    'SELECT recording_id, cdr_id, heard_at_ms, how, left_at_ms FROM recording_consents WHERE recording_id = ? ORDER BY heard_at_ms, cdr_id LIMIT ?',
    [recordingId, MAX_SHOWN_WITH_RECORDING],
  );
  return rows.map((row) => ({
    recordingId: text(row.recording_id),
    cdrId: text(row.cdr_id),
    heardAtMs: integer(row.heard_at_ms),
    how: text(row.how) as RecordingConsent['how'],
    leftAtMs: integerOrNull(row.left_at_ms),
  }));
}

/** The recordings that a leg may be heard in, with the hash of each file (null while it is still written). */
export async function recordingsOfCdr(
  sql: Sql,
  cdrId: string,
): Promise<readonly { readonly id: string; readonly sha256: string | null }[]> {
  const rows = await sql.all(
    'SELECT recordings.id, recordings.sha256 FROM recording_consents JOIN recordings ON recordings.id = recording_consents.recording_id WHERE cdr_id = ? ORDER BY recordings.id LIMIT ?',
    [cdrId, MAX_RECORDINGS_A_CDR],
  );
  return rows.map((row) => ({ id: text(row.id), sha256: textOrNull(row.sha256) }));
}

/** Who fetched a recording, and when. */
export type RecordingDownload = {
  readonly keyId: string;
  readonly keyLabel: string;
  readonly downloadedAtMs: number;
};

export async function noteDownload(
  database: Database,
  recordingId: string,
  download: RecordingDownload,
): Promise<void> {
  await database.write((sql) =>
    sql.run(
      'INSERT INTO recording_downloads (id, recording_id, key_id, key_label, downloaded_at_ms) VALUES (?, ?, ?, ?, ?)',
      [
        newId(download.downloadedAtMs),
        recordingId,
        download.keyId,
        download.keyLabel,
        download.downloadedAtMs,
      ],
    ),
  );
}

/** Downloads of a recording, oldest first. */
export async function downloadsOf(sql: Sql, recordingId: string): Promise<readonly RecordingDownload[]> {
  const rows = await sql.all(
    'SELECT key_id, key_label, downloaded_at_ms FROM recording_downloads WHERE recording_id = ? ORDER BY id LIMIT ?',
    [recordingId, MAX_SHOWN_WITH_RECORDING],
  );
  return rows.map((row) => ({
    keyId: text(row.key_id),
    keyLabel: text(row.key_label),
    downloadedAtMs: integer(row.downloaded_at_ms),
  }));
}

/** The row for change: locked until the unit of work ends. @throws NotFound */
export async function lockRecording(sql: Sql, id: string): Promise<Recording> {
  const [row] = await sql.all(`${SELECT} WHERE id = ?${sql.forUpdate}`, [id]);
  if (!row) throw new NotFound('recording', id);
  return toRecording(row);
}

function toRecording(row: Row): Recording {
  return {
    id: text(row.id),
    roomId: text(row.room_id),
    roomSessionId: text(row.room_session_id),
    nodeId: text(row.node_id),
    state: text(row.state) as Recording['state'],
    startedAtMs: integer(row.started_at_ms),
    endedAtMs: integerOrNull(row.ended_at_ms),
    audioBytes: integer(row.audio_bytes),
    fileBytes: integer(row.file_bytes),
    sha256: textOrNull(row.sha256),
    keyId: text(row.key_id),
    fileName: text(row.file_name),
    retentionClass: text(row.retention_class) as Recording['retentionClass'],
    deleteAfterMs: integerOrNull(row.delete_after_ms),
    legalHold: integer(row.legal_hold) === 1,
    deletedAtMs: integerOrNull(row.deleted_at_ms),
  };
}
