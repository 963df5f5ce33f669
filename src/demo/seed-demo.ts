import { createReadStream } from 'node:fs';
import { basename, resolve } from 'node:path';
import { openAccount } from '../billing/open-account';
import { topUp } from '../billing/ledger/movements';
import { postEntries } from '../billing/ledger/post-entries';
import { importRateDeck } from '../billing/rating/import-rate-deck';
import { Conflict } from '../kernel/app-error';
import { currency, money, parseMicros } from '../kernel/money';
import { type E164, e164 } from '../kernel/phone-number';
import { type Database, integer } from '../kernel/unit-of-work';
import { createAccessNumber } from '../numbers/access-numbers-store';
import { voipNumberOf } from '../numbers/voip-numbers-store';
import { createDevice } from '../phones/devices-store';
import { createRoom } from '../rooms/rooms-store';
import { createTrunk } from '../trunks/trunks-store';

/** Numbers +1 202 555 01xx belong to nobody: they are kept free for examples. */
const ACCESS_NUMBER = '+12025550100';
const CREDIT = '25';
const UNIT = currency('EUR');
const MAX_SEATS = 20;
/** At home in Belgium: calls to other countries are closed until they are opened. */
const COUNTRY = 'BE';

/** The same file that shows what import-rates takes. */
const DECK = resolve(__dirname, '../../sql/decks/demo-eur.csv');

/** Name of the demo's rate deck. */
export const DEMO_DECK = 'Demo';

/** Everything a first call needs; Room ID and PINs are told this once. */
export type DemoSeed = {
  readonly accountId: string;
  readonly credit: string;
  readonly trunkAddresses: readonly string[];
  readonly accessNumber: E164;
  readonly roomId: string;
  readonly roomNumber: string;
  readonly participantPin: string;
  readonly moderatorPin: string;
  readonly deckId: string;
  /** Two telephones of two accounts, which can call each other. */
  readonly telephones: readonly DemoTelephone[];
};

/** What a softphone signs in with, and the number it is called by. */
export type DemoTelephone = {
  readonly number: string;
  readonly username: string;
  readonly password: string;
};

/**
 * Puts a demo into an empty database: an account with credit and a deck, a trunk that takes calls from this machine, an access number,
 * a room, and two telephones of two accounts. @throws Conflict when the database has accounts, trunks, rooms or decks already
 */
export async function seedDemo(database: Database, nowMs: number, realm: string): Promise<DemoSeed> {
  await requireEmpty(database);
  const imported = await importRateDeck(database, {
    deckName: DEMO_DECK,
    currency: UNIT,
    csv: createReadStream(DECK),
    sourceName: basename(DECK),
    nowMs,
  });
  const deckId = imported.deckId ?? '';
  const wish = { currency: UNIT, deckId, country: COUNTRY, nowMs };
  const account = await openAccount(database, { name: 'Demo account', ...wish });
  const second = await openAccount(database, { name: 'Second demo account', ...wish });
  const credit = money(parseMicros(CREDIT), UNIT);
  await database.write((sql) =>
    postEntries(sql, topUp({ accountId: account.id, amount: credit, reference: 'seed-demo' }), nowMs),
  );
  const trunkAddresses = ['127.0.0.0/8'];
  await createTrunk(database, {
    name: 'This machine',
    addresses: trunkAddresses,
    trustsCallerId: false,
    nowMs,
  });
  const accessNumber = e164(ACCESS_NUMBER);
  await createAccessNumber(database, { number: accessNumber, language: 'en', country: 'US', nowMs });
  const { room, secrets } = await createRoom(database, {
    ownerAccountId: account.id,
    name: 'Demo room',
    maxSeats: MAX_SEATS,
    nowMs,
  });
  return {
    accountId: account.id,
    credit: `${CREDIT}.00 ${UNIT}`,
    trunkAddresses,
    accessNumber,
    roomId: room.id,
    ...secrets,
    deckId,
    telephones: [
      await demoTelephone(database, account.id, realm, nowMs),
      await demoTelephone(database, second.id, realm, nowMs),
    ],
  };
}

async function demoTelephone(
  database: Database,
  accountId: string,
  realm: string,
  nowMs: number,
): Promise<DemoTelephone> {
  const { device, password } = await createDevice(database, { accountId, name: 'softphone', realm, nowMs });
  const number = await voipNumberOf(database.read, accountId);
  return { number: number ?? '', username: device.username, password };
}

/** Whether nobody has put anything into this database yet. */
export async function isEmpty(database: Database): Promise<boolean> {
  return (await usedTables(database)).length === 0;
}

async function requireEmpty(database: Database): Promise<void> {
  const used = await usedTables(database);
  if (used.length > 0)
    throw new Conflict(`the database has ${used.join(', ')} already; a demo goes into an empty one`, {
      used: used.join(' '),
    });
}

async function usedTables(database: Database): Promise<readonly string[]> {
  const used: string[] = [];
  for (const table of ['accounts', 'trunks', 'dids', 'rooms', 'rate_decks', 'cdrs']) {
    const [row] = await database.read.all(`SELECT COUNT(*) AS n FROM ${table}`);
    if (integer(row?.n) > 0) used.push(table);
  }
  return used;
}
