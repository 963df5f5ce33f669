import { verifyAudit } from '../audit/audit-log';
import { verifyLedger } from '../billing/ledger/verify-ledger';
import { listDecks, MAX_DECKS_PER_PAGE, type RateDeck } from '../billing/rating/decks-store';
import { findRate } from '../billing/rating/find-rate';
import { rateCall } from '../billing/rating/rate-call';
import { replayJournal } from '../cdr/replay-journal';
import { type CallExplanation, explainCall } from '../calling/explain-call';
import { knowledgeOffline, routeSettings } from '../wiring-lines';
import { seedDemo } from '../demo/seed-demo';
import { createApiKey } from '../http/api-keys';
import { readAccount } from '../accounts/accounts-store';
import { ROLES, SCOPES } from '../http/roles';
import { InvalidInput, NotFound } from '../kernel/app-error';
import { systemClock } from '../kernel/clock';
import { money, showMoney } from '../kernel/money';
import type { E164 } from '../kernel/phone-number';
import type { Database } from '../kernel/unit-of-work';
import { normaliseDialled } from '../numbers/normalise-dialled';
import { openMigratedDatabase } from '../wiring';
import { type Command, type CommandInput, EXIT } from './command';

/** Opens the database for one command and closes it again. */
export async function withDatabase(
  input: CommandInput,
  work: (database: Database) => Promise<number>,
): Promise<number> {
  const database = await openMigratedDatabase(input.config, input.log);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

const DAY_MS = 86_400_000;
const JSON_OPTION = { json: { type: 'boolean', about: 'Print JSON for programs' } } as const;
const DECK_OPTION = {
  deck: { type: 'string', about: 'Name of the rate deck; may be left out when there is only one' },
} as const;

export const migrate: Command = {
  name: 'migrate',
  usage: '',
  about:
    'Brings the database up to date: runs every numbered migration of sql/ that it has not seen. start does this too.',
  words: [0, 0],
  options: {},
  examples: [],
  run: (input) =>
    withDatabase(input, async (database) => {
      input.print(`The ${database.dialect} database is up to date.`);
      return EXIT.ok;
    }),
};

export const seedDemoCommand: Command = {
  name: 'seed-demo',
  usage: '',
  about:
    'Puts a demo into an empty database: an account with credit, a rate deck, a trunk that takes calls from this machine, an access number and a room. Room ID and PINs are printed once. Refuses a database that has other data.',
  words: [0, 0],
  options: JSON_OPTION,
  examples: ['123-voip seed-demo --json'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const seed = await seedDemo(database, systemClock.nowMs(), input.config.SIP_REALM);
      if (input.options.json) input.print(JSON.stringify(seed, null, 2));
      else
        for (const [name, value] of Object.entries(seed))
          input.print(`${name.padEnd(16)} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
      return EXIT.ok;
    }),
};

export const rate: Command = {
  name: 'rate',
  usage: '<number> <seconds>',
  about:
    'Says what a call of so many seconds to a number costs, and how that comes about: the same function that bills it.',
  words: [2, 2],
  options: { ...DECK_OPTION, ...JSON_OPTION },
  examples: ['123-voip rate +3222223344 95'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const [dialled = '', seconds = ''] = input.words;
      if (!/^\d{1,8}$/.test(seconds))
        throw new InvalidInput('seconds', `"${seconds}" is no duration`, 'give whole seconds');
      const deck = await chosenDeck(database, input.options.deck);
      const found = await findRate(database, {
        deckId: deck.id,
        number: understood(dialled),
        atMs: systemClock.nowMs(),
      });
      if (!found) throw new NotFound(`rate in deck ${deck.name} for`, dialled);
      const { charge, working } = rateCall(found, Number(seconds));
      if (input.options.json) input.print(JSON.stringify({ charge: showMoney(charge), working }, null, 2));
      else {
        input.print(showMoney(charge));
        for (const [name, value] of Object.entries(working))
          input.print(`  ${name.padEnd(22)} ${showValue(name, value, deck)}`);
      }
      return EXIT.ok;
    }),
};

export const explain: Command = {
  name: 'explain',
  usage: '<from> <to>',
  about:
    'Says what would happen to a call, without making it: who calls, what is decided and why, what it costs, by which trunks. <from> is a 123-voip number of ours, or any number, which then comes from a trunk.',
  words: [2, 2],
  options: {
    source: { type: 'string', about: 'Address a trunk would call from (127.0.0.1 when left out)' },
    at: {
      type: 'string',
      about: 'When the call would be made, as in 2026-01-15T12:00:00Z (now when left out)',
    },
    ...JSON_OPTION,
  },
  examples: [
    '123-voip explain +3222223344 +12025550100',
    '123-voip explain 1230000013 003222223344 --at 2026-01-15T12:00:00Z',
  ],
  run: (input) =>
    withDatabase(input, async (database) => {
      const [from = '', to = ''] = input.words;
      const source = String(input.options.source ?? '127.0.0.1');
      const atMs = momentOf(input.options.at);
      const parts = {
        database,
        trunkKnowledge: knowledgeOffline(database, systemClock),
        settings: routeSettings(input.config),
      };
      const explanation = await explainCall(parts, { from, to, source, atMs });
      if (input.options.json) input.print(JSON.stringify({ from, to, ...explanation }, null, 2));
      else for (const line of explanationLines(explanation)) input.print(line);
      return EXIT.ok;
    }),
};

/** @throws InvalidInput */
function momentOf(given: string | boolean | undefined): number {
  if (typeof given !== 'string') return systemClock.nowMs();
  const atMs = Date.parse(given);
  if (Number.isNaN(atMs))
    throw new InvalidInput('at', `"${given}" is no time`, 'write it as in 2026-01-15T12:00:00Z');
  return atMs;
}

const line = (name: string, value: string | number | null) => `${name.padEnd(14)} ${value ?? '-'}`;

function explanationLines(explanation: CallExplanation): readonly string[] {
  const { price, trunks, leftOut, handling, ...plain } = explanation;
  return [
    ...Object.entries(plain).map(([name, value]) => line(name, value)),
    line('price', price && `${price.perMinute} a minute, first hold ${price.firstHold}`),
    ...trunks.map((one, n) =>
      line(
        `trunk ${n + 1}`,
        `${one.trunk} by ${one.by}: three minutes ${one.threeMinutes ?? 'not known'}, first margin ${one.firstMargin ?? 'not known'}${one.isDead ? ', dead' : ''}`,
      ),
    ),
    ...leftOut.map((one) => line('left out', `${one.trunk}: ${one.reason}`)),
    ...(handling ? [line('handling', JSON.stringify(handling))] : []),
  ];
}

export const verifyLedgerCommand: Command = {
  name: 'verify-ledger',
  usage: '',
  about:
    'Proves the ledger: every transaction sums to zero, balances and holds equal what they are made of, charges equal the CDRs’, the hash chain is unbroken and the database refuses changes. The first bad row comes first. Exit code 65 and one line a fault when something does not hold.',
  words: [0, 0],
  options: JSON_OPTION,
  examples: [],
  run: (input) =>
    withDatabase(input, async (database) => {
      const report = await verifyLedger(database);
      if (input.options.json) input.print(JSON.stringify(report, null, 2));
      else {
        for (const fault of report.faults)
          input.print(`${fault.name}: ${fault.subject} has ${fault.found}, should have ${fault.expected}`);
        input.print(
          `${report.transactions} transactions, ${report.checks} checks, ${report.faultCount} faults; seal ${report.sealNumber} ${report.sealHash}`,
        );
      }
      return report.faultCount === 0 ? EXIT.ok : EXIT.badData;
    }),
};

export const verifyAuditCommand: Command = {
  name: 'verify-audit',
  usage: '',
  about:
    'Proves the audit log: every entry is as it was written, none is missing, and none was put in between. Keep the printed hash elsewhere: a log that was written anew as a whole has another. Exit code 65 when something does not fit.',
  words: [0, 0],
  options: JSON_OPTION,
  examples: ['123-voip verify-audit'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const proof = await verifyAudit(database);
      if (input.options.json) input.print(JSON.stringify(proof, null, 2));
      else {
        input.print(`${proof.entries} entries are whole; the last hash is ${proof.lastHash}`);
        for (const fault of proof.faults) input.print(`FAULT: ${fault}`);
      }
      return proof.faults.length === 0 ? EXIT.ok : EXIT.badData;
    }),
};

export const replayJournalCommand: Command = {
  name: 'replay-journal',
  usage: '<file>',
  about:
    'Writes the CDRs of a journal file that the database does not have, with the jobs that price them: for a database that was restored from an older copy. Takes files of VAR_DIR/journal and of its archive, packed or not; the second time it changes nothing. Exit code 65 when another leg has the place of one.',
  words: [1, 1],
  options: JSON_OPTION,
  examples: ['123-voip replay-journal var/journal/archive/journal-0000000007.log.gz'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const [file = ''] = input.words;
      const replay = await replayJournal(database, file, input.log);
      if (input.options.json) input.print(JSON.stringify(replay, null, 2));
      else {
        for (const cdrId of replay.conflicts)
          input.print(`${cdrId}: another leg has its place in the sequence of its node`);
        input.print(
          `${replay.written} CDRs written, ${replay.alreadyThere} were there, ${replay.conflicts.length} in conflict; ${replay.endLater} legs end in a later file.`,
        );
      }
      return replay.conflicts.length === 0 ? EXIT.ok : EXIT.badData;
    }),
};

export const createKey: Command = {
  name: 'create-key',
  usage: '',
  about: 'Makes an API key and prints it, this once: only its fingerprint is stored.',
  words: [0, 0],
  options: {
    role: { type: 'string', about: `What it may do: ${Object.keys(ROLES).join(', ')}` },
    scopes: { type: 'string', about: `Narrows the role, separated by commas: ${SCOPES.join(', ')}` },
    account: { type: 'string', about: 'The account whose own things it reaches, for the role user' },
    label: { type: 'string', about: 'What it is for (the role when left out)' },
    days: { type: 'string', about: 'Days until it expires (365 when left out)' },
    ...JSON_OPTION,
  },
  examples: [
    '123-voip create-key --role support --label "help desk"',
    '123-voip create-key --role finance --scopes cdrs:read --days 30',
    '123-voip create-key --role user --account 0198… --scopes cdrs:read',
  ],
  run: (input) =>
    withDatabase(input, async (database) => {
      const { role, scopes, label, account, days = '365' } = input.options;
      if (typeof role !== 'string')
        throw new InvalidInput('--role', 'is needed', `use ${Object.keys(ROLES).join(', ')}`);
      if (!/^[1-9]\d{0,3}$/.test(String(days)))
        throw new InvalidInput('--days', `"${String(days)}" does not fit`, 'give 1 to 9999');
      const nowMs = systemClock.nowMs();
      const accountId = typeof account === 'string' ? (await readAccount(database.read, account)).id : null;
      const key = await createApiKey(database, {
        label: String(label ?? role),
        role,
        accountId,
        scopes: typeof scopes === 'string' ? scopes.split(',').map((scope) => scope.trim()) : [],
        expiresAtMs: nowMs + Number(days) * DAY_MS,
        nowMs,
      });
      input.print(input.options.json ? JSON.stringify(key, null, 2) : key.secret);
      return EXIT.ok;
    }),
};

function understood(dialled: string): E164 {
  const number = normaliseDialled(dialled);
  if (!number)
    throw new InvalidInput('number', `"${dialled}" is no telephone number`, 'write it like +3222223344');
  return number;
}

async function chosenDeck(database: Database, wanted: string | boolean | undefined): Promise<RateDeck> {
  const { decks } = await listDecks(database.read, { afterId: null, limit: MAX_DECKS_PER_PAGE });
  const [only] = decks;
  if (wanted === undefined && only && decks.length === 1) return only;
  const deck = decks.find(({ name }) => name === wanted);
  if (deck) return deck;
  const names = decks.map(({ name }) => name).join(', ') || 'none yet; import one with import-rates';
  throw new InvalidInput(
    '--deck',
    wanted === undefined ? 'is needed' : `there is no deck "${String(wanted)}"`,
    `decks: ${names}`,
  );
}

/** Prices of the working are micros; people read units. */
function showValue(name: string, value: unknown, deck: RateDeck): string {
  return name.endsWith('Micros') && typeof value === 'number'
    ? showMoney(money(BigInt(value), deck.currency))
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
}
