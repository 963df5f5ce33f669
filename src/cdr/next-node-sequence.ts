import { integerOrNull, type Sql } from '../kernel/unit-of-work';

/** One past the highest sequence number that the database has of a node: where a node whose journal was lost goes on. */
export async function nextNodeSequence(sql: Sql, nodeId: string): Promise<number> {
  const [row] = await sql.all('SELECT MAX(node_sequence) AS highest FROM cdrs WHERE node_id = ?', [nodeId]);
  return (integerOrNull(row?.highest) ?? 0) + 1;
}
