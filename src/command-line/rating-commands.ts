import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { findDeckByName, type RateDeck } from '../billing/rating/decks-store';
import { exportRates } from '../billing/rating/export-rates';
import { importCdrFile } from '../billing/rating/import-cdr-file';
import { type ImportReport, importRateDeck } from '../billing/rating/import-rate-deck';
import { checkedForm } from '../billing/rating/import-forms';
import { returnToFormer, setCalendar } from '../billing/rating/publish-version';
import type { RateFileForm } from '../billing/rating/rate-file-form';
import { deckHeadAt } from '../billing/rating/rates-store';
import { Reratings } from '../billing/rating/reratings';
import { deltaByAccount, readRerating } from '../billing/rating/reratings-store';
import { bandCalendarSchema } from '../billing/rating/time-bands';
import { listVersions } from '../billing/rating/versions-store';
import type { CdrFileForm } from '../cdr/mediation/cdr-file-form';
import { type FormKind, readForm } from '../csv/import-forms-store';
import { InvalidInput, NotFound } from '../kernel/app-error';
import { systemClock } from '../kernel/clock';
import { currency, money, showMoney, subtractMoney } from '../kernel/money';
import type { Database } from '../kernel/unit-of-work';
import { type Command, type CommandInput, EXIT } from './command';
import { withDatabase } from './database-commands';

const JSON_OPTION = { json: { type: 'boolean', about: 'Print JSON for programs' } } as const;
const LISTED = 200;

export const importRates: Command = {
  name: 'import-rates',
  usage: '<file.csv>',
  about:
    'Imports a rate deck from CSV. In our own form the header is prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from and, if wanted, minimum_charge, maximum_charge, grace_seconds, effective_until and price_per_minute:<band>; sql/decks holds an example. A carrier’s own form is named by --form. All lines or none: every fault is listed with its line. A deck of the same name gets a new version; --dry-run shows the difference and what last month’s calls would cost.',
  words: [1, 1],
  options: {
    deck: { type: 'string', about: 'Name of the deck (the file’s name when left out)' },
    currency: {
      type: 'string',
      about: 'Currency of the prices: three letters of ISO 4217 (EUR when left out)',
    },
    form: { type: 'string', about: 'How the file is written: a form that was kept, or a JSON file' },
    'publish-at': {
      type: 'string',
      about: 'When the prices count, as in 2026-12-01T00:00:00Z (now when left out)',
    },
    replaces: { type: 'boolean', about: 'Prices of the deck that the file does not name end' },
    'dry-run': { type: 'boolean', about: 'Read, check and compare everything, change nothing' },
    ...JSON_OPTION,
  },
  examples: [
    '123-voip import-rates rates.csv --deck Retail --currency EUR --dry-run',
    '123-voip import-rates carrier.csv --deck Carrier --form carrier.json --publish-at 2026-12-01T00:00:00Z',
  ],
  run: (input) => withDatabase(input, (database) => runImport(input, database)),
};

async function runImport(input: CommandInput, database: Database): Promise<number> {
  const file = await readableFile(input.words[0] ?? '');
  const { form } = input.options;
  const report = await importRateDeck(database, {
    deckName: String(input.options.deck ?? basename(file, '.csv')),
    currency: currency(String(input.options.currency ?? 'EUR')),
    csv: createReadStream(file),
    sourceName: basename(file),
    nowMs: systemClock.nowMs(),
    publishAtMs: momentOption(input, 'publish-at'),
    replaces: input.options.replaces === true,
    dryRun: input.options['dry-run'] === true,
    ...(form === undefined
      ? {}
      : { form: (await formOption(database, 'rates', String(form))) as RateFileForm }),
    onProgress: ({ step, rates }) => {
      if (!input.options.json) input.print(`${rates} rates ${step}`);
    },
  });
  if (input.options.json) input.print(JSON.stringify(report, null, 2));
  else printReport(input, report);
  return report.faultCount > 0 ? EXIT.badData : EXIT.ok;
}

function printReport({ print, options }: CommandInput, report: ImportReport): void {
  for (const fault of report.faults)
    print(`line ${fault.line}: ${fault.field}: ${fault.problem}; ${fault.remedy}`);
  if (report.faultCount > 0) return print(`${report.faultCount} faults; nothing was imported.`);
  const unit = currency(String(options.currency ?? 'EUR'));
  const shown = (micros: bigint) => showMoney(money(micros, unit));
  if (report.difference) {
    const { largestChanges, ...counts } = report.difference;
    print(
      Object.entries(counts)
        .map(([name, count]) => `${count} ${name}`)
        .join(', '),
    );
    for (const change of largestChanges)
      print(
        `  ${change.prefix.padEnd(14)} ${change.destination}: three minutes ${shown(BigInt(change.beforeMicros))} → ${shown(BigInt(change.afterMicros))}`,
      );
  }
  if (report.effect) {
    const { calls, presentMicros, newMicros, withoutPrice } = report.effect;
    print(
      `${calls} calls of last month: ${shown(BigInt(presentMicros))} by the present prices, ${shown(BigInt(newMicros))} by the new ones; ${withoutPrice} would have no price.`,
    );
  }
  if (!report.published) print(`${report.rateCount} rates are right; nothing was changed.`);
  else if (report.publishAtMs === null)
    print(`${report.rateCount} rates imported as version ${report.version}.`);
  else
    print(
      `${report.rateCount} rates wait as version ${report.version} for ${new Date(report.publishAtMs).toISOString()}; the service publishes them then.`,
    );
}

