import { newId } from '../kernel/ids';
import type { Sql } from '../kernel/unit-of-work';
import { insertDeliveries } from './deliveries-store';
import { listEndpoints } from './endpoints-store';
import type { EventKind, NewEvent, StoredEvent } from './event';
import { insertEvents } from './events-store';

/** Kinds of which there are many: they are kept only when somebody wants them. All others can be read later by whoever comes later. */
const ONLY_WHEN_WANTED: readonly EventKind[] = ['call.charged', 'call.corrected'];

/**
 * Keeps what happened, in the unit of work that made it happen, and a delivery of each event for everybody who wants to be told. What is rolled back is told
 * to nobody; what is committed is told until it is taken.
 */
export async function recordEvents(sql: Sql, events: readonly NewEvent[], nowMs: number): Promise<void> {
  if (events.length === 0) return;
  const endpoints = await listEndpoints(sql);
  const wanted = new Set(endpoints.flatMap(({ kinds }) => kinds));
  const kept = events.filter(({ kind }) => wanted.has(kind) || !ONLY_WHEN_WANTED.includes(kind));
  const stored: readonly StoredEvent[] = kept.map((event) => ({
    ...event,
    id: newId(nowMs),
    recordedAtMs: nowMs,
  }));
  await insertEvents(sql, stored);
  await insertDeliveries(
    sql,
    stored.flatMap((event) =>
      endpoints
        .filter(({ kinds }) => kinds.includes(event.kind))
        .map(({ id }) => ({ endpointId: id, event })),
    ),
    nowMs,
  );
}

/** The same for one endpoint alone, whatever it wants: somebody tries whether it is reached. Gives the event's id. */
export async function recordTest(sql: Sql, endpointId: string, nowMs: number): Promise<string> {
  const event: StoredEvent = {
    id: newId(nowMs),
    kind: 'endpoint.tested',
    objectKey: `endpoint:${endpointId}`,
    accountId: null,
    facts: { endpointId },
    recordedAtMs: nowMs,
  };
  await insertEvents(sql, [event]);
  await insertDeliveries(sql, [{ endpointId, event }], nowMs);
  return event.id;
}
