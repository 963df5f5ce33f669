import { DuplicateKey, type Sql } from '../kernel/unit-of-work';

/** Leases that no node renews or gives back: they end by their time alone. */
export const NO_NODE = '-';

/** Notes something that counts in its scope for a while and that nothing limits: `countLeases` counts it. Once for one id. */
export async function noteEvent(
  sql: Sql,
  event: { readonly id: string; readonly scope: string; readonly untilMs: number },
): Promise<void> {
  try {
    await sql.run('INSERT INTO leases (holder_id, scope, node_id, expires_at_ms) VALUES (?, ?, ?, ?)', [
      event.id,
      event.scope,
      NO_NODE,
      event.untilMs,
    ]);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
}
