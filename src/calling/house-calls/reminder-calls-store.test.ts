import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { beginReminder, takeReminderBack } from './reminder-calls-store';

describe.each(DIALECTS)('reminders called out, on %s', (dialect) => {
  let test: TestDatabase;
  beforeEach(async () => {
    test = await emptyDatabase(dialect);
  });
  afterEach(() => test.drop());

  const begin = (key: string, callId: string) =>
    beginReminder(test.database, { key, callId, accountId: 'ada', nowMs: 1 });

  it('are begun once for each key, however many try at the same time', async () => {
    const tries = Array.from({ length: 8 }, (_, n) => begin('invoice:0', `call ${n}`));
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
    expect(await begin('invoice:1', 'call 8')).toBe(true);
  });

  it('may be begun again once they were taken back, but only by the call that had begun', async () => {
    await begin('invoice:0', 'first');
    await takeReminderBack(test.database, { key: 'invoice:0', callId: 'second' });
    expect(await begin('invoice:0', 'second')).toBe(false);
    await takeReminderBack(test.database, { key: 'invoice:0', callId: 'first' });
    expect(await begin('invoice:0', 'second')).toBe(true);
  });
});