export const deckVersions: Command = {
  name: 'deck-versions',
  usage: '<deck>',
  about: 'Lists what changed a rate deck: imports, time bands and returns, the newest first.',
  words: [1, 1],
  options: JSON_OPTION,
  examples: ['123-voip deck-versions Retail'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const deck = await deckNamed(database, input.words[0] ?? '');
      const versions = await listVersions(database.read, deck.id, { before: null, limit: LISTED });
      if (input.options.json) input.print(JSON.stringify(versions, null, 2));
      else
        for (const { version, kind, state, rateCount, sourceName, startedAtMs } of versions)
          input.print(
            `${String(version).padStart(5)}  ${kind.padEnd(8)} ${state.padEnd(10)} ${String(rateCount).padStart(8)} rates  ${new Date(startedAtMs).toISOString()}  ${sourceName}`,
          );
      return EXIT.ok;
    }),
};

export const returnDeck: Command = {
  name: 'return-deck',
  usage: '<deck>',
  about:
    'Takes the latest version of a rate deck back: what counted before it counts again, at once. Done once more it takes back the version before that. Calls that go on keep their price.',
  words: [1, 1],
  options: {
    expected: {
      type: 'string',
      about: 'The version to be taken back; refused when another one is the latest',
    },
  },
  examples: ['123-voip return-deck Retail --expected 7'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const deck = await deckNamed(database, input.words[0] ?? '');
      const { expected } = input.options;
      if (expected !== undefined && !/^\d{1,9}$/.test(String(expected)))
        throw new InvalidInput('--expected', `"${String(expected)}" is no version`, 'see deck-versions');
      const returned = await returnToFormer(database, {
        deckId: deck.id,
        nowMs: systemClock.nowMs(),
        expected: expected === undefined ? null : Number(expected),
      });
      input.print(
        `Version ${returned.withdrawn} of ${deck.name} counts no more; the deck is at version ${returned.version}.`,
      );
      return EXIT.ok;
    }),
};

export const exportRatesCommand: Command = {
  name: 'export-rates',
  usage: '<deck>',
  about: 'Writes all rates of a deck as CSV that import-rates reads.',
  words: [1, 1],
  options: { version: { type: 'string', about: 'As the deck was in this version (now when left out)' } },
  examples: ['123-voip export-rates Retail > retail.csv'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const deck = await deckNamed(database, input.words[0] ?? '');
      const { version = String(deck.currentVersion) } = input.options;
      if (!/^\d{1,9}$/.test(String(version)) || Number(version) > deck.currentVersion)
        throw new InvalidInput(
          '--version',
          `"${String(version)}" is no version of the deck`,
          'see deck-versions',
        );
      for await (const part of exportRates(
        database.report,
        await deckHeadAt(database.read, deck.id, Number(version)),
      ))
        if (part !== '') input.print(part.trimEnd());
      return EXIT.ok;
    }),
};

export const deckBands: Command = {
  name: 'deck-bands',
  usage: '<deck> <calendar.json>',
  about:
    'Sets the time bands of a rate deck: time zone, holidays, whether calls are split where one band gives way to another, and the bands with days, from and until. Rates name their prices in bands by columns price_per_minute:<band>.',
  words: [2, 2],
  options: {},
  examples: ['123-voip deck-bands Retail bands.json'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const deck = await deckNamed(database, input.words[0] ?? '');
      const file = await readableFile(input.words[1] ?? '');
      const read = bandCalendarSchema.safeParse(jsonOf(await readFile(file, 'utf8'), file));
      if (!read.success) {
        const [first] = read.error.issues;
        throw new InvalidInput(
          first?.path.join('.') || 'calendar',
          first?.message ?? 'does not fit',
          'correct the file',
        );
      }
      const version = await setCalendar(database, {
        deckId: deck.id,
        calendar: read.data,
        nowMs: systemClock.nowMs(),
      });
      input.print(`The time bands of ${deck.name} count as version ${version}.`);
      return EXIT.ok;
    }),
};

