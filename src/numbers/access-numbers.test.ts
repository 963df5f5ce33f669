import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { Conflict } from '../kernel/app-error';
import { e164 } from '../kernel/phone-number';
import { runMigrations } from '../store/run-migrations';
import {
  callerIdNumber,
  createAccessNumber,
  findAccessNumber,
  listAccessNumbers,
} from './access-numbers-store';
import { addDid, didByNumber } from './dids-store';
import { FREE_TERMS } from './did';

const MIGRATIONS = resolve(__dirname, '../../sql');
const nowMs = Date.UTC(2026, 0, 15);
const brussels = { number: e164('+3225550100'), language: 'fr', country: 'BE' };
const washington = { number: e164('+12025550100'), language: 'en', country: 'US' };

describe.each(DIALECTS)('access numbers on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    for (const one of [brussels, washington]) await createAccessNumber(test.database, { ...one, nowMs });
  });
  afterAll(() => test.drop());

  it('are numbers that lead to the menu', async () => {
    expect(await findAccessNumber(test.database.read, brussels.number)).toEqual(brussels);
    const plain = e164('+3225550999');
    await addDid(test.database, plain, FREE_TERMS, nowMs);
    expect(await findAccessNumber(test.database.read, plain)).toBeNull();
    expect(await listAccessNumbers(test.database.read, 10)).toEqual([washington, brussels]);
  });

  it('are what our own calls come from: the wanted one, else the first', async () => {
    expect(await callerIdNumber(test.database.read, brussels.number)).toEqual(brussels);
    expect(await callerIdNumber(test.database.read, e164('+3225550999'))).toEqual(washington);
    expect(await callerIdNumber(test.database.read, null)).toEqual(washington);
  });

  it('stand once', async () => {
    await expect(createAccessNumber(test.database, { ...brussels, nowMs })).rejects.toThrow(Conflict);
  });
});

describe.each(DIALECTS)('access numbers of an older version on %s', (dialect) => {
  it('are numbers among the others after the migration, also when it is begun twice', async () => {
    const test = await emptyDatabase(dialect);
    const folder = mkdtempSync(join(tmpdir(), '123-voip-sql-'));
    try {
      const { database } = test;
      await database.write(async (sql) => {
        await sql.run('DROP TABLE dids');
        await sql.run('DROP TABLE did_owners');
        await sql.run(
          'CREATE TABLE access_numbers (number_e164 VARCHAR(16) NOT NULL PRIMARY KEY, language VARCHAR(8) NOT NULL, country VARCHAR(2) NOT NULL, state VARCHAR(12) NOT NULL, created_at_ms BIGINT NOT NULL)',
        );
        await sql.run("INSERT INTO access_numbers VALUES ('+3225550100', 'fr', 'BE', 'active', 5)");
        await sql.run("INSERT INTO access_numbers VALUES ('+3225550101', 'fr', 'BE', 'disabled', 6)");
      });
      const again = readdirSync(MIGRATIONS).filter((name) => /^002[12]-/.test(name));
      for (const name of again) cpSync(join(MIGRATIONS, name), join(folder, name));
      const forget = (names: readonly string[]) =>
        database.write(async (sql) => {
          for (const name of names) await sql.run('DELETE FROM schema_migrations WHERE name = ?', [name]);
        });
      await forget(again.slice(0, 1));
      await runMigrations(database, folder);
      await forget(again);
      await runMigrations(database, folder);
      expect(await findAccessNumber(database.read, brussels.number)).toEqual(brussels);
      expect(await didByNumber(database.read, e164('+3225550101'), nowMs)).toMatchObject({
        state: 'available',
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await test.drop();
    }
  });
});
