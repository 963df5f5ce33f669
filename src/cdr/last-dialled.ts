import { type Sql, text } from '../kernel/unit-of-work';

/** The number that an account's telephones called last, in E.164 or a 123-voip number; null when they never called one. */
export async function lastDialled(sql: Sql, accountId: string): Promise<string | null> {
  const [row] = await sql.all(
    `SELECT routed_number FROM cdrs WHERE account_id = ? AND direction = 'inbound' AND device_id IS NOT NULL
     AND routed_number IS NOT NULL ORDER BY started_at_ms DESC, id DESC LIMIT 1`,
    [accountId],
  );
  return row ? text(row.routed_number) : null;
}
