import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { type Deed, recordDeed, verifyAudit } from './audit-log';

const DEED: Deed = {
  actor: { kind: 'person', id: 'ada', label: 'Ada' },
  action: 'signed-in',
  subject: 'ada',
  facts: { by: 'password' },
  nowMs: Date.UTC(2026, 0, 15),
};

describe.each(DIALECTS)('the audit log on %s', (dialect) => {
  let test: TestDatabase;
  beforeEach(async () => {
    test = await emptyDatabase(dialect);
  });
  afterEach(() => test.drop());

  const record = (deed: Partial<Deed> = {}) =>
    test.database.write((sql) => recordDeed(sql, { ...DEED, ...deed }));
  const run = (statement: string) => test.database.write((sql) => sql.run(statement));
  /** What somebody does who can switch the database's refusal off. */
  const unlocked = async (statement: string) => {
    for (const trigger of ['audit_entries_stay', 'audit_entries_remain'])
      await run(`DROP TRIGGER ${trigger}`);
    await run(statement);
  };

  it('numbers entries without a gap, however many come at once, and is whole', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, n) => record({ subject: `thing ${n}` })));
    const proof = await verifyAudit(test.database);
    expect(proof).toEqual({ entries: 30, lastHash: expect.stringMatching(/^[0-9a-f]{64}$/), faults: [] });
  });

  it('keeps nothing of what was rolled back', async () => {
    await record();
    await expect(
      test.database.write(async (sql) => {
        await recordDeed(sql, DEED);
        throw new Error('not done after all');
      }),
    ).rejects.toThrow('not done after all');
    expect(await verifyAudit(test.database)).toMatchObject({ entries: 1, faults: [] });
  });

  it('refuses to be changed', async () => {
    await record();
    await expect(run("UPDATE audit_entries SET subject = 'ben'")).rejects.toThrow(/./);
    await expect(run('DELETE FROM audit_entries')).rejects.toThrow(/./);
    expect(await verifyAudit(test.database)).toMatchObject({ entries: 1, faults: [] });
  });

  it.each([
    [
      'one changed byte',
      'UPDATE audit_entries SET facts = \'{"by":"passworD"}\' WHERE entry_number = 3',
      'entry 3 is not',
    ],
    ['another time', 'UPDATE audit_entries SET at_ms = at_ms + 1 WHERE entry_number = 2', 'entry 2 is not'],
    ['a removed entry', 'DELETE FROM audit_entries WHERE entry_number = 2', 'entry 2 is missing'],
    ['a cut-off end', 'DELETE FROM audit_entries WHERE entry_number > 3', 'entries 4 to 5 are missing'],
    [
      'an end that was moved back',
      'UPDATE audit_head SET entry_number = 3',
      'the end of the chain is another',
    ],
  ])('shows %s', async (_, statement, fault) => {
    for (let n = 0; n < 5; n++) await record();
    await unlocked(statement);
    expect((await verifyAudit(test.database)).faults).toEqual([expect.stringContaining(fault)]);
  });
});
