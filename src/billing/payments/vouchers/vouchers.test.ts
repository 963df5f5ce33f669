import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../../test/support/databases';
import { setAccountState } from '../../../accounts/accounts-store';
import { Conflict, InvalidInput } from '../../../kernel/app-error';
import { money } from '../../../kernel/money';
import { dammDigit } from '../../../kernel/voip-number';
import { anAccount, EUR, eur, START_MS } from '../../../../test/support/billing-builders';
import { readBalance } from '../../ledger/ledger-accounts';
import { verifyLedger } from '../../ledger/verify-ledger';
import { type RedemptionWanted, redeemVoucher } from './redeem-voucher';
import {
  cancelVoucherBatch,
  endExpiredBatches,
  listVoucherBatches,
  makeVoucherBatch,
  MAX_VOUCHERS,
} from './voucher-batches';
import { drawVoucherCode, parseVoucherCode, showVoucherCode, voucherFingerprint } from './voucher-code';
import { VoucherExpired, VoucherLocked, VoucherNotAccepted } from './voucher-errors';
import { afterWrongCode, type GuessCount, isLockedOut, NO_GUESSES } from './voucher-guesses';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

describe('a voucher code', () => {
  it('has sixteen digits of which the last finds a wrong one and two that changed places', () => {
    for (let n = 0; n < 50; n++) {
      const code = drawVoucherCode();
      expect(code).toMatch(/^\d{16}$/);
      expect(parseVoucherCode(showVoucherCode(code))).toBe(code);
      const at = n % 15;
      const wrong = (Number(code[at]) + 1 + (n % 9)) % 10;
      expect(parseVoucherCode(`${code.slice(0, at)}${wrong}${code.slice(at + 1)}`)).toBeNull();
      const swapped = code.slice(0, at) + code[at + 1] + code[at] + code.slice(at + 2);
      expect(parseVoucherCode(swapped)).toBe(swapped === code ? code : null);
    }
  });

  it.each(['', '123', 'abcd efgh ijkl mnop', '12345678901234567'])('is not "%s"', (typed) => {
    expect(parseVoucherCode(typed)).toBeNull();
  });

  it('is printed in fours and kept as what scrypt makes of it', async () => {
    expect(showVoucherCode('1234567890123456')).toBe('1234 5678 9012 3456');
    const [one, same, other] = await Promise.all(
      ['1234567890123456', '1234567890123456', '1234567890123457'].map(voucherFingerprint),
    );
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect([one === same, one === other]).toEqual([true, false]);
  });
});

describe('wrong codes', () => {
  it('cost nothing four times, then lock for a minute, and four times as long with each further one, up to a day', () => {
    const locks: number[] = [];
    let count: GuessCount = NO_GUESSES;
    for (let n = 0; n < 11; n++) {
      const nowMs = Math.max(START_MS, count.lockedUntilMs);
      count = afterWrongCode(count, nowMs);
      locks.push((count.lockedUntilMs - nowMs) / MINUTE_MS);
    }
    expect(locks).toEqual([0, 0, 0, 0, 1, 4, 16, 64, 256, 1_024, 1_440]);
    expect(isLockedOut(count, count.lockedUntilMs - 1)).toBe(true);
    expect(isLockedOut(count, count.lockedUntilMs)).toBe(false);
  });

  it('are forgotten after a week without one', () => {
    const many: GuessCount = { failures: 30, lastFailureAtMs: START_MS, lockedUntilMs: START_MS };
    expect(afterWrongCode(many, START_MS + 7 * DAY_MS)).toMatchObject({ failures: 1 });
  });
});

