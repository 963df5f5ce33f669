import type { Schedule } from '../../src/rooms/schedule/schedule';
import { type Dialect, emptyDatabase, type TestDatabase } from './databases';

/** A database in which the account "owner" may have rooms. */
export async function databaseWithOwner(dialect: Dialect): Promise<TestDatabase> {
  const test = await emptyDatabase(dialect);
  await test.database.write((sql) =>
    sql.run(
      "INSERT INTO accounts (id, name, currency, state, deck_id, created_at_ms) VALUES ('owner', 'Owner', 'EUR', 'active', NULL, 0)",
    ),
  );
  return test;
}

/** One meeting of an hour in Brussels, with what the test wants otherwise. */
export function meeting(difference: Partial<Schedule> = {}): Schedule {
  return {
    timeZone: 'Europe/Brussels',
    startsLocal: '2026-07-01T09:30',
    durationMinutes: 60,
    repeats: 'never',
    interval: 1,
    weekdays: [],
    untilDate: null,
    count: null,
    earlyEntryMinutes: 10,
    dialsOut: false,
    ...difference,
  };
}
