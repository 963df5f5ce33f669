import type { Account } from '../../src/accounts/account';
import type { ClosedLeg } from '../../src/cdr/cdr';
import { newId } from '../../src/kernel/ids';
import { type Currency, currency, money, parseMicros } from '../../src/kernel/money';
import { e164 } from '../../src/kernel/phone-number';
import type { Database } from '../../src/kernel/unit-of-work';
import type { CreditWanted } from '../../src/billing/credit/credit-wanted';
import { extendCredit } from '../../src/billing/credit/extend-credit';
import { reserveCredit } from '../../src/billing/credit/reserve-credit';
import { topUp } from '../../src/billing/ledger/movements';
import { postEntries } from '../../src/billing/ledger/post-entries';
import { openAccount } from '../../src/billing/open-account';
import { createDeck, type RateDeck } from '../../src/billing/rating/decks-store';
import { inBand } from '../../src/billing/rating/in-band';
import type { Rate, RateLine, StoredRate } from '../../src/billing/rating/rate';
import { publishRates } from '../../src/billing/rating/stage-rates';

/** The moment at which the stories of the money tests begin. */
export const START_MS = Date.UTC(2026, 0, 15, 12);

export const EUR = currency('EUR');

export const eur = (amount: string) => money(parseMicros(amount), EUR);

/** A price per minute for a prefix, 60/60 unless said otherwise. */
export function aRateLine(line: Partial<RateLine> & { readonly price: string }): RateLine {
  const { price, ...rest } = line;
  return {
    prefix: '32',
    destination: 'Belgium',
    effectiveFromMs: 0,
    effectiveUntilMs: null,
    pricePerMinuteMicros: Number(parseMicros(price)),
    bandPrices: null,
    connectFeeMicros: 0,
    firstIncrementSeconds: 60,
    nextIncrementSeconds: 60,
    minimumSeconds: 0,
    graceSeconds: 0,
    minimumChargeMicros: 0,
    maximumChargeMicros: null,
    ...rest,
  };
}

/** A rate as decks have it, outside any database. */
export function aStoredRate(
  line: Partial<RateLine> & { readonly price: string },
  of: Partial<Pick<Rate, 'currency' | 'chargeDecimals'>> = {},
): StoredRate {
  return { ...aRateLine(line), deckId: 'deck', rateVersion: 1, currency: EUR, chargeDecimals: 6, ...of };
}

/** What prices a call, outside any time band, for the pure functions. */
export function aRate(
  line: Partial<RateLine> & { readonly price: string },
  of: Partial<Pick<Rate, 'currency' | 'chargeDecimals'>> = {},
): Rate {
  return inBand(aStoredRate(line, of), null, 0);
}

/** A published deck. */
export async function aDeck(
  database: Database,
  rates: readonly RateLine[],
  unit: Currency = EUR,
): Promise<RateDeck> {
  const deck = await database.write((sql) =>
    createDeck(sql, {
      name: `deck ${newId(START_MS)}`,
      currency: unit,
      chargeDecimals: 6,
      nowMs: START_MS,
    }),
  );
  await publishRates(database, rates, { deck, sourceName: 'test', nowMs: START_MS, onRowsStored: () => {} });
  return deck;
}

/** An account with credit, and a price for Belgium unless it is given a deck. */
export async function anAccount(
  database: Database,
  of: { readonly credit: string; readonly deckId?: string; readonly creditLimitMicros?: bigint },
): Promise<Account> {
  const deckId = of.deckId ?? (await aDeck(database, [aRateLine({ price: '0.60' })])).id;
  const account = await openAccount(database, {
    name: 'Ada',
    currency: EUR,
    deckId,
    creditLimitMicros: of.creditLimitMicros ?? 0n,
    nowMs: START_MS,
  });
  const amount = eur(of.credit);
  if (amount.amountMicros > 0n)
    await database.write((sql) =>
      postEntries(
        sql,
        topUp({ accountId: account.id, amount, reference: `opening ${account.id}` }),
        START_MS,
      ),
    );
  return account;
}

/** What a call asks of the credit: into a room from Belgium unless said otherwise. */
export function aCreditWish(payerAccountId: string, rest: Partial<CreditWanted> = {}): CreditWanted {
  const startedAtMs = rest.startedAtMs ?? START_MS;
  return {
    callId: newId(startedAtMs),
    payerAccountId,
    number: e164('+3225550123'),
    startedAtMs,
    nowMs: startedAtMs,
    direction: 'inbound',
    roomId: null,
    kind: 'room',
    nodeId: 'node-1',
    ...rest,
  };
}

let nextSequence = 1;

/** A leg into a room that talked for `talkMs`, paid by the account; null when it never entered. */
export function anEndedLeg(
  payerAccountId: string | null,
  talkMs: number | null,
  rest: Partial<ClosedLeg> = {},
): ClosedLeg {
  const startedAtMs = rest.startedAtMs ?? START_MS;
  const cdrId = newId(startedAtMs);
  const chargedFromMs = talkMs === null ? null : startedAtMs + 5_000;
  return {
    cdrId,
    nodeId: 'node-1',
    nodeSequence: nextSequence++,
    sipCallId: 'abc@192.0.2.1',
    callId: cdrId,
    direction: 'inbound',
    attempt: 1,
    fromNumber: '+4930555001',
    isWithheld: false,
    callerIdentity: null,
    dialledNumber: '+3225550123',
    routedNumber: e164('+3225550123'),
    trunkId: null,
    costDeckId: null,
    accountId: null,
    deviceId: null,
    roomId: 'room-1',
    roomSessionId: null,
    roomRole: 'speaker',
    payerAccountId,
    startedAtMs,
    ringingAtMs: null,
    answeredAtMs: startedAtMs + 1_000,
    waitedMs: 0,
    chargedFromMs,
    endedAtMs: (chargedFromMs ?? startedAtMs + 4_000) + (talkMs ?? 0),
    result: 'completed',
    endedBy: 'caller',
    sipStatus: 200,
    hangupCause: null,
    quality: null,
    ...rest,
  };
}

/** Answered legs of some accounts with credit, of different lengths, to be written and rated. */
export async function aCaseOfCalls(database: Database, count: number): Promise<readonly ClosedLeg[]> {
  const deck = await aDeck(database, [
    aRateLine({ price: '0.123457', firstIncrementSeconds: 1, nextIncrementSeconds: 1 }),
  ]);
  const accounts = await Promise.all(
    Array.from({ length: 3 }, () =>
      anAccount(database, { credit: '0', deckId: deck.id, creditLimitMicros: 10_000_000_000n }),
    ),
  );
  const legs: ClosedLeg[] = [];
  for (let n = 0; n < count; n++) {
    const accountId = accounts[n % accounts.length]?.id as string;
    const wish = aCreditWish(accountId);
    await reserveCredit(database, wish);
    await extendCredit(database, { callId: wish.callId, untilSeconds: 600, nowMs: START_MS });
    legs.push(
      anEndedLeg(accountId, (n % 90) * 1_000 + 1_000, { cdrId: wish.callId, routedNumber: wish.number }),
    );
  }
  return legs;
}
