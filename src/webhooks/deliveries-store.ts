import {
  DuplicateKey,
  integer,
  integerOrNull,
  type Row,
  type Sql,
  text,
  textOrNull,
  whereOf,
} from '../kernel/unit-of-work';
import type { StoredEvent } from './event';

/** So long an endpoint is tried before an event is given up. */
export const TRIED_FOR_MS = 3 * 86_400_000;

const ROWS_TOGETHER = 200;
const LONGEST_ANSWER = 300;

/** One event on its way to one endpoint. */
export type Delivery = {
  readonly endpointId: string;
  readonly eventId: string;
  readonly objectKey: string;
  readonly state: 'waiting' | 'done' | 'dead';
  readonly attempts: number;
  readonly tryAtMs: number;
  readonly giveUpAtMs: number;
  readonly lastAnswer: string | null;
  readonly finishedAtMs: number | null;
};

type NewDelivery = { readonly endpointId: string; readonly event: Pick<StoredEvent, 'id' | 'objectKey'> };

export async function insertDeliveries(
  sql: Sql,
  deliveries: readonly NewDelivery[],
  nowMs: number,
): Promise<void> {
  for (let at = 0; at < deliveries.length; at += ROWS_TOGETHER) {
    const some = deliveries.slice(at, at + ROWS_TOGETHER);
    await sql.run(
      `INSERT INTO webhook_deliveries (endpoint_id, event_id, object_key, state, attempts, try_at_ms, give_up_at_ms)
       VALUES ${some.map(() => "(?, ?, ?, 'waiting', 0, ?, ?)").join(', ')}`,
      some.flatMap(({ endpointId, event }) => [
        endpointId,
        event.id,
        event.objectKey,
        nowMs,
        nowMs + TRIED_FOR_MS,
      ]),
    );
  }
}

/** Sends an event to an endpoint once more, or for the first time. */
export async function deliverAgain(
  sql: Sql,
  { endpointId, event }: NewDelivery,
  nowMs: number,
): Promise<void> {
  const again = await sql.run(
    `UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, try_at_ms = ?, give_up_at_ms = ?, finished_at_ms = NULL
     WHERE endpoint_id = ? AND event_id = ? AND state <> 'waiting'`,
    [nowMs, nowMs + TRIED_FOR_MS, endpointId, event.id],
  );
  if (again > 0) return;
  try {
    await insertDeliveries(sql, [{ endpointId, event }], nowMs);
  } catch (error) {
    // It waits already.
    if (!(error instanceof DuplicateKey)) throw error;
  }
}

/** Deliveries that are due, the oldest event first: of each thing an endpoint is told of, only the first that it has not taken. */
export async function findDueDeliveries(
  sql: Sql,
  { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
): Promise<readonly Delivery[]> {
  const rows = await sql.all(
    `SELECT d.* FROM webhook_deliveries d JOIN webhook_endpoints p ON p.id = d.endpoint_id AND p.state = 'active'
     WHERE d.state = 'waiting' AND d.try_at_ms <= ? AND (d.lease_until_ms IS NULL OR d.lease_until_ms <= ?)
       AND NOT EXISTS (SELECT 1 FROM webhook_deliveries b WHERE b.endpoint_id = d.endpoint_id AND b.object_key = d.object_key
                       AND b.state = 'waiting' AND b.event_id < d.event_id)
     ORDER BY d.try_at_ms, d.event_id LIMIT ?`,
    [nowMs, nowMs, limit],
  );
  return rows.map(toDelivery);
}

/** Takes a delivery for one sender until `untilMs`. False when another has it. */
export async function claimDelivery(
  sql: Sql,
  { endpointId, eventId, attempts }: Delivery,
  { nowMs, untilMs }: { readonly nowMs: number; readonly untilMs: number },
): Promise<boolean> {
  const taken = await sql.run(
    `UPDATE webhook_deliveries SET lease_until_ms = ?, attempts = attempts + 1
     WHERE endpoint_id = ? AND event_id = ? AND state = 'waiting' AND attempts = ? AND (lease_until_ms IS NULL OR lease_until_ms <= ?)`,
    [untilMs, endpointId, eventId, attempts, nowMs],
  );
  return taken === 1;
}

/** What became of a try: taken, to be tried later, or given up. */
export async function endTry(
  sql: Sql,
  { endpointId, eventId }: Pick<Delivery, 'endpointId' | 'eventId'>,
  end: {
    readonly state: Delivery['state'];
    readonly answer: string;
    readonly tryAtMs: number;
    readonly nowMs: number;
  },
): Promise<void> {
  await sql.run(
    `UPDATE webhook_deliveries SET state = ?, last_answer = ?, try_at_ms = ?, lease_until_ms = NULL, finished_at_ms = ?
     WHERE endpoint_id = ? AND event_id = ?`,
    [
      end.state,
      end.answer.slice(0, LONGEST_ANSWER),
      end.tryAtMs,
      end.state === 'waiting' ? null : end.nowMs,
      endpointId,
      eventId,
    ],
  );
}

/** A page of an endpoint's deliveries, the newest event first. */
export async function listDeliveries(
  sql: Sql,
  page: {
    readonly endpointId: string;
    readonly state: Delivery['state'] | null;
    readonly beforeId: string | null;
    readonly limit: number;
  },
): Promise<readonly Delivery[]> {
  const { where, values } = whereOf([
    ['endpoint_id = ?', page.endpointId],
    ['state = ?', page.state],
    ['event_id < ?', page.beforeId],
  ]);
  const rows = await sql.all(`SELECT * FROM webhook_deliveries ${where} ORDER BY event_id DESC LIMIT ?`, [
    ...values,
    page.limit,
  ]);
  return rows.map(toDelivery);
}

function toDelivery(row: Row): Delivery {
  return {
    endpointId: text(row.endpoint_id),
    eventId: text(row.event_id),
    objectKey: text(row.object_key),
    state: text(row.state) as Delivery['state'],
    attempts: integer(row.attempts),
    tryAtMs: integer(row.try_at_ms),
    giveUpAtMs: integer(row.give_up_at_ms),
    lastAnswer: textOrNull(row.last_answer),
    finishedAtMs: integerOrNull(row.finished_at_ms),
  };
}
