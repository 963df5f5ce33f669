import { recordDeed } from '../audit/audit-log';
import { AppError } from '../kernel/app-error';
import { type Database, integer, type Sql, text, textOrNull } from '../kernel/unit-of-work';
import type { Person } from './person';
import { actorOf } from './sign-in';

/** How long a stated reason counts. */
const REASON_MS = 60 * 60_000;

/** Why somebody of the staff looks at what belongs to people. */
export type Reason = { readonly text: string; readonly subject: string | null; readonly untilMs: number };

/** Staff wants to see what belongs to people and has not said what for. */
export class ReasonNeeded extends AppError {
  readonly code = 'reason-needed';
  constructor() {
    super('say first what you need to see this for: POST /session/reason; it counts for an hour');
  }
}

/** Notes what staff looks at things of people for, from now on in this session. */
export async function stateReason(
  database: Database,
  wish: {
    readonly person: Person;
    readonly sessionId: string;
    readonly reason: string;
    readonly subject: string | null;
    readonly address: string;
    readonly nowMs: number;
  },
): Promise<Reason> {
  const { person, sessionId, reason, subject, address, nowMs } = wish;
  const untilMs = nowMs + REASON_MS;
  await database.write(async (sql) => {
    await sql.run('UPDATE sessions SET reason = ?, reason_subject = ?, reason_until_ms = ? WHERE id = ?', [
      reason,
      subject,
      untilMs,
      sessionId,
    ]);
    await recordDeed(sql, {
      actor: actorOf(person),
      action: 'reason-stated',
      subject: subject ?? '',
      reason,
      address,
      nowMs,
    });
  });
  return { text: reason, subject, untilMs };
}

/** The reason that counts in a session, or null. */
export async function reasonOf(sql: Sql, sessionId: string, nowMs: number): Promise<Reason | null> {
  const [row] = await sql.all(
    'SELECT reason, reason_subject, reason_until_ms FROM sessions WHERE id = ? AND reason_until_ms > ?',
    [sessionId, nowMs],
  );
  if (!row) return null;
  return {
    text: text(row.reason),
    subject: textOrNull(row.reason_subject),
    untilMs: integer(row.reason_until_ms),
  };
}
