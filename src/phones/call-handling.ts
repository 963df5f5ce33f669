import { InvalidInput } from '../kernel/app-error';
import { isMailbox } from '../mail/mail';
import { integer, type Row, type Sql, textOrNull } from '../kernel/unit-of-work';

/** How an account wants to be reached. Numbers to forward to are kept as they would be dialled. */
export type CallHandling = {
  readonly doNotDisturb: boolean;
  readonly ringSeconds: number;
  readonly forwardBusy: string | null;
  readonly forwardNoAnswer: string | null;
  readonly forwardUnreachable: string | null;
  /** Mail address that voicemail is sent to; null takes none. */
  readonly voicemailTo: string | null;
};

/** What holds for an account that has chosen nothing. */
export const DEFAULT_HANDLING: CallHandling = {
  doNotDisturb: false,
  ringSeconds: 30,
  forwardBusy: null,
  forwardNoAnswer: null,
  forwardUnreachable: null,
  voicemailTo: null,
};

export const LEAST_RING_SECONDS = 5;
export const MOST_RING_SECONDS = 120;

const DIALLABLE = /^[+*#\d][\d\s().*#-]{0,39}$/;

/** Checks what an owner wishes. @throws InvalidInput naming the field */
export function checkHandling(wish: CallHandling): CallHandling {
  const { ringSeconds } = wish;
  if (
    !(Number.isInteger(ringSeconds) && ringSeconds >= LEAST_RING_SECONDS && ringSeconds <= MOST_RING_SECONDS)
  )
    throw new InvalidInput(
      'ringSeconds',
      `is ${ringSeconds}`,
      `write ${LEAST_RING_SECONDS} to ${MOST_RING_SECONDS}`,
    );
  for (const field of ['forwardBusy', 'forwardNoAnswer', 'forwardUnreachable'] as const) {
    const number = wish[field];
    if (number !== null && !DIALLABLE.test(number))
      throw new InvalidInput(field, `"${number}" cannot be dialled`, 'write a number as you would dial it');
  }
  if (wish.voicemailTo !== null && !isMailbox(wish.voicemailTo))
    throw new InvalidInput(
      'voicemailTo',
      'is no mail address',
      'write one address, for example name@example.org',
    );
  return wish;
}

/** How an account wants to be reached. */
export async function readHandling(sql: Sql, accountId: string): Promise<CallHandling> {
  const [row] = await sql.all(
    `SELECT do_not_disturb, ring_seconds, forward_busy, forward_no_answer, forward_unreachable, voicemail_to
     FROM call_handling WHERE account_id = ?`,
    [accountId],
  );
  return row ? toHandling(row) : DEFAULT_HANDLING;
}

/** Changes what is named and keeps the rest. @throws InvalidInput */
export async function changeHandling(
  sql: Sql,
  accountId: string,
  change: Partial<CallHandling>,
  nowMs: number,
): Promise<CallHandling> {
  const wish = checkHandling({ ...(await readHandling(sql, accountId)), ...change });
  await sql.run('DELETE FROM call_handling WHERE account_id = ?', [accountId]);
  await sql.run(
    `INSERT INTO call_handling (account_id, do_not_disturb, ring_seconds, forward_busy, forward_no_answer, forward_unreachable,
       voicemail_to, changed_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      accountId,
      wish.doNotDisturb ? 1 : 0,
      wish.ringSeconds,
      wish.forwardBusy,
      wish.forwardNoAnswer,
      wish.forwardUnreachable,
      wish.voicemailTo,
      nowMs,
    ],
  );
  return wish;
}

function toHandling(row: Row): CallHandling {
  return {
    doNotDisturb: integer(row.do_not_disturb) === 1,
    ringSeconds: integer(row.ring_seconds),
    forwardBusy: textOrNull(row.forward_busy),
    forwardNoAnswer: textOrNull(row.forward_no_answer),
    forwardUnreachable: textOrNull(row.forward_unreachable),
    voicemailTo: textOrNull(row.voicemail_to),
  };
}
