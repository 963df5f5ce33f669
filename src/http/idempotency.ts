import { fingerprint } from '../kernel/ids';
import {
  type Database,
  DuplicateKey,
  integer,
  integerOrNull,
  text,
  textOrNull,
} from '../kernel/unit-of-work';
import { BadRequest, IdempotencyConflict } from './error-response';

/** A request whose process died is free to be sent again after this. */
const ABANDONED_MS = 60_000;
/** Answers are kept at least this long. */
const KEPT_MS = 48 * 3_600_000;

export type StoredAnswer = { readonly status: number; readonly body: unknown };

export type IdempotentRequest = {
  readonly callerId: string;
  readonly key: string | undefined;
  /** Method, URL and body: the same key with another of these is refused. */
  readonly content: string;
  readonly nowMs: number;
};

/**
 * Runs `work` once for a key of a caller: the second request with it gets the first answer. An error of ours (500) is not kept, so it
 * can be tried again. @throws BadRequest without a key, IdempotencyConflict for a key in use or used otherwise
 */
export async function once(
  database: Database,
  request: IdempotentRequest,
  work: () => Promise<{ answer: StoredAnswer; stored: StoredAnswer }>,
): Promise<{ answer: StoredAnswer; repeated: boolean }> {
  const { key } = request;
  if (key === undefined || key === '' || key.length > 255)
    throw new BadRequest([
      {
        field: 'Idempotency-Key',
        problem: 'is needed on every POST: 1 to 255 characters of your choice, a new one for each wish',
      },
    ]);
  const earlier = await begin(database, { ...request, key });
  if (earlier) return { answer: earlier, repeated: true };
  const position = [request.callerId, key] as const;
  try {
    const { answer, stored } = await work();
    if (stored.status >= 500) await forget(database, position);
    else
      await database.write((sql) =>
        sql.run(
          'UPDATE api_requests SET status = ?, answer = ? WHERE caller_id = ? AND idempotency_key = ?',
          [stored.status, JSON.stringify(stored.body), ...position],
        ),
      );
    return { answer, repeated: false };
  } catch (error) {
    await forget(database, position);
    throw error;
  }
}

/** Removes answers that nobody will ask for any more; gives their number. */
export async function forgetOldAnswers(database: Database, nowMs: number): Promise<number> {
  return database.write((sql) =>
    sql.run('DELETE FROM api_requests WHERE started_at_ms < ?', [nowMs - KEPT_MS]),
  );
}

/** Takes the key for this request, or gives the answer it has. */
async function begin(
  database: Database,
  request: IdempotentRequest & { key: string },
): Promise<StoredAnswer | null> {
  const print = fingerprint(request.content);
  const position = [request.callerId, request.key] as const;
  try {
    await database.write((sql) =>
      sql.run(
        'INSERT INTO api_requests (caller_id, idempotency_key, request_fingerprint, status, answer, started_at_ms) VALUES (?, ?, ?, NULL, NULL, ?)',
        [...position, print, request.nowMs],
      ),
    );
    return null;
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
  const [row] = await database.read.all(
    'SELECT request_fingerprint, status, answer, started_at_ms FROM api_requests WHERE caller_id = ? AND idempotency_key = ?',
    position,
  );
  if (row && text(row.request_fingerprint) !== print)
    throw new IdempotencyConflict(
      'idempotency-key-reused',
      'this Idempotency-Key was used for another request; choose a new one',
    );
  const status = row ? integerOrNull(row.status) : null;
  if (row && status !== null) return { status, body: JSON.parse(textOrNull(row.answer) ?? 'null') };
  if (row && (await takeOver(database, position, integer(row.started_at_ms), request.nowMs))) return null;
  throw new IdempotencyConflict(
    'idempotency-in-progress',
    'the first request with this key is not done yet; ask again in a moment',
  );
}

/** One of those who find an abandoned request may run it again. */
async function takeOver(
  database: Database,
  position: readonly [string, string],
  startedAtMs: number,
  nowMs: number,
): Promise<boolean> {
  if (nowMs - startedAtMs < ABANDONED_MS) return false;
  const changed = await database.write((sql) =>
    sql.run(
      'UPDATE api_requests SET started_at_ms = ? WHERE caller_id = ? AND idempotency_key = ? AND started_at_ms = ? AND status IS NULL',
      [nowMs, ...position, startedAtMs],
    ),
  );
  return changed === 1;
}

async function forget(database: Database, position: readonly [string, string]): Promise<void> {
  await database.write((sql) =>
    sql.run(
      'DELETE FROM api_requests WHERE caller_id = ? AND idempotency_key = ? AND status IS NULL',
      position,
    ),
  );
}
