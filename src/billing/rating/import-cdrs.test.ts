import { anAccount, aDeck, aRateLine, START_MS } from '../../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { FakeClock } from '../../../test/support/fake-clock';
import { readCdrs } from '../../cdr/cdrs-store';
import { cdrFileFormSchema, checkCdrFileForm } from '../../cdr/mediation/cdr-file-form';
import type { ImportedCall } from '../../cdr/mediation/imported-call';
import { silentLog } from '../../kernel/log';
import { showMoney } from '../../kernel/money';
import { e164 } from '../../kernel/phone-number';
import { integer } from '../../kernel/unit-of-work';
import { readBalance } from '../ledger/ledger-accounts';
import { verifyLedger } from '../ledger/verify-ledger';
import { CdrImports, listToldLines, readCdrImport } from './cdr-imports';
import { quoteCall } from './find-rate';
import { importCdrs } from './import-cdrs';

const form = (columns: object, rest: object = {}) =>
  checkCdrFileForm(cdrFileFormSchema.parse({ source: 'switch-a', columns, ...rest }));

describe('forms of CDR files', () => {
  it.each([
    ['whom it called', { startedAt: 'a', talkSeconds: 'b', account: 'c' }, 'name no to'],
    ['who pays', { to: 'd', startedAt: 'a', talkSeconds: 'b' }, 'name no account'],
    [
      'a duration with the ringing in it alone',
      { to: 'd', startedAt: 'a', durationSeconds: 'b', account: 'c' },
      'is not enough',
    ],
  ])('are refused without %s', (_, columns, says) => {
    expect(() => form(columns)).toThrow(says);
  });
});

