import { DuplicateKey, integer, type Sql } from '../../kernel/unit-of-work';
import type { PaymentParts } from './payment-parts';
import { chargeRecharge } from './auto-recharge';
import { type OpenPayment, openPayments } from './payments-store';
import { expirePayment, receiveEvent, syncCheckout } from './receive-event';

const CURSOR = 'provider-events';
/** A look begins this much before the last one: events may be listed later than they happened. */
const OVERLAP_MS = 60 * 60_000;
/** How far the first look goes back; the provider keeps events for thirty days. */
const FIRST_LOOK_MS = 3 * 86_400_000;
/** Checkouts are asked for after this, when neither webhook nor event has told of them. */
const ASKED_AFTER_MS = 10 * 60_000;
const MAX_ASKED = 200;
/** The provider knows a wish again by its key for a day; what it never made by then is given up. Checkouts with a page end with that. */
const GIVEN_UP_AFTER_MS = 23 * 3_600_000;

/**
 * Brings what no webhook announced: events that happened since the last look and are not stored, and the state of payments that were begun more than ten
 * minutes ago. Runs every five minutes, so money is credited within a quarter of an hour though no webhook arrives. Both ways meet in the same
 * event ids and payments, so a webhook that comes later changes nothing. Gives how many events were new and how many payments it asked for.
 */
export async function reconcilePayments(
  parts: PaymentParts,
  { nowMs, goesOn = () => true }: { readonly nowMs: number; readonly goesOn?: () => boolean },
): Promise<{ readonly newEvents: number; readonly asked: number }> {
  const { provider, database } = parts;
  if (!provider) return { newEvents: 0, asked: 0 };
  const since = await readCursor(database.read);
  const events = await provider.eventsSince(since === null ? nowMs - FIRST_LOOK_MS : since - OVERLAP_MS);
  let newEvents = 0;
  let seenMs = since ?? 0;
  for (const event of events) {
    if (!goesOn()) break;
    if (await receiveEvent(database, event, { isLive: provider.isLive, nowMs })) newEvents++;
    seenMs = Math.max(seenMs, event.createdAtMs);
  }
  if (seenMs > 0) await database.write((sql) => storeCursor(sql, seenMs));
  const open = await openPayments(database.read, { madeBeforeMs: nowMs - ASKED_AFTER_MS, limit: MAX_ASKED });
  for (const payment of open) {
    if (!goesOn()) break;
    await askAbout(parts, payment, nowMs);
  }
  return { newEvents, asked: open.length };
}

async function askAbout(parts: PaymentParts, payment: OpenPayment, nowMs: number): Promise<void> {
  const { id, origin, sessionKey, madeAtMs } = payment;
  if (sessionKey !== null) await syncCheckout(parts, sessionKey, nowMs);
  else if (nowMs - madeAtMs > GIVEN_UP_AFTER_MS)
    await parts.database.write((sql) => expirePayment(sql, id, nowMs));
  else if (origin === 'auto-recharge') await chargeRecharge(parts, id, nowMs);
}

async function readCursor(sql: Sql): Promise<number | null> {
  const [row] = await sql.all('SELECT at_ms FROM payment_cursors WHERE name = ?', [CURSOR]);
  return row ? integer(row.at_ms) : null;
}

async function storeCursor(sql: Sql, atMs: number): Promise<void> {
  const moved = await sql.run('UPDATE payment_cursors SET at_ms = ? WHERE name = ? AND at_ms < ?', [
    atMs,
    CURSOR,
    atMs,
  ]);
  if (moved === 1) return;
  try {
    await sql.run('INSERT INTO payment_cursors (name, at_ms) VALUES (?, ?)', [CURSOR, atMs]);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
}
