import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { currency, showMoney } from '../../kernel/money';
import { e164 } from '../../kernel/phone-number';
import { integer } from '../../kernel/unit-of-work';
import { EUR, START_MS } from '../../../test/support/billing-builders';
import { listDecks, readDeck } from './decks-store';
import { findRate, quoteCall } from './find-rate';
import { type DeckImport, importRateDeck } from './import-rate-deck';
import { rateBookOf } from './rate-book';
import { findStoredRate } from './rates-store';

const SAMPLE = join(__dirname, '../../../sql/decks/demo-eur.csv');
const HEADER =
  'prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from';
const JUNE = Date.UTC(2026, 5, 1);

describe.each(DIALECTS)('importRateDeck on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const importText = (deckName: string, text: string, rest: Partial<DeckImport> = {}) =>
    importRateDeck(test.database, {
      deckName,
      currency: EUR,
      csv: Readable.from([Buffer.from(text)]),
      sourceName: 'test.csv',
      nowMs: START_MS,
      ...rest,
    });
  const storedRates = async () =>
    integer((await test.database.read.all('SELECT COUNT(*) AS n FROM rates'))[0]?.n);

  it('makes a deck from the sample file, and prices a call by it', async () => {
    const steps: string[] = [];
    const report = await importRateDeck(test.database, {
      deckName: 'demo',
      currency: EUR,
      csv: createReadStream(SAMPLE),
      sourceName: 'demo-eur.csv',
      nowMs: START_MS,
      onProgress: ({ step, rates }) => steps.push(`${step} ${rates}`),
    });
    expect(report).toMatchObject({ published: true, version: 1, rateCount: 22, faultCount: 0 });
    expect(steps).toEqual(['read 22', 'compared 22', 'stored 22']);
    const quote = await quoteCall(test.database, {
      deckId: report.deckId as string,
      number: e164('+32475123456'),
      atMs: START_MS,
      talkSeconds: 61,
    });
    expect(quote && showMoney(quote.charge)).toBe('0.192 EUR');
  });

  it('says every fault with line, field and remedy, and changes nothing', async () => {
    const before = await storedRates();
    const report = await importText(
      'faulty',
      [
        HEADER,
        '32,Belgium,0.02,0,60,60,0,2026-01-01',
        '+33,France,0.02,0,60,60,0,2026-01-01',
        '34,,"0,02",0,60,60,0,2026-01-01',
        '35,Portugal,0.02,-1,0,60,x,2026-02-30',
        '36,Hungary,0.02',
        '32,Belgium again,0.03,0,60,60,0,2026-01-01',
      ].join('\n'),
    );
    expect(report).toMatchObject({ published: false, deckId: null, version: null, faultCount: 9 });
    expect(report.faults.map(({ line, field }) => `${line} ${field}`)).toEqual([
      '3 prefix',
      '4 destination',
      '4 price_per_minute',
      '5 first_increment',
      '5 effective_from',
      '5 connect_fee',
      '5 minimum_seconds',
      '6 line',
      '7 prefix',
    ]);
    expect(report.faults[0]?.remedy).toContain('without plus');
    expect(report.faults.at(-1)?.problem).toContain('on line 2');
    expect(await storedRates()).toBe(before);
  });

  it('lists a hundred faults and counts the others', async () => {
    const lines = Array.from({ length: 150 }, () => 'x,Nowhere,0.02,0,60,60,0,');
    const report = await importText('very faulty', [HEADER, ...lines].join('\n'));
    expect(report.faultCount).toBe(150);
    expect(report.faults).toHaveLength(100);
  });

  it.each([
    ['a missing column', 'prefix,destination\n32,Belgium', 'price_per_minute'],
    ['an unknown column', `${HEADER},colour\n`, 'colour'],
    ['a column twice', `${HEADER},prefix\n`, 'prefix'],
    ['an open quote', `${HEADER}\n32,"Belgium,0.02,0,60,60,0,`, 'line'],
    ['an endless line', `${HEADER}\n32,${'x'.repeat(20_000)},0.02,0,60,60,0,`, 'line'],
    ['no rates', `${HEADER}\n`, 'file'],
    ['nothing', '', 'file'],
  ])('refuses a file with %s', async (_, text, field) => {
    const report = await importText('odd', text);
    expect(report.published).toBe(false);
    expect(report.faults.map((fault) => fault.field)).toContain(field);
  });

  it('changes nothing in a dry run', async () => {
    const before = await storedRates();
    const report = await importText('dry', `${HEADER}\n32,Belgium,0.02,0,60,60,0,`, { dryRun: true });
    expect(report).toMatchObject({ published: false, rateCount: 1, faultCount: 0 });
    expect(await storedRates()).toBe(before);
    expect((await listDecks(test.database.read, { afterId: null, limit: 200 })).decks).not.toContainEqual(
      expect.objectContaining({ name: 'dry' }),
    );
  });

  it('adds a version whose prices count from their dates on', async () => {
    const { deckId } = await importText('versions', `\uFEFF${HEADER}\n32,Belgium,0.02,0,60,60,0,2026-01-01`);
    const deck = deckId as string;
    const report = await importText('versions', `${HEADER}\n32,Belgium,0.05,0,60,60,0,2026-06-01`);
    expect(report).toMatchObject({ version: 2, deckId: deck });
    const priceAt = async (atMs: number) =>
      (await findRate(test.database, { deckId: deck, number: e164('+3225550123'), atMs }))
        ?.pricePerMinuteMicros;
    expect(await priceAt(JUNE - 1)).toBe(20_000);
    expect(await priceAt(JUNE)).toBe(50_000);
    expect(await priceAt(0)).toBeUndefined();
    expect((await readDeck(test.database.read, deck)).currentVersion).toBe(2);
  });

  it('gives the same price from the database and from the compiled deck', async () => {
    const lines = ['1', '12', '123', '1234567', '9', '99', '99999'].flatMap((prefix) => [
      `${prefix},old,0.01,0,60,60,0,2026-01-01`,
      `${prefix}0,new,0.02,0,60,60,0,2026-06-01`,
    ]);
    const { deckId, version } = await importText('both ways', [HEADER, ...lines].join('\n'));
    const head = { deckId: deckId as string, version: version as number, hidden: [] };
    const compiled = await rateBookOf(test.database).load(head);
    for (const digits of ['1', '10', '12300', '1234567890', '99', '999990', '9999', '5'])
      for (const atMs of [0, JUNE - 1, JUNE])
        expect(compiled.find(digits, atMs)).toEqual(
          await findStoredRate(test.database.read, head, { digits, atMs }),
        );
  });

  it('prices by a new version from its publication on, asked once or a thousand times', async () => {
    const { deckId } = await importText('hot', `${HEADER}\n32,Belgium,0.02,0,60,60,0,2026-01-01`);
    const price = async () =>
      (
        await findRate(test.database, {
          deckId: deckId as string,
          number: e164('+3225550123'),
          atMs: START_MS,
        })
      )?.pricePerMinuteMicros;
    for (const [text, micros] of [
      ['0.02', 20_000],
      ['0.03', 30_000],
      ['0.04', 40_000],
    ] as const) {
      await importText('hot', `${HEADER}\n32,Belgium,${text},0,60,60,0,2026-01-01`);
      const prices = new Set<number | undefined>();
      for (let question = 0; question < 200; question++) prices.add(await price());
      expect([...prices]).toEqual([micros]);
    }
  });

  it('refuses a second currency in one deck, and two imports of one deck at once', async () => {
    const text = `${HEADER}\n32,Belgium,0.02,0,60,60,0,`;
    await importText('one currency', text);
    await expect(importText('one currency', text, { currency: currency('USD') })).rejects.toThrow('EUR');
    const both = await Promise.allSettled([
      importText('one currency', text, { nowMs: START_MS + 1 }),
      importText('one currency', text, { nowMs: START_MS + 2 }),
    ]);
    const versions = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value.version] : []));
    const refusals = both.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
    for (const refusal of refusals) expect(refusal).toContain('under way');
    expect(new Set(versions).size).toBe(versions.length);
    expect(versions.length).toBeGreaterThan(0);
  });

  it('clears away what an import left that was broken off long ago', async () => {
    const { deckId } = await importText('broken off', `${HEADER}\n32,Belgium,0.02,0,60,60,0,`);
    const deck = deckId as string;
    await test.database.write(async (sql) => {
      await sql.run('UPDATE rate_decks SET last_version = 2 WHERE id = ?', [deck]);
      await sql.run(
        `INSERT INTO rate_versions (deck_id, version, kind, state, source_name, rate_count, staging_token, started_at_ms)
         VALUES (?, 2, 'import', 'staging', 'crashed.csv', 0, 'gone', ?)`,
        [deck, START_MS],
      );
      await sql.run(
        `INSERT INTO rates (deck_id, prefix, effective_from_ms, version, destination, price_per_minute_micros, connect_fee_micros,
           first_increment_seconds, next_increment_seconds, minimum_seconds, minimum_charge_micros)
         VALUES (?, '33', 0, 2, 'half', 1, 0, 60, 60, 0, 0)`,
        [deck],
      );
    });
    const text = `${HEADER}\n34,Spain,0.02,0,60,60,0,`;
    await expect(importText('broken off', text)).rejects.toThrow('under way');
    await importText('broken off', text, { nowMs: START_MS + 2 * 3_600_000 });
    const number = e164('+33155501234');
    expect(await findRate(test.database, { deckId: deck, number, atMs: START_MS * 2 })).toBeNull();
  });
});
