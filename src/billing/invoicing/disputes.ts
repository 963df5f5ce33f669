import { Conflict, InvalidInput } from '../../kernel/app-error';
import type { Sql } from '../../kernel/unit-of-work';
import { readInvoice } from './invoices-store';

/** Notes that an invoice is disputed: it is not reminded of until that is settled. @throws Conflict when it is paid or a credit note, InvalidInput, NotFound */
export async function disputeInvoice(
  sql: Sql,
  {
    invoiceId,
    reason,
    nowMs,
  }: { readonly invoiceId: string; readonly reason: string; readonly nowMs: number },
): Promise<void> {
  if (reason.trim() === '') throw new InvalidInput('reason', 'is empty', 'say what is disputed');
  const { number } = await readInvoice(sql, invoiceId);
  const changed = await sql.run(
    "UPDATE invoice_progress SET state = 'disputed', dispute_reason = ?, changed_at_ms = ? WHERE invoice_id = ? AND state = 'open'",
    [reason.trim(), nowMs, invoiceId],
  );
  if (changed === 0) throw new Conflict('only an open invoice can be disputed', { number });
}

/** Ends a dispute: the invoice is open again, and reminded of from where it was. @throws Conflict when it is not disputed, NotFound */
export async function settleDispute(sql: Sql, invoiceId: string, nowMs: number): Promise<void> {
  const { number } = await readInvoice(sql, invoiceId);
  const changed = await sql.run(
    "UPDATE invoice_progress SET state = 'open', changed_at_ms = ? WHERE invoice_id = ? AND state = 'disputed'",
    [nowMs, invoiceId],
  );
  if (changed === 0) throw new Conflict('this invoice is not disputed', { number });
}
