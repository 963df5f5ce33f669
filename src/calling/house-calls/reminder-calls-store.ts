import { type Database, DuplicateKey } from '../../kernel/unit-of-work';

/** A reminder that is about to be called out. */
export type BegunReminder = {
  readonly key: string;
  /** What the CDRs of its legs bear. */
  readonly callId: string;
  readonly accountId: string;
  readonly nowMs: number;
};

/** Notes that a reminder is being called out. False when one of this key was before: then it is not to be called again. */
export async function beginReminder(database: Database, begun: BegunReminder): Promise<boolean> {
  const { key, callId, accountId, nowMs } = begun;
  try {
    await database.write((sql) =>
      sql.run('INSERT INTO reminder_calls (call_key, call_id, account_id, begun_at_ms) VALUES (?, ?, ?, ?)', [
        key,
        callId,
        accountId,
        nowMs,
      ]),
    );
    return true;
  } catch (error) {
    if (error instanceof DuplicateKey) return false;
    throw error;
  }
}

/** Takes the note back for a call that was sent to nobody, so that it may be tried again; another call's note stays. */
export async function takeReminderBack(
  database: Database,
  { key, callId }: Pick<BegunReminder, 'key' | 'callId'>,
): Promise<void> {
  await database.write((sql) =>
    sql.run('DELETE FROM reminder_calls WHERE call_key = ? AND call_id = ?', [key, callId]),
  );
}
