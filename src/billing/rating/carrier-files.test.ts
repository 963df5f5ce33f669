import { Readable } from 'node:stream';
import { aDeck, aRateLine, anAccount, START_MS } from '../../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { currency, showMoney } from '../../kernel/money';
import { e164 } from '../../kernel/phone-number';
import { readDeck } from './decks-store';
import { exportRates } from './export-rates';
import { quoteCall } from './find-rate';
import { importCdrs } from './import-cdrs';
import { type DeckImport, importRateDeck } from './import-rate-deck';
import { prefixesOf } from './prefix-lists';
import { cancelScheduled, publishScheduled, returnToFormer, setCalendar } from './publish-version';
import { checkRateFileForm, type RateFileForm, rateFileFormSchema } from './rate-file-form';
import { deckHeadAt } from './rates-store';
import { readRateFile } from './read-rate-file';
import { listVersions } from './versions-store';

const EUR = currency('EUR');
const DAY_MS = 86_400_000;

const carrier = (form: object): RateFileForm => checkRateFileForm(rateFileFormSchema.parse({ ...form }));

const COLUMNS = { prefix: 'Code', destination: 'Name', pricePerMinute: 'Rate', increments: 'Incr' };

async function read(text: string, form: RateFileForm, encoding: BufferEncoding = 'utf8') {
  const file = await readRateFile(Readable.from([Buffer.from(text, encoding)]), {
    form,
    effectiveFromMs: START_MS,
    onLines: () => undefined,
  });
  return { ...file, lines: file.rates.slice(0, file.rates.length) };
}