describe.each(DIALECTS)('CDRs of other switches on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  let next = 0;
  const aCall = (payerAccountId: string, rest: Partial<ImportedCall> = {}): ImportedCall => ({
    source: 'switch-a',
    uniqueId: `leg ${++next}`,
    payerAccountId,
    direction: 'outbound',
    fromNumber: '+4930555001',
    dialledNumber: '003225550123',
    number: e164('+3225550123'),
    startedAtMs: START_MS,
    answeredAtMs: START_MS + 10_000,
    endedAtMs: START_MS + 130_000,
    costDeckId: null,
    ...rest,
  });
  const bring = (calls: readonly ImportedCall[]) => importCdrs(test.database, calls, START_MS + 500_000);
  const balanceOf = async (accountId: string) =>
    showMoney((await readBalance(test.database.read, accountId)).balance);

  it('are rated and charged like ours, from the answer on, with the carrier’s cost beside', async () => {
    const cost = await aDeck(test.database, [aRateLine({ price: '0.10' })]);
    const account = await anAccount(test.database, { credit: '10' });
    const [outcome] = await bring([aCall(account.id, { costDeckId: cost.id })]);
    expect(outcome?.outcome).toBe('imported');
    const [cdr] = await readCdrs(test.database.read, [(outcome as { cdrId: string }).cdrId]);
    const quote = await quoteCall(test.database, {
      deckId: account.deckId as string,
      number: e164('+3225550123'),
      atMs: START_MS,
      talkSeconds: 120,
    });
    expect(cdr?.rating?.charge).toEqual(quote?.charge);
    expect(cdr?.rating?.working).toEqual({ ...quote?.working });
    expect(showMoney(cdr?.rating?.cost?.margin ?? { amountMicros: 0n, currency: account.currency })).toBe(
      '1.00 EUR',
    );
    expect(cdr).toMatchObject({ nodeId: 'import:switch-a', result: 'completed', payerAccountId: account.id });
    expect(await balanceOf(account.id)).toBe('8.80 EUR');
  });

  it('come once: by their own id, and without one by what they tell; of two imports at once, too', async () => {
    const account = await anAccount(test.database, { credit: '100' });
    const calls = Array.from({ length: 40 }, (_, n) =>
      aCall(
        account.id,
        n % 2 === 0 ? {} : { uniqueId: null, startedAtMs: START_MS - n, fromNumber: `+49305550${n}` },
      ),
    );
    const both = await Promise.all([bring(calls), bring(calls.toReversed())]);
    const imported = both.flat().filter(({ outcome }) => outcome === 'imported');
    expect(imported).toHaveLength(40);
    expect(await balanceOf(account.id)).toBe('52.00 EUR');
    const again = await bring([...calls, ...calls]);
    expect(new Set(again.map(({ outcome }) => outcome))).toEqual(new Set(['known']));
    expect(
      (await bring([aCall(account.id, { source: 'switch-b', uniqueId: calls[0]?.uniqueId ?? null })]))[0]
        ?.outcome,
    ).toBe('imported');
    expect(await balanceOf(account.id)).toBe('50.80 EUR');
  });

  it('never take an account below its limit: what it cannot pay is noted beside the charge', async () => {
    const account = await anAccount(test.database, { credit: '2', creditLimitMicros: 500_000n });
    const outcomes = await bring([
      aCall(account.id),
      aCall(account.id),
      aCall(account.id),
      aCall(account.id),
    ]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['imported', 'imported', 'capped', 'capped']);
    const cdrs = await readCdrs(
      test.database.read,
      outcomes.map((one) => (one as { cdrId: string }).cdrId),
    );
    const charges = cdrs.map(({ rating }) => Number(rating?.charge.amountMicros)).toSorted((a, b) => b - a);
    expect(charges).toEqual([1_200_000, 1_200_000, 100_000, 0]);
    expect(cdrs.filter(({ rating }) => rating?.working.uncappedMicros === '1200000')).toHaveLength(2);
    expect(await balanceOf(account.id)).toBe('-0.50 EUR');
  });

  it('are refused without a price or a payer, cost nothing unanswered, and leave the ledger proven', async () => {
    const account = await anAccount(test.database, { credit: '10' });
    const outcomes = await bring([
      aCall('nobody'),
      aCall(account.id, { number: e164('+33155501234') }),
      aCall(account.id, { answeredAtMs: null }),
    ]);
    expect(outcomes.map((one) => (one.outcome === 'refused' ? one.field : one.outcome))).toEqual([
      'account',
      'number',
      'imported',
    ]);
    expect(await balanceOf(account.id)).toBe('10.00 EUR');
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });

  it('come from a file with a report by line and progress; the second time it changes nothing but what was put right', async () => {
    const account = await anAccount(test.database, { credit: '1000' });
    const shape = form(
      {
        uniqueId: 'id',
        account: 'who',
        from: 'src',
        to: 'dst',
        startedAt: 'start',
        talkSeconds: 'billsec',
        durationSeconds: 'duration',
      },
      {
        source: `file-${dialect}`,
        delimiter: ';',
        decimal: ',',
        timeFormat: 'dd/MM/yyyy HH:mm:ss',
        timeZone: 'Europe/Brussels',
      },
    );
    const good = Array.from(
      { length: 1_200 },
      (_, n) => `g${n};${account.id};+4930555001;003225550123;15/01/2026 13:00:00;30,0;42`,
    );
    const file = (last: string) =>
      Buffer.from(
        [
          'id;who;src;dst;start;billsec;duration',
          ...good,
          `x;${account.id};1;abc;15/01/2026 13:00:00;1;1`,
          last,
        ].join('\n'),
      );
    const clock = new FakeClock(START_MS);
    const imports = new CdrImports({ database: test.database, clock, log: silentLog });
    const run = async (bytes: Buffer) => {
      const begun = await imports.begin({ file: bytes, fileName: 'cdrs.csv', form: shape });
      expect(begun.state).toBe('running');
      await imports.idle();
      const ended = await readCdrImport(test.database.read, begun.id, START_MS);
      return {
        ended,
        lines: await listToldLines(test.database.read, begun.id, { after: null, limit: 5_000 }),
      };
    };
    const first = await run(file(`y;${account.id};1;+3225550123;31/02/2026 13:00:00;1;1`));
    expect(first.ended).toMatchObject({
      state: 'done',
      linesRead: 1_202,
      imported: 1_200,
      known: 0,
      refused: 2,
    });
    expect(first.lines.map(({ line, field }) => `${line} ${field}`)).toEqual(['1202 dst', '1203 start']);
    expect(await balanceOf(account.id)).toBe('280.00 EUR');
    const second = await run(file(`y;${account.id};1;+3225550123;28/02/2026 13:00:00;1;1`));
    expect(second.ended).toMatchObject({ state: 'done', imported: 1, known: 1_200, refused: 1 });
    expect(await balanceOf(account.id)).toBe('279.40 EUR');
    const [row] = await test.database.read.all(
      'SELECT COUNT(*) AS n, MIN(answered_at_ms - started_at_ms) AS ring FROM cdrs WHERE node_id = ?',
      [`import:file-${dialect}`],
    );
    expect([integer(row?.n), integer(row?.ring)]).toEqual([1_201, 0]);
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });

  it('say of a file that cannot be read to its end where it broke', async () => {
    const shape = form({ to: 'dst', startedAt: 'start', talkSeconds: 'billsec', account: 'who' });
    const imports = new CdrImports({
      database: test.database,
      clock: new FakeClock(START_MS),
      log: silentLog,
    });
    const begun = await imports.begin({
      file: Buffer.from('dst;start\n1;2'),
      fileName: 'x.csv',
      form: shape,
    });
    await imports.idle();
    expect(await readCdrImport(test.database.read, begun.id, START_MS)).toMatchObject({
      state: 'done',
      imported: 0,
    });
    const lines = await listToldLines(test.database.read, begun.id, { after: null, limit: 10 });
    expect(lines.map(({ field, problem }) => `${field} ${problem}`)).toContain(
      'billsec the column is missing',
    );
  });
});
