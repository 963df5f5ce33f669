import { unlink } from 'node:fs/promises';
import type { Log } from '../../kernel/log';
import type { Database } from '../../kernel/unit-of-work';
import { fileOf, isMissing, type RecordingPlace } from './end-recordings';
import { type Recording, RecordingUnavailable } from './recording';
import { expiredRecordings, lockRecording } from './recordings-store';

/** Files deleted in one go. */
const DELETED_AT_ONCE = 500;

/**
 * Deletes a recording's file for good and then says so in its row, which stays. On a crash between the two the next run finds no file
 * and only says so. @throws NotFound; RecordingUnavailable when it is held, still written, or on another node's disk
 */
export async function deleteRecording(
  database: Database,
  place: RecordingPlace,
  id: string,
  nowMs: number,
): Promise<Recording> {
  return database.write(async (sql) => {
    // Under the row's lock, so that a hold cannot come between; removing a file twice does no harm if this runs again.
    const recording = await lockRecording(sql, id);
    if (recording.state === 'deleted') return recording;
    if (recording.legalHold)
      throw new RecordingUnavailable('the recording is under a legal hold; lift it first', { id });
    if (recording.state === 'recording')
      throw new RecordingUnavailable('the recording is still being written; stop it first', { id });
    if (recording.nodeId !== place.nodeId)
      throw new RecordingUnavailable(`the recording lies on node ${recording.nodeId}; ask there`, { id });
    await removeFile(fileOf(place, recording));
    await sql.run("UPDATE recordings SET state = 'deleted', deleted_at_ms = ? WHERE id = ?", [nowMs, id]);
    return { ...recording, state: 'deleted', deletedAtMs: nowMs };
  });
}

/** Deletes the recordings of this node that are past their retention and not held; gives their number. */
export async function forgetRecordings(
  parts: { readonly database: Database; readonly place: RecordingPlace; readonly log: Log },
  nowMs: number,
): Promise<number> {
  const { database, place, log } = parts;
  let deleted = 0;
  for (const id of await expiredRecordings(database.read, place.nodeId, nowMs, DELETED_AT_ONCE)) {
    try {
      await deleteRecording(database, place, id, nowMs);
      deleted++;
    } catch (error) {
      log.warn('a recording past its retention stays', { recordingId: id, error });
    }
  }
  return deleted;
}

async function removeFile(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
