import fc from 'fast-check';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { writeCdr } from '../../cdr/write-cdr';
import { AppError } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { money } from '../../kernel/money';
import { e164 } from '../../kernel/phone-number';
import { integer } from '../../kernel/unit-of-work';
import { adjustment, type Movement, topUp } from '../ledger/movements';
import { postEntries } from '../ledger/post-entries';
import { verifyLedger } from '../ledger/verify-ledger';
import { quoteCall } from '../rating/find-rate';
import { rateCdr } from '../rating/rate-cdr';
import {
  aCreditWish,
  aDeck,
  anAccount,
  anEndedLeg,
  aRateLine,
  EUR,
  START_MS,
} from '../../../test/support/billing-builders';
import { extendCredit } from './extend-credit';
import { releaseCredit } from './release-credit';
import { reserveCredit } from './reserve-credit';

const WORKERS = 64;
const ACCOUNTS = 4;
const BELGIUM = e164('+3225550123');

/** A step names its account and, where it is about a call, one of the few calls that all workers fight over. */
type Step = {
  readonly kind: 'top-up' | 'adjust' | 'reserve' | 'extend' | 'settle' | 'release';
  readonly account: number;
  readonly call: number;
  readonly amount: number;
};

const someStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('top-up', 'adjust', 'reserve', 'extend', 'extend', 'settle', 'release'),
  account: fc.nat(ACCOUNTS - 1),
  call: fc.nat(39),
  amount: fc.integer({ min: 1, max: 3_000_000 }),
});

describe.each(DIALECTS)('random programs on %s', (dialect) => {
  let test: TestDatabase;
  beforeEach(async () => {
    test = await emptyDatabase(dialect);
  });
  afterEach(() => test.drop());

  const post = (movement: Movement) => test.database.write((sql) => postEntries(sql, movement, START_MS));

  /** Does one step; a refusal by rule is as good as success. */
  async function perform(step: Step, accounts: readonly string[], run: string): Promise<void> {
    const accountId = accounts[step.account] as string;
    // A call belongs to one account, as in life.
    const payerAccountId = accounts[step.call % ACCOUNTS] as string;
    const callId = `${run}-${step.call}`;
    const amount = money(BigInt(step.amount), EUR);
    const call = { callId, nowMs: START_MS };
    switch (step.kind) {
      case 'top-up':
        return void (await post(topUp({ accountId, amount, reference: newId(START_MS) })));
      case 'adjust':
        return void (await post(
          adjustment({
            accountId,
            amount: money(-BigInt(step.amount), EUR),
            reason: 'correction',
            reference: newId(START_MS),
          }),
        ));
      case 'reserve':
        return void (await reserveCredit(test.database, aCreditWish(payerAccountId, call)));
      case 'extend':
        return void (await extendCredit(test.database, { ...call, untilSeconds: step.amount % 700 }));
      case 'release':
        return void (await releaseCredit(test.database, call));
      case 'settle':
        // The place in the node's sequence belongs to the call, so that its CDR comes once, whoever writes it.
        await writeCdr(
          test.database,
          anEndedLeg(payerAccountId, (step.amount % 900) * 1_000, {
            cdrId: callId,
            nodeId: run,
            nodeSequence: step.call + 1,
          }),
        );
        return void (await rateCdr(test.database, { cdrId: callId, nowMs: START_MS }));
    }
  }

  async function overdrawnAccounts(): Promise<number> {
    const [row] = await test.database.read.all(
      'SELECT COUNT(*) AS n FROM ledger_accounts WHERE balance_micros + credit_limit_micros - held_micros < 0',
    );
    return integer(row?.n);
  }

  it('of top-ups, corrections, holds, extensions and settlements by 64 workers keep every sum', async () => {
    const deck = await aDeck(test.database, [
      aRateLine({
        price: '0.61',
        connectFeeMicros: 70_001,
        firstIncrementSeconds: 30,
        nextIncrementSeconds: 7,
      }),
    ]);
    let runs = 0;
    const program = fc.array(fc.array(someStep, { minLength: 6, maxLength: 12 }), {
      minLength: WORKERS,
      maxLength: WORKERS,
    });
    await fc.assert(
      fc.asyncProperty(program, async (workers) => {
        const run = `run ${runs++}`;
        const accounts: string[] = [];
        for (let n = 0; n < ACCOUNTS; n++) {
          const creditLimitMicros = n % 2 === 0 ? 0n : 2_000_000n;
          accounts.push(
            (await anAccount(test.database, { credit: '3', deckId: deck.id, creditLimitMicros })).id,
          );
        }
        let overdrawn = 0;
        const work = workers.map(async (steps) => {
          for (const step of steps) {
            await perform(step, accounts, run).catch((error: unknown) => {
              if (!(error instanceof AppError)) throw error;
            });
            if (step.amount % 8 === 0) overdrawn += await overdrawnAccounts();
          }
        });
        await Promise.all(work);
        expect(overdrawn).toBe(0);
        expect((await verifyLedger(test.database)).faults).toEqual([]);
      }),
      { numRuns: 3, endOnFailure: true },
    );
  }, 120_000);

  it('quote, hold and bill one price for any rate and talk that the credit pays', async () => {
    const someTerms = fc.record({
      pricePerMinuteMicros: fc.nat(2_000_000),
      connectFeeMicros: fc.nat(300_000),
      firstIncrementSeconds: fc.integer({ min: 1, max: 90 }),
      nextIncrementSeconds: fc.integer({ min: 1, max: 60 }),
      minimumSeconds: fc.nat(60),
      minimumChargeMicros: fc.nat(100_000),
    });
    await fc.assert(
      fc.asyncProperty(someTerms, fc.integer({ min: 1, max: 5_000 }), async (terms, talkSeconds) => {
        const deck = await aDeck(test.database, [{ ...aRateLine({ price: '0' }), ...terms }]);
        const account = await anAccount(test.database, { credit: '1000', deckId: deck.id });
        const callId = newId(START_MS);
        const asked = { deckId: deck.id, number: BELGIUM, atMs: START_MS, talkSeconds };
        const quote = await quoteCall(test.database, asked);
        const call = { callId, nowMs: START_MS };
        await reserveCredit(test.database, aCreditWish(account.id, call));
        const { held, paidSeconds } = await extendCredit(test.database, {
          ...call,
          untilSeconds: talkSeconds,
        });
        await writeCdr(test.database, anEndedLeg(account.id, talkSeconds * 1_000, { cdrId: callId }));
        const bill = await rateCdr(test.database, { cdrId: callId, nowMs: START_MS });
        expect(held).toEqual(quote?.charge);
        expect(bill).toMatchObject({ charge: quote?.charge, heldCapped: false });
        expect(paidSeconds).toBeGreaterThanOrEqual(talkSeconds);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('settle and release of one hold at once: one of them wins, and nothing is freed twice', async () => {
    const account = await anAccount(test.database, { credit: '50' });
    for (let round = 0; round < 20; round++) {
      const callId = newId(START_MS);
      const call = { callId, nowMs: START_MS };
      await reserveCredit(test.database, aCreditWish(account.id, call));
      await writeCdr(test.database, anEndedLeg(account.id, 10_000, { cdrId: callId }));
      const [rating, released] = await Promise.all([
        rateCdr(test.database, { cdrId: callId, nowMs: START_MS }),
        releaseCredit(test.database, call),
        extendCredit(test.database, { ...call, untilSeconds: 600 }).catch(() => undefined),
      ]);
      expect(rating.charge.amountMicros).toBe(released ? 0n : 600_000n);
    }
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });
});