describe('files of carriers', () => {
  it('are read with decimal comma, thousands, semicolons, dates of their zone, and an end that means its last moment', async () => {
    const form = carrier({
      delimiter: ';',
      decimal: ',',
      thousands: '.',
      dateFormat: 'dd.MM.yyyy',
      timeZone: 'Europe/Berlin',
      untilIsInclusive: true,
      columns: { ...COLUMNS, effectiveFrom: 'Ab', effectiveUntil: 'Bis', connectFee: 'Fee' },
    });
    const { lines, faults } = await read(
      'Code;Name;Rate;Incr;Ab;Bis;Fee;Remark\n49;Germany;1.000,0125;60/6;01.07.2026;31.07.2026;0,1;x\n',
      form,
    );
    expect(faults).toEqual([]);
    expect(lines).toEqual([
      {
        ...aRateLine({ price: '1000.0125' }),
        prefix: '49',
        destination: 'Germany',
        connectFeeMicros: 100_000,
        firstIncrementSeconds: 60,
        nextIncrementSeconds: 6,
        effectiveFromMs: Date.parse('2026-06-30T22:00:00Z'),
        effectiveUntilMs: Date.parse('2026-07-31T22:00:00Z'),
      },
    ]);
  });

  it('are read with lists and ranges of prefixes, each line of many prefixes', async () => {
    const { lines } = await read(
      'Code,Name,Rate,Incr\n"1201-1205,1207",US,0.01,1/1\n',
      carrier({ columns: COLUMNS }),
    );
    expect(lines.map(({ prefix }) => prefix)).toEqual(['1201', '1202', '1203', '1204', '1205', '1207']);
  });

  it('are read with country code and area codes in columns of their own, lines above the header, tabs, and in Latin 1', async () => {
    const form = carrier({
      delimiter: '\t',
      encoding: 'latin1',
      skipLines: 2,
      columns: { countryCode: 'CC', areaCodes: 'Areas', destination: 'Name', pricePerMinute: 'Rate' },
      defaults: { firstIncrementSeconds: 30, nextIncrementSeconds: 6 },
    });
    const text =
      'Price list\nof May\nCC\tAreas\tName\tRate\n+43\t1, 316\tÖsterreich\t0.010000000\n44\t\tUK\t0.02\n';
    const { lines, faults } = await read(text, form, 'latin1');
    expect(faults).toEqual([]);
    expect(lines.map(({ prefix, destination }) => `${prefix} ${destination}`)).toEqual([
      '431 Österreich',
      '43316 Österreich',
      '44 UK',
    ]);
    expect(lines[0]).toMatchObject({
      pricePerMinuteMicros: 10_000,
      firstIncrementSeconds: 30,
      nextIncrementSeconds: 6,
    });
  });

  it('are read without a header', async () => {
    const form = carrier({
      hasHeader: false,
      columns: { prefix: '1', destination: '3', pricePerMinute: '2', increments: '4' },
    });
    expect((await read('32,0.01,Belgium,60\n', form)).lines).toMatchObject([
      { prefix: '32', destination: 'Belgium', firstIncrementSeconds: 60, nextIncrementSeconds: 60 },
    ]);
  });

  it('are refused where two prices of a prefix overlap, with both lines', async () => {
    const form = carrier({ columns: { ...COLUMNS, effectiveFrom: 'From', effectiveUntil: 'Until' } });
    const { faults } = await read(
      [
        'Code,Name,Rate,Incr,From,Until',
        '32,a,0.01,1/1,2026-01-01,2026-03-01',
        '33,b,0.01,1/1,2026-01-01,',
        '33,b,0.02,1/1,2026-02-01,',
        '32,a,0.02,1/1,2026-02-01,',
        '32-34,c,0.03,1/1,2026-02-01,',
      ].join('\n'),
      form,
    );
    expect(faults.map(({ line, problem }) => `${line}: ${problem}`)).toEqual([
      '5: the time of 32 overlaps that of line 2',
      '6: the time of 32 overlaps that of line 2',
      '6: 33 has a price from the same moment on line 4',
    ]);
  });

  it('name the carrier’s own column in every fault', async () => {
    const form = carrier({ dateFormat: 'dd/MM/yyyy', columns: { ...COLUMNS, effectiveFrom: 'Valid from' } });
    const { faults } = await read('Code,Name,Rate,Incr,Valid from\n1x,,-1,0/6,31/02/2026\n', form);
    expect(faults.map(({ field }) => field)).toEqual(['Code', 'Incr', 'Name', 'Valid from', 'Rate']);
    expect(faults.find(({ field }) => field === 'Valid from')?.remedy).toBe('write it as dd/MM/yyyy');
  });

  it.each([
    ['no prefix', { columns: { destination: 'a', pricePerMinute: 'b', increments: 'c' } }, 'name no prefix'],
    [
      'no increments',
      { columns: { prefix: 'p', destination: 'a', pricePerMinute: 'b' } },
      'name no increments',
    ],
    ['one sign for two', { decimal: ',', thousands: ',', columns: COLUMNS }, 'decimal sign'],
    ['a date format without a day', { dateFormat: 'HH:mm', columns: COLUMNS }, 'names no day'],
  ])('need a form that can be: %s', (_, form, says) => {
    expect(() => carrier(form)).toThrow(says);
  });
});

describe('lists of prefixes', () => {
  it.each([
    ['1200-1299', ['12']],
    ['1200-1310', ['12', '130', '1310']],
    ['7000000000-7999999999', ['7']],
    ['10-19', ['1']],
    ['3247 3248', ['3247', '3248']],
  ])('%s', (text, prefixes) => {
    expect(prefixesOf(text, 'prefix')).toEqual(prefixes);
  });

  it.each(['', '12-3', '20-10', '012', 'a', '1234567890123456'])('refuse "%s"', (text) => {
    expect(() => prefixesOf(text, 'prefix')).toThrow('prefix');
  });
});

