import { DuplicateKey, integer, type Sql } from '../../kernel/unit-of-work';

/** Gives a source's next `count` numbers, the first of them, with the source locked until the unit of work ends. */
export async function takeSequence(sql: Sql, source: string, count: number): Promise<number> {
  const take = () =>
    sql.run('UPDATE cdr_sources SET last_sequence = last_sequence + ? WHERE name = ?', [count, source]);
  if ((await take()) === 0) {
    try {
      await sql.run('INSERT INTO cdr_sources (name, last_sequence) VALUES (?, 0)', [source]);
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
    }
    await take();
  }
  const [row] = await sql.all('SELECT last_sequence FROM cdr_sources WHERE name = ?', [source]);
  return integer(row?.last_sequence) - count + 1;
}
