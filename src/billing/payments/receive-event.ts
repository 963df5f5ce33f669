import { enqueue } from '../../jobs/jobs-store';
import { type Database, DuplicateKey, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import { noteRechargeEnd } from './auto-recharge-store';
import { type PaymentParts, requireProvider } from './payment-parts';
import type { ProviderEvent } from './payment-provider';
import { lockPayment, markUnpaid } from './payments-store';
import { quarantine } from './quarantine';
import { syncPayment } from './sync-payment';

/** The longest payload that is kept; none of Stripe's comes near. */
const LONGEST_PAYLOAD = 60_000;

/**
 * Stores an event of the provider, with the job that looks what it is about, once for its id. Kinds that are about no payment are kept and not acted on;
 * one of the other mode (test events on a live system, and the other way round) is quarantined. False when it was stored before.
 */
export function receiveEvent(
  database: Database,
  event: ProviderEvent,
  { isLive, nowMs }: { readonly isLive: boolean; readonly nowMs: number },
): Promise<boolean> {
  return database.write(async (sql) => {
    const isOurs = event.isLive === isLive;
    const isAboutPayment = event.paymentKey !== null || event.sessionKey !== null;
    const state = isOurs && isAboutPayment ? 'waiting' : 'kept';
    try {
      await sql.run(
        `INSERT INTO payment_events (id, type, payment_key, session_key, payload, state, created_at_ms, received_at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          event.id,
          event.type,
          event.paymentKey,
          event.sessionKey,
          event.payload.length > LONGEST_PAYLOAD ? '{}' : event.payload,
          state,
          event.createdAtMs,
          nowMs,
        ],
      );
    } catch (error) {
      if (error instanceof DuplicateKey) return false;
      throw error;
    }
    if (state === 'waiting')
      await enqueue(sql, {
        kind: 'payment-event',
        uniqueKey: event.id,
        payload: { eventId: event.id },
        runAtMs: nowMs,
        nowMs,
      });
    if (!isOurs) {
      const details = { eventId: event.id, type: event.type, isLive: event.isLive };
      await quarantine(sql, { key: event.id, reason: 'other-mode', details, nowMs });
    }
    return true;
  });
}

/** Does what follows from a stored event. @throws what the provider throws: then it is to be tried again */
export async function followEvent(parts: PaymentParts, eventId: string, nowMs: number): Promise<void> {
  const [row] = await parts.database.read.all(
    'SELECT payment_key, session_key, state FROM payment_events WHERE id = ?',
    [eventId],
  );
  if (!row || text(row.state) !== 'waiting') return;
  const paymentKey = textOrNull(row.payment_key);
  const sessionKey = textOrNull(row.session_key);
  if (paymentKey !== null) await syncPayment(parts, paymentKey, nowMs);
  else if (sessionKey !== null) await syncCheckout(parts, sessionKey, nowMs);
  await parts.database.write((sql) =>
    sql.run("UPDATE payment_events SET state = 'done' WHERE id = ? AND state = 'waiting'", [eventId]),
  );
}

/** Looks what became of a page where somebody was to pay. @throws what the provider throws */
export async function syncCheckout(parts: PaymentParts, sessionKey: string, nowMs: number): Promise<void> {
  const { paymentKey, isExpired } = await requireProvider(parts).readCheckout(sessionKey);
  if (paymentKey !== null) return syncPayment(parts, paymentKey, nowMs);
  if (!isExpired) return;
  await parts.database.write(async (sql) => {
    const [row] = await sql.all('SELECT id FROM payments WHERE session_key = ?', [sessionKey]);
    if (row) await expirePayment(sql, text(row.id), nowMs);
  });
}

/** Ends a payment that nobody made in time. Money that comes for it after all is credited all the same. */
export async function expirePayment(sql: Sql, paymentId: string, nowMs: number): Promise<void> {
  const payment = await lockPayment(sql, paymentId);
  const failure = 'nobody paid in time';
  if (payment && (await markUnpaid(sql, paymentId, { state: 'expired', failure, nowMs })))
    await noteRechargeEnd(sql, payment, { failure, nowMs });
}
