import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { InvalidInput } from '../kernel/app-error';
import { DuplicateKey, integer, micros, TooSlow, text } from '../kernel/unit-of-work';
import { openDatabase } from './database';
import { pendingMigrations, runMigrations } from './run-migrations';

const MIGRATIONS = `${__dirname}/../../sql`;

describe.each(DIALECTS)('database on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    await test.database.write((sql) =>
      sql.run('CREATE TABLE purses (name VARCHAR(20) NOT NULL PRIMARY KEY, amount_micros BIGINT NOT NULL)'),
    );
  });
  afterAll(() => test.drop());
  beforeEach(() => test.database.write((sql) => sql.run('DELETE FROM purses')));

  const amountOf = async (name: string) =>
    micros(
      (await test.database.read.all('SELECT amount_micros FROM purses WHERE name = ?', [name]))[0]
        ?.amount_micros,
    );

  it('keeps amounts exact up to the last safe integer', async () => {
    const most = 2n ** 53n - 1n;
    await test.database.write((sql) => sql.run('INSERT INTO purses VALUES (?, ?)', ['full', most]));
    expect(await amountOf('full')).toBe(most);
  });

  it('undoes everything a failed unit of work did', async () => {
    const failing = test.database.write(async (sql) => {
      await sql.run('INSERT INTO purses VALUES (?, ?)', ['half', 1n]);
      throw new Error('power cut');
    });
    await expect(failing).rejects.toThrow('power cut');
    expect(await test.database.read.all('SELECT * FROM purses')).toHaveLength(0);
  });

  it('gives the number of rows a statement changed', async () => {
    await test.database.write(async (sql) => {
      expect(await sql.run('INSERT INTO purses VALUES (?, ?), (?, ?)', ['a', 1n, 'b', 2n])).toBe(2);
      expect(await sql.run('UPDATE purses SET amount_micros = 5 WHERE amount_micros > ?', [1])).toBe(1);
      expect(await sql.run('UPDATE purses SET amount_micros = 5 WHERE name = ?', ['nobody'])).toBe(0);
      expect(await sql.run('DELETE FROM purses')).toBe(2);
    });
  });

  it('names a second insert of one key as a duplicate and lets the unit of work go on', async () => {
    await test.database.write(async (sql) => {
      await sql.run('INSERT INTO purses VALUES (?, ?)', ['once', 1n]);
      await expect(sql.run('INSERT INTO purses VALUES (?, ?)', ['once', 2n])).rejects.toBeInstanceOf(
        DuplicateKey,
      );
      await sql.run('INSERT INTO purses VALUES (?, ?)', ['other', 3n]);
    });
    expect(await amountOf('once')).toBe(1n);
    expect(await amountOf('other')).toBe(3n);
  });

  it('takes text as a value and never as SQL', async () => {
    const hostile = `a'b"c\\d;?--`;
    await test.database.write((sql) => sql.run('INSERT INTO purses VALUES (?, ?)', [hostile, 7n]));
    expect(text((await test.database.read.all('SELECT name FROM purses'))[0]?.name)).toBe(hostile);
  });

  it('tells keys apart that differ only in case', async () => {
    await test.database.write((sql) =>
      sql.run('INSERT INTO purses VALUES (?, ?), (?, ?)', ['Ab', 1n, 'aB', 2n]),
    );
    expect(await amountOf('Ab')).toBe(1n);
  });

  it('loses no update when fifty writers take from one purse at once', async () => {
    await test.database.write((sql) => sql.run('INSERT INTO purses VALUES (?, ?)', ['shared', 30n]));
    const takers = Array.from({ length: 50 }, () =>
      test.database.write((sql) =>
        sql.run('UPDATE purses SET amount_micros = amount_micros - 1 WHERE name = ? AND amount_micros >= 1', [
          'shared',
        ]),
      ),
    );
    const taken = (await Promise.all(takers)).reduce((sum, count) => sum + count, 0);
    expect(taken).toBe(30);
    expect(await amountOf('shared')).toBe(0n);
  });

  it('begins a whole unit of work again when two of them lock each other out', async () => {
    await test.database.write((sql) =>
      sql.run('INSERT INTO purses VALUES (?, ?), (?, ?)', ['x', 0n, 'y', 0n]),
    );
    const addOne = (first: string, second: string) =>
      test.database.write(async (sql) => {
        await sql.run('UPDATE purses SET amount_micros = amount_micros + 1 WHERE name = ?', [first]);
        await sql.run('UPDATE purses SET amount_micros = amount_micros + 1 WHERE name = ?', [second]);
      });
    await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? addOne('x', 'y') : addOne('y', 'x'))));
    expect([await amountOf('x'), await amountOf('y')]).toEqual([40n, 40n]);
  });

  it('keeps what others did when one of many units of work at once fails', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, n) =>
        test.database.write(async (sql) => {
          await sql.run('INSERT INTO purses VALUES (?, ?)', [`purse ${n}`, n]);
          if (n % 3 === 0) throw new Error(`no purse ${n}`);
          return n;
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(10);
    expect(outcomes[4]).toEqual({ status: 'fulfilled', value: 4 });
    const [row] = await test.database.read.all(
      'SELECT COUNT(*) AS n, SUM(amount_micros) AS total FROM purses',
    );
    expect([integer(row?.n), micros(row?.total)]).toEqual([20, 300n]);
  });

  it('reads in a report what was committed before', async () => {
    await test.database.write((sql) => sql.run('INSERT INTO purses VALUES (?, ?)', ['full', 9n]));
    const sums = 'SELECT SUM(amount_micros) AS total FROM purses WHERE amount_micros > ?';
    expect(micros((await test.database.report.all(sums, [1]))[0]?.total)).toBe(9n);
    await expect(test.database.report.all('SELECT missing FROM nowhere')).rejects.toThrow(/nowhere/);
    expect(micros((await test.database.report.all(sums, [1]))[0]?.total)).toBe(9n);
  });

  it('divides whole numbers as whole numbers are divided, and keeps fractions', async () => {
    const [row] = await test.database.read.all(
      'SELECT ? DIV_OP 2 AS half, ? AS part'.replace('DIV_OP', dialect === 'sqlite' ? '/' : 'DIV'),
      [7, 0.25],
    );
    expect([Number(row?.half), Number(row?.part)]).toEqual([3, 0.25]);
  });

  it('lets the rest of the program have its turns during a long unit of work', async () => {
    const turns: number[] = [];
    const timer = setInterval(() => turns.push(1), 0);
    await test.database.write(async (sql) => {
      for (let n = 0; n < 20_000 && turns.length < 3; n++)
        await sql.all('SELECT amount_micros FROM purses WHERE name = ?', ['nobody']);
    });
    clearInterval(timer);
    expect(turns.length).toBeGreaterThanOrEqual(3);
  });

  it('runs each migration once', async () => {
    expect(await pendingMigrations(test.database, MIGRATIONS)).toEqual([]);
    expect(await runMigrations(test.database, MIGRATIONS)).toEqual([]);
    const rows = await test.database.read.all('SELECT COUNT(*) AS n FROM schema_migrations');
    expect(integer(rows[0]?.n)).toBeGreaterThan(0);
  });
});