describe.each(DIALECTS)('vouchers on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const batch = (voucherCount: number, amount = '10', expiresAtMs = START_MS + 365 * DAY_MS) =>
    makeVoucherBatch(test.database, {
      label: 'spring',
      amount: eur(amount),
      voucherCount,
      expiresAtMs,
      madeBy: 'cashier',
      nowMs: START_MS,
    });
  let nextSource = 0;
  const redeem = (accountId: string, code: string, rest: Partial<RedemptionWanted> = {}) =>
    redeemVoucher(test.database, {
      accountId,
      code,
      source: 'keypad',
      sourceId: `+3247000${nextSource++}`,
      nowMs: START_MS,
      ...rest,
    });
  const balanceOf = async (accountId: string) => (await readBalance(test.database.read, accountId)).balance;
  const owed = async () => {
    const [row] = await test.database.read.all(
      "SELECT balance_micros FROM ledger_accounts WHERE id = 'house:voucher-liability:EUR'",
    );
    return Number(row?.balance_micros ?? 0);
  };
  it('become credit once; the ledger owes their face value until then', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    const before = await owed();
    const { codes } = await batch(3);
    expect(await owed()).toBe(before + 30_000_000);
    const [code = ''] = codes;
    expect(await redeem(account.id, showVoucherCode(code))).toMatchObject({ amount: eur('10') });
    expect(await balanceOf(account.id)).toEqual(eur('10'));
    expect(await owed()).toBe(before + 20_000_000);
    await expect(redeem(account.id, code)).rejects.toBeInstanceOf(VoucherNotAccepted);
    expect(await balanceOf(account.id)).toEqual(eur('10'));
  });

  it('give one credit when fifty redeem one at once, from one account or from many', async () => {
    const { codes } = await batch(2);
    const accounts = await Promise.all(
      Array.from({ length: 10 }, () => anAccount(test.database, { credit: '0' })),
    );
    const [first] = accounts;
    const outcomes = await Promise.allSettled([
      ...Array.from({ length: 50 }, () => redeem(first?.id ?? '', codes[0] ?? '')),
      ...accounts.flatMap(({ id }) => Array.from({ length: 5 }, () => redeem(id, codes[1] ?? ''))),
    ]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    const balances = await Promise.all(accounts.map(({ id }) => balanceOf(id)));
    expect(balances.reduce((sum, { amountMicros }) => sum + amountMicros, 0n)).toBe(20_000_000n);
  });

  it('have the same words outside whether a code is unknown, used, cancelled or in another currency', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    const { codes } = await batch(1);
    const cancelled = await batch(1);
    const foreign = await makeVoucherBatch(test.database, {
      label: 'dollars',
      amount: money(5_000_000n, 'USD' as typeof EUR),
      voucherCount: 1,
      expiresAtMs: START_MS + DAY_MS,
      madeBy: 'cashier',
      nowMs: START_MS,
    });
    await redeem(account.id, codes[0] ?? '');
    await cancelVoucherBatch(test.database, cancelled.batch.id, START_MS);
    const refusals = [];
    for (const code of [guess(1), codes[0], cancelled.codes[0], foreign.codes[0]])
      refusals.push(
        await redeem(account.id, code ?? '').catch((error: unknown) => error as VoucherNotAccepted),
      );
    expect(refusals.map((refusal) => (refusal as VoucherNotAccepted).reason)).toEqual([
      'unknown',
      'used',
      'cancelled',
      'other-currency',
    ]);
    const outside = refusals.map((refusal) => {
      const { code, message, facts } = refusal as VoucherNotAccepted;
      return JSON.stringify({ code, message, facts });
    });
    expect(new Set(outside).size).toBe(1);
  });

  it('that were not redeemed in time are told so, and earned by the house once', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    const before = await owed();
    const { codes, batch: made } = await batch(4, '10', START_MS + DAY_MS);
    await redeem(account.id, codes[0] ?? '', { nowMs: START_MS + DAY_MS - 1 });
    const lateMs = START_MS + DAY_MS;
    await expect(redeem(account.id, codes[1] ?? '', { nowMs: lateMs })).rejects.toBeInstanceOf(
      VoucherExpired,
    );
    await Promise.all([1, 2, 3].map(() => endExpiredBatches(test.database, lateMs)));
    expect(await endExpiredBatches(test.database, lateMs)).toBe(0);
    expect(await owed()).toBe(before);
    await expect(redeem(account.id, codes[2] ?? '', { nowMs: lateMs })).rejects.toBeInstanceOf(
      VoucherExpired,
    );
    const listed = await listVoucherBatches(test.database.read, { afterId: null, limit: 200 });
    expect(listed.find(({ id }) => id === made.id)).toMatchObject({
      redeemedCount: 1,
      endedBecause: 'expired',
    });
  });

  it('of a cancelled batch are owed to nobody, and it is cancelled once', async () => {
    const before = await owed();
    const { batch: made } = await batch(4);
    await cancelVoucherBatch(test.database, made.id, START_MS);
    expect(await owed()).toBe(before);
    await expect(cancelVoucherBatch(test.database, made.id, START_MS)).rejects.toBeInstanceOf(Conflict);
  });

  it('lock whoever guesses: the account, whatever telephone it guesses from', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    const { codes } = await batch(1);
    for (let n = 0; n < 5; n++)
      await expect(redeem(account.id, guess(n))).rejects.toBeInstanceOf(VoucherNotAccepted);
    await expect(redeem(account.id, codes[0] ?? '')).rejects.toMatchObject({
      code: 'voucher-locked',
      lockedUntilMs: START_MS + MINUTE_MS,
    });
    await redeem(account.id, codes[0] ?? '', { nowMs: START_MS + MINUTE_MS });
    expect(await balanceOf(account.id)).toEqual(eur('10'));
  });

  it('lock the telephone, whatever account it guesses for, and no other', async () => {
    const accounts = await Promise.all(
      Array.from({ length: 6 }, () => anAccount(test.database, { credit: '0' })),
    );
    const { codes } = await batch(2);
    const sourceId = '+32470999999';
    for (const [n, { id }] of accounts.slice(0, 5).entries())
      await expect(redeem(id, guess(n), { sourceId })).rejects.toBeInstanceOf(VoucherNotAccepted);
    const { id } = accounts[5] ?? { id: '' };
    await expect(redeem(id, codes[0] ?? '', { sourceId })).rejects.toBeInstanceOf(VoucherLocked);
    await redeem(id, codes[1] ?? '');
    expect(await balanceOf(id)).toEqual(eur('10'));
  });

  it('let fifty guesses at once be no more than five', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => redeem(account.id, guess(100 + n))),
    );
    const looked = outcomes.filter(
      (outcome) => outcome.status === 'rejected' && outcome.reason instanceof VoucherNotAccepted,
    );
    expect(looked).toHaveLength(5);
  });

  it('do not count what cannot be a code, and are of no use to a closed account', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    for (let n = 0; n < 10; n++)
      await expect(redeem(account.id, '1234')).rejects.toBeInstanceOf(InvalidInput);
    const { codes } = await batch(2);
    await redeem(account.id, codes[0] ?? '');
    await test.database.write((sql) => setAccountState(sql, account.id, 'closed'));
    await expect(redeem(account.id, codes[1] ?? '')).rejects.toBeInstanceOf(Conflict);
  });

  it('are made in many at once, and no code stands in the database', async () => {
    const { codes } = await batch(1_200, '5');
    expect(new Set(codes).size).toBe(1_200);
    const rows = await test.database.read.all('SELECT * FROM vouchers');
    const stored = JSON.stringify(rows);
    expect(codes.some((code) => stored.includes(code))).toBe(false);
  });

  it.each([
    ['no label', { label: ' ' }],
    ['no amount', { amount: eur('0') }],
    ['too many', { voucherCount: MAX_VOUCHERS + 1 }],
    ['an end that is past', { expiresAtMs: START_MS }],
  ])('with %s are refused', async (_, wrong) => {
    const making = makeVoucherBatch(test.database, {
      label: 'spring',
      amount: eur('10'),
      voucherCount: 1,
      expiresAtMs: START_MS + DAY_MS,
      madeBy: 'cashier',
      nowMs: START_MS,
      ...wrong,
    });
    await expect(making).rejects.toBeInstanceOf(InvalidInput);
  });

  it('leave a ledger in which everything adds up', async () => {
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });
});

/** The n-th of some codes that could be one but that nobody drew. */
function guess(n: number): string {
  const digits = `9${String(n).padStart(14, '0')}`;
  return `${digits}${dammDigit(digits)}`;
}
