import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { anAccount, eur, START_MS } from '../../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { startPrivateMariadb } from '../../../test/support/mariadb-server';
import { newId } from '../../kernel/ids';
import { integer, text } from '../../kernel/unit-of-work';
import { openDatabase } from '../../store/database';
import { runMigrations } from '../../store/run-migrations';
import { customerLedgerId } from './ledger-accounts';
import { topUp } from './movements';
import { postEntries } from './post-entries';
import { listProofs, proveLedger } from './prove-ledger';
import { sealLedger } from './seal-ledger';
import { verifyLedger } from './verify-ledger';

const MIGRATIONS = resolve(__dirname, '../../../sql');

const TRIGGERS = [
  'ledger_entries_stay',
  'ledger_entries_remain',
  'ledger_transactions_stay',
  'ledger_transactions_remain',
  'ledger_chain_stays',
  'ledger_chain_remains',
  'ledger_seals_stay',
  'ledger_seals_remain',
];

describe.each(DIALECTS)('what is in the ledger stays, on %s', (dialect) => {
  let test: TestDatabase;
  beforeEach(async () => {
    test = await emptyDatabase(dialect);
  });
  afterEach(() => test.drop());

  const post = (accountId: string, nowMs: number, reference = newId(nowMs)) =>
    test.database.write((sql) => postEntries(sql, topUp({ accountId, amount: eur('1'), reference }), nowMs));
  const run = (statement: string, values: readonly string[] = []) =>
    test.database.write((sql) => sql.run(statement, values));
  /** What somebody does first who has the whole database in his hands. */
  const disarm = async () => {
    for (const trigger of TRIGGERS) await run(`DROP TRIGGER ${trigger}`);
  };
  const faults = async () =>
    (await verifyLedger(test.database)).faults
      .filter(({ name }) => name !== 'database lets the ledger be changed')
      .map(({ name, subject }) => ({ name, subject }));
  const seal = (nowMs = START_MS) => sealLedger(test.database, { nowMs });
  /** An account with ten top-ups in seals of five; gives the ids of their transactions in the order of the chain. */
  const tenSealed = async () => {
    const { id } = await anAccount(test.database, { credit: '0' });
    for (let n = 0; n < 10; n++) {
      await post(id, START_MS + n);
      if (n === 4) await seal();
    }
    await seal();
    const rows = await test.database.read.all(
      'SELECT transaction_id FROM ledger_chain ORDER BY seal_number, place',
    );
    return { accountId: id, chain: rows.map((row) => text(row.transaction_id)) };
  };

  it.each([
    'UPDATE ledger_entries SET amount_micros = amount_micros + 1',
    'DELETE FROM ledger_entries',
    "UPDATE ledger_transactions SET note = 'other'",
    'DELETE FROM ledger_transactions',
    "UPDATE ledger_chain SET link_hash = ''",
    'DELETE FROM ledger_chain',
    "UPDATE ledger_seals SET seal_hash = ''",
    'DELETE FROM ledger_seals',
    'REPLACE INTO ledger_entries SELECT * FROM ledger_entries',
  ])('the database refuses: %s', async (statement) => {
    const { id } = await anAccount(test.database, { credit: '1' });
    await seal();
    await expect(run(statement)).rejects.toThrow('the ledger is never changed');
    expect(await faults()).toEqual([]);
    await post(id, START_MS);
  });

  it('a database that would not refuse is told', async () => {
    await run('DROP TRIGGER ledger_entries_stay');
    const { faults: found } = await verifyLedger(test.database);
    expect(found).toMatchObject([
      { name: 'database lets the ledger be changed', subject: 'ledger_entries_stay' },
    ]);
  });

  it('every transaction is sealed once, also when many seal at once and one is committed late', async () => {
    const { id } = await anAccount(test.database, { credit: '0' });
    await Promise.all(Array.from({ length: 30 }, (_, n) => post(id, START_MS + n)));
    const counts = await Promise.all([1, 2, 3, 4].map(() => seal()));
    expect(counts.reduce((sum, count) => sum + count)).toBe(30);
    await post(id, START_MS - 60_000);
    await post(id, START_MS - 3_600_000);
    expect(await seal()).toBe(1);
    expect(await sealLedger(test.database, { nowMs: START_MS, everything: true })).toBe(1);
    expect(await seal()).toBe(0);
    expect(await faults()).toEqual([]);
  });

  const TAMPERINGS: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'an amount is changed',
      'UPDATE ledger_entries SET amount_micros = amount_micros + 1 WHERE line_number = 1 AND transaction_id = ?',
      [
        'transaction does not sum to zero',
        'balance is not the sum of the entries',
        'sealed transaction was changed',
      ],
    ],
    [
      'money is moved to another account, so that every sum still holds',
      `UPDATE ledger_entries SET ledger_account_id = 'house:adjustments:EUR' WHERE line_number = 2 AND transaction_id = ?`,
      [
        'balance is not the sum of the entries',
        'balance is not the sum of the entries',
        'sealed transaction was changed',
      ],
    ],
    [
      'a note is changed',
      "UPDATE ledger_transactions SET note = 'gift' WHERE id = ?",
      ['sealed transaction was changed'],
    ],
    [
      'a link is changed',
      "UPDATE ledger_chain SET link_hash = 'ab' WHERE transaction_id = ?",
      ['sealed transaction was changed', 'sealed transaction was changed'],
    ],
  ];

  it.each(TAMPERINGS)('the bad row is named when %s', async (_, statement, names) => {
    const { chain } = await tenSealed();
    await disarm();
    await run(statement, [chain[6] ?? '']);
    const found = await faults();
    expect(found.map(({ name }) => name)).toEqual(names);
    expect(found.find(({ name }) => name.startsWith('sealed'))?.subject).toBe(chain[6]);
  });

  it('a transaction that is removed with all traces of it is missed', async () => {
    const { accountId, chain } = await tenSealed();
    await disarm();
    await run('DELETE FROM ledger_entries WHERE transaction_id = ?', [chain[2] ?? '']);
    await run('DELETE FROM ledger_transactions WHERE id = ?', [chain[2] ?? '']);
    for (const [id, sign] of [
      [customerLedgerId(accountId), '-'],
      ['house:funds-received:EUR', '+'],
    ] as const)
      await run(`UPDATE ledger_accounts SET balance_micros = balance_micros ${sign} 1000000 WHERE id = ?`, [
        id,
      ]);
    expect(await faults()).toEqual([{ name: 'sealed transaction is gone', subject: chain[2] }]);
    await run('DELETE FROM ledger_chain WHERE transaction_id = ?', [chain[2] ?? '']);
    expect(await faults()).toEqual([
      { name: 'sealed transaction was changed', subject: chain[3] },
      { name: 'seal was changed', subject: '1' },
    ]);
  });

  it('a seal that is removed or rewritten is missed', async () => {
    await tenSealed();
    await disarm();
    await run('UPDATE ledger_seals SET sealed_at_ms = 1 WHERE seal_number = 1');
    expect(await faults()).toEqual([{ name: 'seal was changed', subject: '1' }]);
    await run('DELETE FROM ledger_seals WHERE seal_number = 1');
    expect(await faults()).toContainEqual({ name: 'seal is missing', subject: '1' });
  });

  it('what no seal covers yet is known by the fingerprint it was posted with', async () => {
    await anAccount(test.database, { credit: '3' });
    await disarm();
    const [row] = await test.database.read.all('SELECT id FROM ledger_transactions');
    await run("UPDATE ledger_entries SET ledger_account_id = 'house:adjustments:EUR' WHERE line_number = 2");
    expect(await faults()).toContainEqual({
      name: 'transaction without seal was changed',
      subject: row?.id,
    });
  });

  it('is proved every night: what is found is kept, and told when something is wrong', async () => {
    const { accountId, chain } = await tenSealed();
    await post(accountId, START_MS);
    const proof = await proveLedger(test.database, { nowMs: START_MS });
    expect(proof).toMatchObject({ transactions: 11, sealNumber: 3, faultCount: 0 });
    await disarm();
    await run("UPDATE ledger_transactions SET note = 'gift' WHERE id = ?", [chain[0] ?? '']);
    const later = await proveLedger(test.database, { nowMs: START_MS + 86_400_000 });
    expect(later?.faults[0]).toMatchObject({ name: 'sealed transaction was changed', subject: chain[0] });
    const [told] = await test.database.read.all(
      "SELECT COUNT(*) AS n FROM alerts WHERE kind = 'ledger-fault'",
    );
    expect(integer(told?.n)).toBe(1);
    const kept = await listProofs(test.database.read, { beforeId: null, limit: 10 });
    expect(kept.map(({ faultCount }) => faultCount)).toEqual([later?.faultCount, 0]);
    expect(kept[1]?.sealHash).toBe(proof?.sealHash);
  });
});