export const importCdrsCommand: Command = {
  name: 'import-cdrs',
  usage: '<file.csv>',
  about:
    'Brings in CDRs of another switch: rated and charged like ours, each once however often its file comes. What cannot be read or priced is told line by line and can be imported again when it is put right.',
  words: [1, 1],
  options: {
    form: { type: 'string', about: 'How the file is written: a form that was kept, or a JSON file' },
    ...JSON_OPTION,
  },
  examples: ['123-voip import-cdrs cdrs.csv --form switch-a'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const file = await readableFile(input.words[0] ?? '');
      const { form, json } = input.options;
      if (typeof form !== 'string')
        throw new InvalidInput('--form', 'is needed', 'name a form that was kept, or a JSON file');
      const counts = await importCdrFile(database, {
        csv: createReadStream(file),
        form: (await formOption(database, 'cdrs', form)) as CdrFileForm,
        nowMs: systemClock.nowMs(),
        onPart: (so, told) => {
          if (json) return;
          for (const { line, outcome, field, problem, remedy } of told)
            if (outcome !== 'known') input.print(`line ${line}: ${field}: ${problem}; ${remedy}`);
          input.print(`${so.linesRead} lines read, ${so.imported} imported`);
        },
      });
      input.print(
        json
          ? JSON.stringify(counts, null, 2)
          : `${counts.imported} imported (${counts.capped} not paid whole), ${counts.known} known, ${counts.refused} refused.`,
      );
      return counts.refused > 0 ? EXIT.badData : EXIT.ok;
    }),
};

export const rerate: Command = {
  name: 'rerate',
  usage: '<from> <until>',
  about:
    'Prices the stored calls of a time anew, by the prices that count now for the moment they began, and shows the difference by account. Nothing changes without --commit, which posts each difference once.',
  words: [2, 2],
  options: {
    account: { type: 'string', about: 'Only calls of this account (id)' },
    prefix: { type: 'string', about: 'Only calls to numbers that begin so, without a plus' },
    deck: { type: 'string', about: 'Only calls that this deck priced (name)' },
    'by-deck': { type: 'string', about: 'Price by this deck instead of each call’s own (name)' },
    reason: { type: 'string', about: 'Why, for the auditor' },
    commit: { type: 'boolean', about: 'Post the differences' },
    ...JSON_OPTION,
  },
  examples: [
    '123-voip rerate 2026-11-01T00:00:00Z 2026-12-01T00:00:00Z --deck Retail --reason "late prices"',
  ],
  run: (input) => withDatabase(input, (database) => runRerate(input, database)),
};

async function runRerate(input: CommandInput, database: Database): Promise<number> {
  const { account, prefix, deck, 'by-deck': byDeck, reason, commit, json } = input.options;
  const [from = '', until = ''] = input.words;
  const deckId = async (name: typeof deck) =>
    name === undefined ? null : (await deckNamed(database, String(name))).id;
  const reratings = new Reratings({ database, clock: systemClock, log: input.log });
  const { id } = await reratings.begin(
    {
      fromMs: moment('from', from),
      untilMs: moment('until', until),
      accountId: account === undefined ? null : String(account),
      prefix: prefix === undefined ? null : String(prefix),
      deckId: await deckId(deck),
      byDeckId: await deckId(byDeck),
    },
    String(reason ?? ''),
  );
  await reratings.idle();
  const looked = await readRerating(database.read, id, systemClock.nowMs());
  const deltas = await deltaByAccount(database.report, id, { after: null, limit: LISTED });
  if (commit && looked.state === 'checked') {
    await reratings.commit(id);
    await reratings.idle();
  }
  const ended = await readRerating(database.read, id, systemClock.nowMs());
  if (json) {
    input.print(JSON.stringify({ ...ended, accounts: deltas }, withText, 2));
  } else {
    for (const { accountId, calls, before, after } of deltas)
      input.print(
        `${accountId}  ${calls} calls  ${showMoney(before)} → ${showMoney(after)}  ${showMoney(subtractMoney(after, before))}`,
      );
    if (deltas.length === LISTED) input.print(`… the first ${LISTED} accounts; the API gives all`);
    input.print(
      `${ended.lookedAt} calls looked at, ${ended.changed} cost something else, ${ended.withoutPrice} have no price now. ${ended.state === 'committed' ? `${ended.settled} settled.` : 'Nothing was posted.'}`,
    );
  }
  return ended.state === (commit ? 'committed' : 'checked') ? EXIT.ok : EXIT.failed;
}

function withText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

async function deckNamed(database: Database, name: string): Promise<RateDeck> {
  const deck = await findDeckByName(database.read, name);
  if (!deck) throw new NotFound('rate deck', name);
  return deck;
}

async function readableFile(file: string): Promise<string> {
  if (!(await stat(file).catch(() => null))?.isFile())
    throw new InvalidInput('file', `"${file}" cannot be read`, 'give the path of a file');
  return file;
}

/** A form by its file, or by the name it was kept under. */
async function formOption(database: Database, kind: FormKind, named: string): Promise<object> {
  if (!named.endsWith('.json')) return checkedForm(kind, (await readForm(database.read, kind, named)).form);
  return checkedForm(kind, jsonOf(await readFile(await readableFile(named), 'utf8'), named));
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidInput('file', `"${file}" is no JSON`, 'correct it');
  }
}

function momentOption(input: CommandInput, name: string): number | null {
  const given = input.options[name];
  return given === undefined ? null : moment(`--${name}`, String(given));
}

function moment(field: string, text: string): number {
  const atMs = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new InvalidInput(field, `"${text}" is no moment`, 'write it like 2026-12-01T00:00:00Z');
  return atMs;
}
