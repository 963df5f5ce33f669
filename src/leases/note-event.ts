import type { Sql } from '../kernel/unit-of-work';

/** Leases that no node renews or gives back: they end by their time alone. */
export const NO_NODE = '-';

/** Something that counts in its scope for a while and that nothing limits: `countLeases` counts it. */
export type CountedEvent = { readonly id: string; readonly scope: string; readonly untilMs: number };

/** Notes events in one statement. @throws DuplicateKey when one of them was noted before */
export async function noteEvents(sql: Sql, events: readonly CountedEvent[]): Promise<void> {
  if (events.length === 0) return;
  await sql.run(
    `INSERT INTO leases (holder_id, scope, node_id, expires_at_ms) VALUES ${events.map(() => '(?, ?, ?, ?)').join(', ')}`,
    events.flatMap(({ id, scope, untilMs }) => [id, scope, NO_NODE, untilMs]),
  );
}