describe('a file of sqlite that two have open', () => {
  it('is written by one after the other', async () => {
    const test = await emptyDatabase('sqlite');
    const other = await openDatabase(test.url);
    await test.database.write((sql) => sql.run('CREATE TABLE counts (n BIGINT NOT NULL)'));
    await test.database.write((sql) => sql.run('INSERT INTO counts VALUES (0)'));
    const addOne = (database: typeof other) =>
      database.write(async (sql) => {
        await sql.run('UPDATE counts SET n = n + 1');
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      });
    await Promise.all(Array.from({ length: 20 }, (_, n) => addOne(n % 2 ? other : test.database)));
    expect((await other.read.all('SELECT n FROM counts'))[0]?.n).toBe(20);
    await other.close();
    await test.drop();
  });
});

describe('openDatabase', () => {
  it('refuses a URL of a database we do not know and says which ones we do', async () => {
    await expect(openDatabase('postgres://x')).rejects.toThrow(InvalidInput);
    await expect(openDatabase('postgres://x')).rejects.toThrow(/sqlite:<file> or mysql:/);
  });
});

describe('a question with a time limit on mariadb', () => {
  it('that runs out of it is told as too slow', async () => {
    const test = await emptyDatabase('mariadb');
    const slow = 'SET STATEMENT max_statement_time=0.1 FOR SELECT SLEEP(5) AS slept';
    await expect(test.database.read.all(slow)).rejects.toThrow(TooSlow);
    await test.drop();
  });
});
