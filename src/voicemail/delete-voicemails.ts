import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import { removeSealed, type VoicemailPlace } from './sealed-sound';
import { deleteRow, expiredVoicemails, voicemailById } from './voicemails-store';

/** Messages deleted in one go, of each kind. */
const DELETED_AT_ONCE = 500;

/** Deletes a message for good: its sound, then its row. @throws NotFound, VoicemailElsewhere */
export async function deleteVoicemail(database: Database, place: VoicemailPlace, id: string): Promise<void> {
  await removeSealed(place, await voicemailById(database.read, id));
  await database.write((sql) => deleteRow(sql, id));
}

/** Deletes the messages of this node that are past their time; gives their number. */
export async function forgetVoicemails(
  parts: { readonly database: Database; readonly place: VoicemailPlace; readonly log: Log },
  nowMs: number,
): Promise<number> {
  const { database, place, log } = parts;
  const expired = await expiredVoicemails(database.read, {
    nodeId: place.nodeId,
    nowMs,
    limit: DELETED_AT_ONCE,
  });
  let deleted = 0;
  for (const { id } of expired) {
    try {
      await deleteVoicemail(database, place, id);
      deleted += 1;
    } catch (error) {
      log.warn('a message past its time stays', { voicemailId: id, error });
    }
  }
  return deleted;
}
