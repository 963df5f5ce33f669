import {
  aCreditWish,
  aDeck,
  anAccount,
  anEndedLeg,
  aRateLine,
  EUR,
} from '../../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { seededRandom } from '../../../test/support/seeded-random';
import { writeCdrs } from '../../cdr/write-cdr';
import { showMoney } from '../../kernel/money';
import { e164 } from '../../kernel/phone-number';
import { extendCredit } from '../credit/extend-credit';
import { reserveCredit } from '../credit/reserve-credit';
import { readBalance } from '../ledger/ledger-accounts';
import { verifyLedger } from '../ledger/verify-ledger';
import { quoteCall } from './find-rate';
import { setCalendar } from './publish-version';
import { rateCdr } from './rate-cdr';
import { publishRates } from './stage-rates';

const NUMBER = e164('+3225550123');
/** A minute before the night of Thursday 15 January 2026 in Brussels. */
const BEFORE_NIGHT_MS = Date.parse('2026-01-15T20:59:00Z');

describe.each(DIALECTS)('one price from the quote to the bill on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const someone = async (splitsCalls: boolean) => {
    const line = aRateLine({
      price: '0.60',
      firstIncrementSeconds: 1,
      nextIncrementSeconds: 1,
      bandPrices: { night: 60_000 },
    });
    const deck = await aDeck(test.database, [{ ...line, graceSeconds: 2, maximumChargeMicros: 5_000_000 }]);
    const bands = [
      { name: 'night', days: ['thursday' as const, 'friday' as const], from: '22:00', until: '06:00' },
    ];
    const calendar = { timeZone: 'Europe/Brussels', holidays: [], splitsCalls, bands };
    await setCalendar(test.database, { deckId: deck.id, calendar, nowMs: 1 });
    return { deck, account: await anAccount(test.database, { credit: '50', deckId: deck.id }) };
  };
  /** Held as a call does it, a little ahead of the talk, and then billed. */
  const call = async (
    accountId: string,
    startedAtMs: number,
    talkSeconds: number,
    inMidCall?: () => Promise<unknown>,
  ) => {
    const leg = anEndedLeg(accountId, null, {
      startedAtMs,
      chargedFromMs: startedAtMs,
      endedAtMs: startedAtMs + talkSeconds * 1_000,
    });
    const first = await reserveCredit(
      test.database,
      aCreditWish(accountId, { callId: leg.cdrId, startedAtMs }),
    );
    let held = first;
    for (let until = 30; held.paidSeconds < talkSeconds; until += 30)
      held = await extendCredit(test.database, {
        callId: leg.cdrId,
        untilSeconds: Math.min(until, talkSeconds),
        nowMs: startedAtMs,
      });
    await inMidCall?.();
    await writeCdrs(test.database, [leg]);
    const rating = await rateCdr(test.database, { cdrId: leg.cdrId, nowMs: startedAtMs });
    return { rating, held: held.held };
  };
  const quote = (deckId: string, atMs: number, talkSeconds: number) =>
    quoteCall(test.database, { deckId, number: NUMBER, atMs, talkSeconds });

  it('is that of the band the call began in, however long it lasts', async () => {
    const { deck, account } = await someone(false);
    const { rating, held } = await call(account.id, BEFORE_NIGHT_MS, 120);
    expect(showMoney(rating.charge)).toBe('1.20 EUR');
    expect((await quote(deck.id, BEFORE_NIGHT_MS, 120))?.charge).toEqual(rating.charge);
    expect(held).toEqual(rating.charge);
  });

  it('is shared out at the border of two bands where the deck splits calls', async () => {
    const { deck, account } = await someone(true);
    const { rating, held } = await call(account.id, BEFORE_NIGHT_MS, 120);
    expect(showMoney(rating.charge)).toBe('0.66 EUR');
    expect((await quote(deck.id, BEFORE_NIGHT_MS, 120))?.charge).toEqual(rating.charge);
    expect(held).toEqual(rating.charge);
    expect(rating.heldCapped).toBe(false);
  });

  it('is not moved by prices or bands that change in mid-call', async () => {
    const { deck, account } = await someone(true);
    const dearer = aRateLine({ price: '9', effectiveFromMs: BEFORE_NIGHT_MS });
    const { rating } = await call(account.id, BEFORE_NIGHT_MS, 120, async () => {
      await publishRates(test.database, [dearer], {
        deck,
        sourceName: 'dearer',
        nowMs: 2,
        onRowsStored: () => undefined,
      });
    });
    expect(showMoney(rating.charge)).toBe('0.66 EUR');
    expect((await quote(deck.id, BEFORE_NIGHT_MS, 60))?.charge.amountMicros).toBe(9_000_000n);
  });

  it('agrees for random calls over days and nights, with grace and the most a call costs', async () => {
    const random = seededRandom(7);
    for (const splitsCalls of [false, true]) {
      const { deck, account } = await someone(splitsCalls);
      let spent = 0n;
      for (let n = 0; n < 25; n++) {
        const startedAtMs = BEFORE_NIGHT_MS + Math.floor((random() - 0.5) * 86_400_000);
        const talkSeconds = Math.floor(random() ** 3 * 900);
        const { rating, held } = await call(account.id, startedAtMs, talkSeconds);
        expect((await quote(deck.id, startedAtMs, talkSeconds))?.charge).toEqual(rating.charge);
        expect(rating.charge.amountMicros <= held.amountMicros).toBe(true);
        spent += rating.charge.amountMicros;
      }
      const { balance, held } = await readBalance(test.database.read, account.id);
      expect(balance).toEqual({ amountMicros: 50_000_000n - spent, currency: EUR });
      expect(held.amountMicros).toBe(0n);
    }
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });
});
