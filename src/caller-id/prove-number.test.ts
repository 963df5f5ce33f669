import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { createAccount } from '../accounts/accounts-store';
import { Conflict, NotFound } from '../kernel/app-error';
import { currency } from '../kernel/money';
import { type E164, e164 } from '../kernel/phone-number';
import { assignDid, releaseDid } from '../numbers/assign-did';
import { FREE_TERMS } from '../numbers/did';
import { addDid } from '../numbers/dids-store';
import {
  beginProof,
  confirmProof,
  forgetOldProofs,
  MAX_PROOF_TRIES,
  PROOF_TERM_MS,
  TooManyProofs,
  WrongCode,
} from './prove-number';
import {
  callerIdChoiceOf,
  isProven,
  NotProven,
  provenNumbersOf,
  setCallerIdChoice,
  withdrawProof,
} from './proven-numbers-store';

const NOW_MS = Date.UTC(2026, 0, 15);
const DAY_MS = 86_400_000;

let numbers = 100;
const aNumber = () => e164(`+3247000${numbers++}`);
const otherCode = (code: string) => (code === '000000' ? '000001' : '000000');

describe.each(DIALECTS)('the numbers an account may show on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const anAccount = async () =>
    (
      await test.database.write((sql) =>
        createAccount(sql, { name: 'Ada', currency: currency('EUR'), deckId: null, nowMs: NOW_MS }),
      )
    ).id;
  const begin = (accountId: string, number: E164, nowMs = NOW_MS) =>
    beginProof(test.database, { accountId, number, nowMs });
  const confirm = (accountId: string, number: E164, typed: string, nowMs = NOW_MS) =>
    confirmProof(test.database, { accountId, number, typed, nowMs });
  const proven = async (accountId: string) => [...(await provenNumbersOf(test.database.read, accountId))];

  it('are those at which it answered and heard the code', async () => {
    const [accountId, number] = [await anAccount(), aNumber()];
    const { code, expiresAtMs } = await begin(accountId, number);
    expect(code).toMatch(/^\d{6}$/);
    expect(expiresAtMs).toBe(NOW_MS + PROOF_TERM_MS);
    expect(await proven(accountId)).toEqual([]);
    await confirm(accountId, number, code);
    expect(await proven(accountId)).toEqual([number]);
    expect(await isProven(test.database.read, await anAccount(), number)).toBe(false);
    await expect(begin(accountId, number)).rejects.toThrow(Conflict);
  });

  it('keep no code that could be read', async () => {
    const [accountId, number] = [await anAccount(), aNumber()];
    const { code } = await begin(accountId, number);
    const rows = await test.database.read.all('SELECT * FROM number_proofs WHERE account_id = ?', [
      accountId,
    ]);
    expect(JSON.stringify(rows)).not.toContain(`"${code}"`);
    expect(String(rows[0]?.code_hash)).toMatch(/^scrypt\$/);
  });

  it('are not proven by another code, nor by the right one after five wrong ones', async () => {
    const [accountId, number] = [await anAccount(), aNumber()];
    const { code } = await begin(accountId, number);
    for (let left = MAX_PROOF_TRIES - 1; left >= 0; left--)
      await expect(confirm(accountId, number, otherCode(code))).rejects.toThrow(`${left} tries are left`);
    await expect(confirm(accountId, number, code)).rejects.toThrow(TooManyProofs);
    expect(await proven(accountId)).toEqual([]);
  });

  it('let five codes be tried when twenty come at once', async () => {
    const [accountId, number] = [await anAccount(), aNumber()];
    const { code } = await begin(accountId, number);
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () => confirm(accountId, number, otherCode(code))),
    );
    const reasons = tries.map((one) => (one.status === 'rejected' ? (one.reason as unknown) : null));
    expect(reasons.filter((reason) => reason instanceof WrongCode)).toHaveLength(MAX_PROOF_TRIES);
  });

  it('are not proven when the code is ten minutes old', async () => {
    const [accountId, number] = [await anAccount(), aNumber()];
    const { code } = await begin(accountId, number);
    await expect(confirm(accountId, number, code, NOW_MS + PROOF_TERM_MS)).rejects.toThrow(NotFound);
    await confirm(accountId, number, code, NOW_MS + PROOF_TERM_MS - 1);
  });

  it('are proven by the last code alone', async () => {
    const [accountId, number] = [await anAccount(), aNumber()];
    const first = await begin(accountId, number);
    const second = await begin(accountId, number);
    // Once in a million draws both codes are the same.
    const typed = first.code === second.code ? otherCode(second.code) : first.code;
    await expect(confirm(accountId, number, typed)).rejects.toThrow(WrongCode);
    await confirm(accountId, number, second.code);
    await expect(confirm(accountId, number, second.code)).rejects.toThrow(NotFound);
  });

  it('call a number three times a day at most, whoever asks and however many at once', async () => {
    const number = aNumber();
    const accounts = await Promise.all(Array.from({ length: 8 }, anAccount));
    const begun = await Promise.allSettled(accounts.map((accountId) => begin(accountId, number)));
    expect(begun.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    await expect(begin(accounts[0] ?? '', number, NOW_MS + DAY_MS - 1)).rejects.toThrow(TooManyProofs);
    await begin(accounts[0] ?? '', number, NOW_MS + DAY_MS);
  });

  it('are called for one account ten times a day at most', async () => {
    const accountId = await anAccount();
    for (let n = 0; n < 10; n++) await begin(accountId, aNumber());
    await expect(begin(accountId, aNumber())).rejects.toThrow(TooManyProofs);
    await forgetOldProofs(test.database, NOW_MS + DAY_MS);
    await begin(accountId, aNumber());
  });

  it('are also those that are assigned to it, while they are; no other account proves those', async () => {
    const [owner, other, number] = [await anAccount(), await anAccount(), aNumber()];
    await addDid(test.database, number, FREE_TERMS, NOW_MS);
    const target = { kind: 'user', accountId: owner } as const;
    await test.database.write((sql) =>
      assignDid(sql, { number, target, ownerAccountId: owner, nowMs: NOW_MS }),
    );
    expect(await proven(owner)).toEqual([number]);
    await expect(begin(other, number)).rejects.toThrow('belongs to another');
    await test.database.write((sql) => releaseDid(sql, number, NOW_MS));
    expect(await proven(owner)).toEqual([]);
  });

  it('are what its choice is made from', async () => {
    const [accountId, number] = [await anAccount(), aNumber()];
    const choose = (choice: Parameters<typeof setCallerIdChoice>[2]) =>
      setCallerIdChoice(test.database, accountId, choice);
    expect(await callerIdChoiceOf(test.database.read, accountId)).toEqual({ number: null, withholds: false });
    await expect(choose({ number, withholds: false })).rejects.toThrow(NotProven);
    const { code } = await begin(accountId, number);
    await confirm(accountId, number, code);
    await choose({ number, withholds: true });
    expect(await callerIdChoiceOf(test.database.read, accountId)).toEqual({ number, withholds: true });
    await withdrawProof(test.database, accountId, number);
    expect(await callerIdChoiceOf(test.database.read, accountId)).toEqual({ number: null, withholds: true });
    await expect(withdrawProof(test.database, accountId, number)).rejects.toThrow(NotFound);
    await expect(
      setCallerIdChoice(test.database, 'nobody', { number: null, withholds: false }),
    ).rejects.toThrow(NotFound);
  });
});