describe('a MariaDB that keeps a binary log', () => {
  it('lets nobody but its administrator make triggers: all else is made, what is missing is told, and he makes them', async () => {
    const server = await startPrivateMariadb(['--log-bin', '--server-id=1']);
    const admin = await createConnection({ uri: server.url, multipleStatements: true });
    await admin.query(
      "CREATE DATABASE voip; CREATE USER voip IDENTIFIED BY 'voip'; GRANT ALL ON voip.* TO voip; USE voip",
    );
    const database = await openDatabase(`${server.url.replace('root@', 'voip:voip@')}/voip`);
    const missing = async () =>
      (await verifyLedger(database)).faults.map(({ name, subject }) => `${name}: ${subject}`).toSorted();
    await runMigrations(database, MIGRATIONS);
    expect(await missing()).toEqual(
      TRIGGERS.map((trigger) => `database lets the ledger be changed: ${trigger}`).toSorted(),
    );
    const file = readFileSync(join(MIGRATIONS, '0055-ledger-append-only.sql'), 'utf8');
    await admin.query(
      file
        .split('\n')
        .filter((line) => line.startsWith('/* mariadb */'))
        .join('\n'),
    );
    expect(await missing()).toEqual([]);
    await database.close();
    await admin.end();
    await server.stop();
  });
});