describe.each(DIALECTS)('a deck and its versions on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const HEADER =
    'prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from';
  const bring = (
    deckName: string,
    lines: readonly string[],
    rest: Partial<DeckImport> = {},
    header = HEADER,
  ) =>
    importRateDeck(test.database, {
      deckName,
      currency: EUR,
      csv: Readable.from([Buffer.from([header, ...lines].join('\n'))]),
      sourceName: 'test.csv',
      nowMs: START_MS,
      ...rest,
    });
  const minute = async (deckId: string, number: string, atMs = START_MS) => {
    const quote = await quoteCall(test.database, { deckId, number: e164(number), atMs, talkSeconds: 60 });
    return quote && showMoney(quote.charge);
  };

  it('returns to the former version in one step, and once more to the one before', async () => {
    const { deckId } = await bring('return', ['32,Belgium,0.10,0,60,60,0,2026-01-01']);
    const deck = deckId as string;
    await bring('return', ['32,Belgium,0.20,0,60,60,0,2026-01-01']);
    await bring('return', ['32,Belgium,0.30,0,60,60,0,2026-01-01', '33,France,0.30,0,60,60,0,2026-01-01']);
    expect(await minute(deck, '+3225550123')).toBe('0.30 EUR');
    expect(await returnToFormer(test.database, { deckId: deck, nowMs: START_MS, expected: 3 })).toEqual({
      version: 4,
      withdrawn: 3,
    });
    expect(await minute(deck, '+3225550123')).toBe('0.20 EUR');
    expect(await minute(deck, '+33155501234')).toBeNull();
    await expect(
      returnToFormer(test.database, { deckId: deck, nowMs: START_MS, expected: 3 }),
    ).rejects.toThrow('latest');
    await returnToFormer(test.database, { deckId: deck, nowMs: START_MS, expected: null });
    expect(await minute(deck, '+3225550123')).toBe('0.10 EUR');
    await expect(
      returnToFormer(test.database, { deckId: deck, nowMs: START_MS, expected: null }),
    ).rejects.toThrow('no former');
    await bring('return', ['32,Belgium,0.40,0,60,60,0,2026-01-01']);
    expect(await minute(deck, '+3225550123')).toBe('0.40 EUR');
    const states = (await listVersions(test.database.read, deck, { before: null, limit: 10 })).map(
      ({ version, kind, state }) => `${version} ${kind} ${state}`,
    );
    expect(states).toEqual([
      '6 import published',
      '5 return published',
      '4 return published',
      '3 import withdrawn',
      '2 import withdrawn',
      '1 import published',
    ]);
  });

  it('publishes at its moment, not before, and after what was published meanwhile; a cancelled one never', async () => {
    const { deckId } = await bring('scheduled', ['32,Belgium,0.10,0,60,60,0,2026-01-01']);
    const deck = deckId as string;
    const later = await bring('scheduled', ['32,Belgium,0.50,0,60,60,0,'], {
      publishAtMs: START_MS + DAY_MS,
    });
    expect(later).toMatchObject({ published: true, publishAtMs: START_MS + DAY_MS, version: 2 });
    const called = await bring('scheduled', ['32,Belgium,0.90,0,60,60,0,'], {
      publishAtMs: START_MS + DAY_MS,
    });
    await bring('scheduled', ['33,France,0.20,0,60,60,0,2026-01-01']);
    const at = START_MS + 2 * DAY_MS;
    expect(await minute(deck, '+3225550123', at)).toBe('0.10 EUR');
    expect(await minute(deck, '+33155501234', at)).toBe('0.20 EUR');
    await publishScheduled(test.database, { deckId: deck, version: 2, nowMs: START_MS });
    expect(await minute(deck, '+3225550123', at)).toBe('0.10 EUR');
    await cancelScheduled(test.database, { deckId: deck, version: called.version as number });
    for (const version of [2, 3, 2])
      await publishScheduled(test.database, { deckId: deck, version, nowMs: START_MS + DAY_MS });
    expect(await minute(deck, '+3225550123', at)).toBe('0.50 EUR');
    expect(await minute(deck, '+3225550123', START_MS)).toBe('0.10 EUR');
    await expect(cancelScheduled(test.database, { deckId: deck, version: 2 })).rejects.toThrow(
      'does not wait',
    );
  });

  it('has time bands, which a file names, an export writes and another deck reads', async () => {
    const { deckId } = await bring('bands', ['31,Netherlands,0.10,0,60,60,0,2026-01-01']);
    const deck = deckId as string;
    const header = `${HEADER},price_per_minute:night`;
    expect(
      (await bring('bands', ['32,Belgium,0.10,0,60,60,0,2026-01-01,0.02'], {}, header)).faults[0]?.problem,
    ).toBe('the deck has no time band night');
    const calendar = {
      timeZone: 'Europe/Brussels',
      holidays: [],
      splitsCalls: false,
      bands: [{ name: 'night', days: ['thursday' as const], from: '22:00', until: '06:00' }],
    };
    await setCalendar(test.database, { deckId: deck, calendar, nowMs: START_MS });
    await bring('bands', ['32,=Belgium,0.10,0,60,60,0,2026-01-01,0.02'], {}, header);
    const night = Date.parse('2026-01-15T21:00:00Z');
    expect(await minute(deck, '+3225550123', night)).toBe('0.02 EUR');
    expect(await minute(deck, '+3225550123', night - 1)).toBe('0.10 EUR');
    const head = await deckHeadAt(
      test.database.read,
      deck,
      (await readDeck(test.database.read, deck)).currentVersion,
    );
    const write = async () => {
      let text = '';
      for await (const part of exportRates(test.database.read, head)) text += part;
      return text;
    };
    const [first = '', ...lines] = (await write()).trim().split('\n');
    expect(lines).toHaveLength(2);
    expect((await bring('bands', lines, { dryRun: true }, first)).difference).toMatchObject({
      unchanged: 2,
      changed: 0,
    });
    await returnToFormer(test.database, { deckId: deck, nowMs: START_MS, expected: 3 });
    await returnToFormer(test.database, { deckId: deck, nowMs: START_MS, expected: 2 });
    expect(await minute(deck, '+31205550123', night)).toBe('0.10 EUR');
  });

  it('says in a dry run what is new, dearer, cheaper, ended and unchanged, and what last month’s calls would cost', async () => {
    const lines = [
      '32,Belgium,0.60,0,60,60,0,2025-01-01',
      '33,France,0.30,0,60,60,0,2025-01-01',
      '34,Spain,0.30,0,60,60,0,2025-01-01',
      '35,Portugal,0.30,0,60,60,0,2025-01-01',
    ];
    const { deckId } = await bring('dry', lines);
    const account = await anAccount(test.database, { credit: '100', deckId: deckId as string });
    const lastMonth = Date.UTC(2025, 11, 20);
    const calls = ['+3225550123', '+33155501234', '+34915550123'].map((number, n) => ({
      source: `dry-${dialect}`,
      uniqueId: `call ${n}`,
      payerAccountId: account.id,
      direction: 'outbound' as const,
      fromNumber: null,
      dialledNumber: number,
      number: e164(number),
      startedAtMs: lastMonth,
      answeredAtMs: lastMonth + 5_000,
      endedAtMs: lastMonth + 65_000,
      costDeckId: null,
    }));
    await importCdrs(test.database, calls, START_MS);
    const wanted = [
      '32,Belgium,0.90,0,60,60,0,',
      '33,France,0.20,0,60,60,0,',
      '34,Spain,0.30,0,60,60,0,',
      '36,Hungary,0.10,0,60,60,0,',
    ];
    const report = await bring('dry', wanted, { dryRun: true, replaces: true });
    expect(report.difference).toMatchObject({
      new: 1,
      dearer: 1,
      cheaper: 1,
      changed: 0,
      ended: 1,
      unchanged: 1,
    });
    expect(report.difference?.largestChanges[0]).toMatchObject({ prefix: '32', percent: 50 });
    expect(report.effect).toEqual({
      fromMs: Date.UTC(2025, 11, 1),
      untilMs: Date.UTC(2026, 0, 1),
      calls: 3,
      presentMicros: '1200000',
      newMicros: '1400000',
      withoutPrice: 0,
    });
    expect(await minute(deckId as string, '+3225550123')).toBe('0.60 EUR');
    await bring('dry', wanted, { replaces: true });
    expect(await minute(deckId as string, '+3225550123')).toBe('0.90 EUR');
    expect(await minute(deckId as string, '+351215550123')).toBeNull();
    expect(await minute(deckId as string, '+351215550123', START_MS - 1)).toBe('0.30 EUR');
  });

  it('ends a price and leaves the number to the shorter prefix, from the database and compiled alike', async () => {
    const deck = await aDeck(test.database, [
      aRateLine({ price: '0.10', prefix: '32' }),
      aRateLine({ price: '0.50', prefix: '3247', effectiveUntilMs: START_MS }),
    ]);
    for (let question = 0; question < 120; question++) {
      expect(await minute(deck.id, '+32475550123', START_MS - 1)).toBe('0.50 EUR');
      expect(await minute(deck.id, '+32475550123', START_MS)).toBe('0.10 EUR');
    }
  });
});
