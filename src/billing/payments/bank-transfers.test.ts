import { anAccount, eur, START_MS } from '../../../test/support/billing-builders';
import { DIALECTS } from '../../../test/support/databases';
import { requireProven } from '../../../test/support/require-proven';
import { type PaymentStage, paymentStage } from '../../../test/support/payment-stage';
import { Conflict, InvalidInput } from '../../kernel/app-error';
import { currency, money } from '../../kernel/money';
import { bankReferencesIn, drawBankReference, showBankReference } from './bank-reference';
import { askBankTransfer, confirmBankTransfer, noteBankTransfer, rejectBankTransfer } from './bank-transfers';
import { askRefund, endBankRefund } from './refunds';

describe('a reference on a bank transfer', () => {
  it('is found in what people write around it', () => {
    for (let n = 0; n < 100; n++) {
      const reference = drawBankReference();
      expect(reference).toMatch(/^RF\d{12}$/);
      for (const text of [
        reference,
        `Invoice ${showBankReference(reference).toLowerCase()}, thank you`,
        `+++${reference}+++`,
      ])
        expect(bankReferencesIn(text)).toEqual([reference]);
      const wrong = `${reference.slice(0, 7)}${(Number(reference[7]) + 1) % 10}${reference.slice(8)}`;
      expect(bankReferencesIn(wrong)).toEqual([]);
    }
    expect(bankReferencesIn('rent for June')).toEqual([]);
  });

  it('has the check digits of ISO 11649', () => {
    // The standard's own remainder: moved behind, with letters as numbers, the whole is 1 by 97.
    const reference = drawBankReference();
    expect(BigInt(`${reference.slice(4)}2715${reference.slice(2, 4)}`) % 97n).toBe(1n);
  });
});

describe.each(DIALECTS)('bank transfers on %s', (dialect) => {
  let stage: PaymentStage;
  beforeAll(async () => {
    stage = await paymentStage(dialect);
  });
  afterAll(() => stage.close());
  afterEach(() => requireProven(stage.database));

  let next = 1;
  const note = (remittance: string, amount = eur('25'), bankKey = `booking ${next++}`) =>
    noteBankTransfer(stage.parts, {
      bankKey,
      amount,
      remittance,
      payer: 'somebody',
      receivedAtMs: START_MS,
      nowMs: START_MS,
    });
  const confirm = (id: string, more: { accountId?: string; exchangeRate?: string } = {}) =>
    confirmBankTransfer(stage.parts, id, {
      accountId: null,
      exchangeRate: null,
      by: 'finance',
      nowMs: START_MS,
      ...more,
    });
  const ask = (accountId: string, invoiceId: string | null = null) =>
    askBankTransfer(stage.parts, {
      accountId,
      amount: eur('25'),
      purpose: invoiceId === null ? { kind: 'credit' } : { kind: 'invoice', invoiceId },
      nowMs: START_MS,
    });

  it('are matched by their reference and credited once somebody confirms them, with what arrived', async () => {
    const { id } = await anAccount(stage.database, { credit: '0' });
    stage.owed.set('inv-9', '25');
    const wanted = await ask(id, 'inv-9');
    const noted = await note(`pays ${wanted.bankReference}`, eur('24.50'));
    expect(noted).toMatchObject({ state: 'matched', paymentId: wanted.id, accountId: id });
    expect(await stage.balanceOf(id)).toEqual(eur('0'));
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => confirm(noted.id)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await stage.balanceOf(id)).toEqual(eur('24.50'));
    expect(stage.facts.at(-1)).toMatchObject({
      kind: 'received',
      amount: eur('24.50'),
      purpose: { kind: 'invoice', invoiceId: 'inv-9' },
    });
    // The same reference on a second booking: a person must look.
    expect(await note(`pays ${wanted.bankReference}`)).toMatchObject({ state: 'unmatched', accountId: id });
  });

  it('are noted once for the bank’s id', async () => {
    const first = await note('', eur('9'), 'same');
    expect((await note('', eur('9'), 'same')).id).toBe(first.id);
    await expect(note('', eur('8'), 'same')).rejects.toBeInstanceOf(Conflict);
  });

  it('without a reference need an account, and can be laid aside', async () => {
    const { id } = await anAccount(stage.database, { credit: '0' });
    const noted = await note('rent');
    await expect(confirm(noted.id)).rejects.toBeInstanceOf(InvalidInput);
    expect(await confirm(noted.id, { accountId: id })).toMatchObject({ state: 'confirmed', accountId: id });
    expect(await stage.balanceOf(id)).toEqual(eur('25'));
    const other = await note('rent');
    await rejectBankTransfer(stage.parts, other.id, { by: 'finance', nowMs: START_MS });
    await expect(confirm(other.id, { accountId: id })).rejects.toBeInstanceOf(Conflict);
  });

  it('in another currency are converted at a rate that stays on the entries', async () => {
    const { id } = await anAccount(stage.database, { credit: '0' });
    const noted = await note('', money(100_000_000n, currency('USD')));
    await expect(confirm(noted.id, { accountId: id })).rejects.toBeInstanceOf(InvalidInput);
    const confirmed = await confirm(noted.id, { accountId: id, exchangeRate: '0.923' });
    expect(confirmed.exchangeRate).toBe('USD/EUR 0.923');
    expect(await stage.balanceOf(id)).toEqual(eur('92.30'));
  });

  it('are sent back by the operator, who says so once', async () => {
    const { id } = await anAccount(stage.database, { credit: '0' });
    const noted = await note('');
    const { paymentId } = await confirm(noted.id, { accountId: id });
    const refund = await askRefund(stage.parts, {
      paymentId: paymentId ?? '',
      amount: eur('25'),
      reason: 'leaves',
      askedBy: 'finance',
      nowMs: START_MS,
    });
    expect(await stage.balanceOf(id)).toEqual(eur('0'));
    const end = () => endBankRefund(stage.parts, refund.id, { state: 'paid', nowMs: START_MS });
    expect(await end()).toMatchObject({ state: 'paid' });
    await expect(end()).rejects.toBeInstanceOf(Conflict);
  });
});
