import { integer, type Row, type Sql, text } from '../../kernel/unit-of-work';

/** An invoice whose next step is due. */
export type DueReminder = {
  readonly invoiceId: string;
  readonly accountId: string;
  readonly nextStep: number;
  readonly nextStepAtMs: number;
};

/** The next `limit` open invoices whose step is due, the longest due first, behind `after`: a walk along one index. */
export async function dueReminders(
  sql: Sql,
  page: { readonly nowMs: number; readonly after: DueReminder | null; readonly limit: number },
): Promise<readonly DueReminder[]> {
  const { nowMs, after, limit } = page;
  const behind = after ? 'AND next_step_at_ms >= ? AND (next_step_at_ms > ? OR invoice_id > ?)' : '';
  const rows = await sql.all(
    `SELECT invoice_id, account_id, next_step, next_step_at_ms FROM invoice_progress
     WHERE state = 'open' AND next_step_at_ms <= ? ${behind} ORDER BY next_step_at_ms, invoice_id LIMIT ?`,
    [nowMs, ...(after ? [after.nextStepAtMs, after.nextStepAtMs, after.invoiceId] : []), limit],
  );
  return rows.map(toDue);
}

/**
 * Takes a step, or puts it off: the row is moved on by one conditional statement, so of all who see it due one has it. False when somebody else was
 * first, or the invoice is not open any more.
 */
export async function moveOn(
  sql: Sql,
  due: DueReminder,
  next: { readonly step: number; readonly atMs: number | null },
): Promise<boolean> {
  const changed = await sql.run(
    `UPDATE invoice_progress SET next_step = ?, next_step_at_ms = ?
     WHERE invoice_id = ? AND state = 'open' AND next_step = ? AND next_step_at_ms = ?`,
    [next.step, next.atMs, due.invoiceId, due.nextStep, due.nextStepAtMs],
  );
  return changed === 1;
}

function toDue(row: Row): DueReminder {
  return {
    invoiceId: text(row.invoice_id),
    accountId: text(row.account_id),
    nextStep: integer(row.next_step),
    nextStepAtMs: integer(row.next_step_at_ms),
  };
}
