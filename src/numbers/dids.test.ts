import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { createAccount } from '../accounts/accounts-store';
import { ImportRefused } from '../csv/read-csv-file';
import { Conflict, InvalidInput, NotFound } from '../kernel/app-error';
import { currency } from '../kernel/money';
import { type E164, e164 } from '../kernel/phone-number';
import { createTrunk } from '../trunks/trunks-store';
import { findAccessNumber } from './access-numbers-store';
import { assignDid, DidTaken, releaseDid, removeDid, reserveDid, retargetDid } from './assign-did';
import { type DidTerms, didWish, FREE_TERMS } from './did';
import { didOwnerOn, feeBearingNumbers } from './did-owners-store';
import { addDid, changeDidTerms, didByNumber, findDid, listDids } from './dids-store';
import { importDids } from './import-dids';
import { QUARANTINE_MS } from './voip-numbers-store';

const NOW_MS = Date.UTC(2026, 0, 15);
const EUR = currency('EUR');

let numbers = 100;
const aNumber = () => e164(`+3220001${numbers++}`);

describe.each(DIALECTS)('numbers of carriers on %s', (dialect) => {
  let test: TestDatabase;
  let accountId: string;
  let otherId: string;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    accountId = await anAccount();
    otherId = await anAccount();
  });
  afterAll(() => test.drop());

  const anAccount = async (unit = EUR) =>
    (
      await test.database.write((sql) =>
        createAccount(sql, { name: 'Ada', currency: unit, deckId: null, nowMs: NOW_MS }),
      )
    ).id;
  const add = async (terms: Partial<DidTerms> = {}) => {
    const number = aNumber();
    await addDid(test.database, number, { ...FREE_TERMS, ...terms }, NOW_MS);
    return number;
  };
  const assign = (number: E164, owner: string | null = accountId, nowMs = NOW_MS) =>
    test.database.write((sql) =>
      assignDid(sql, {
        number,
        target: { kind: 'user', accountId: owner ?? accountId },
        ownerAccountId: owner,
        nowMs,
      }),
    );
  const release = (number: E164, nowMs = NOW_MS) =>
    test.database.write((sql) => releaseDid(sql, number, nowMs));
  const reserve = (number: E164, untilMs: number, owner = accountId, nowMs = NOW_MS) =>
    test.database.write((sql) => reserveDid(sql, { number, accountId: owner, untilMs, nowMs }));
  const stateOf = async (number: E164, nowMs = NOW_MS) =>
    (await didByNumber(test.database.read, number, nowMs)).state;

  const read = (text: string, dryRun = false) =>
    importDids(test.database, { file: Buffer.from(text), dryRun, country: 'BE' }, NOW_MS);

  describe('in the inventory', () => {
    it('stand once, with what they cost', async () => {
      const number = await add({ currency: EUR, monthlyFeeMicros: 2_500_000n, channelLimit: 2 });
      expect(await didByNumber(test.database.read, number, NOW_MS)).toMatchObject({
        state: 'available',
        monthlyFeeMicros: 2_500_000n,
        channelLimit: 2,
        target: null,
      });
      await expect(addDid(test.database, number, FREE_TERMS, NOW_MS)).rejects.toThrow(Conflict);
    });

    it.each<[string, Partial<DidTerms>]>([
      ['a fee without a currency', { setupFeeMicros: 1n }],
      ['a fee below zero', { currency: EUR, monthlyFeeMicros: -1n }],
      ['a limit of no channel', { channelLimit: 0 }],
    ])('refuse %s', async (_, terms) => {
      await expect(add(terms)).rejects.toThrow(InvalidInput);
    });

    it('take a place of their own where they have a limit', () => {
      const number = aNumber();
      expect(didWish({ number, channelLimit: 2 })).toEqual({ scope: `did:${number}`, limit: 2 });
      expect(didWish({ number, channelLimit: null })).toBeNull();
    });

    it.each<[string, Partial<DidTerms>]>([
      ['trunk', { trunkId: 'none' }],
      ['rate deck', { rateDeckId: 'none' }],
    ])('know no %s that is not there', async (_, terms) => {
      await expect(add(terms)).rejects.toThrow(NotFound);
    });

    it('leave it while they are nobody’s, and not otherwise', async () => {
      const number = await add();
      await assign(number);
      const remove = () => test.database.write((sql) => removeDid(sql, number, NOW_MS));
      await expect(remove()).rejects.toThrow(DidTaken);
      await release(number);
      await remove();
      await expect(stateOf(number)).rejects.toThrow(NotFound);
      expect(await didOwnerOn(test.database.read, number, NOW_MS - 1)).toBeNull();
    });
  });

  describe('that are assigned', () => {
    it('lead where they were led, and nowhere before', async () => {
      const number = await add();
      expect(await findDid(test.database.read, number)).toBeNull();
      await assign(number);
      expect(await findDid(test.database.read, number)).toMatchObject({
        ownerAccountId: accountId,
        target: { kind: 'user', accountId },
      });
    });

    it('go to one of 50 that want them at once', async () => {
      const number = await add();
      const wishes = await Promise.allSettled(Array.from({ length: 50 }, () => assign(number)));
      const refusals = wishes.flatMap((wish) => (wish.status === 'rejected' ? [wish.reason as unknown] : []));
      expect(refusals).toHaveLength(49);
      expect(refusals.every((refusal) => refusal instanceof DidTaken)).toBe(true);
    });

    it('are led elsewhere and keep their owner', async () => {
      const number = await add();
      await assign(number);
      const menu = { kind: 'menu', language: 'fr', country: 'BE' } as const;
      for (let turn = 0; turn < 2; turn++)
        await test.database.write((sql) => retargetDid(sql, number, menu, NOW_MS));
      expect(await findDid(test.database.read, number)).toMatchObject({
        ownerAccountId: accountId,
        target: menu,
      });
      expect(await findAccessNumber(test.database.read, number)).toEqual({
        number,
        language: 'fr',
        country: 'BE',
      });
      await release(number);
      await expect(test.database.write((sql) => retargetDid(sql, number, menu, NOW_MS))).rejects.toThrow(
        DidTaken,
      );
    });

    it.each([
      ['account', { kind: 'user', accountId: 'nobody' }],
      ['room', { kind: 'room', roomId: 'nowhere' }],
    ] as const)('lead to no %s that is not there', async (_, target) => {
      const number = await add();
      const wish = test.database.write((sql) =>
        assignDid(sql, { number, target, ownerAccountId: accountId, nowMs: NOW_MS }),
      );
      await expect(wish).rejects.toThrow(NotFound);
      expect(await stateOf(number)).toBe('available');
    });

    it('cost in the currency of who pays', async () => {
      const number = await add({ currency: EUR, monthlyFeeMicros: 1n });
      const american = await anAccount(currency('USD'));
      await expect(assign(number, american)).rejects.toThrow('another currency');
      await assign(number, accountId);
    });

    it('rest for 90 days to the second when they are given back', async () => {
      const number = await add();
      await assign(number);
      await release(number);
      expect(await stateOf(number)).toBe('quarantined');
      expect(await findDid(test.database.read, number)).toBeNull();
      await expect(assign(number, otherId, NOW_MS + QUARANTINE_MS - 1_000)).rejects.toThrow(DidTaken);
      expect(await stateOf(number, NOW_MS + QUARANTINE_MS)).toBe('available');
      await assign(number, otherId, NOW_MS + QUARANTINE_MS);
      expect(await didOwnerOn(test.database.read, number, NOW_MS)).toBeNull();
      expect(await didOwnerOn(test.database.read, number, NOW_MS + QUARANTINE_MS)).toBe(otherId);
    });

    it('know who owned them on any day', async () => {
      const number = await add();
      await assign(number);
      await release(number, NOW_MS + 1_000);
      expect(await didOwnerOn(test.database.read, number, NOW_MS - 1)).toBeNull();
      expect(await didOwnerOn(test.database.read, number, NOW_MS)).toBe(accountId);
      expect(await didOwnerOn(test.database.read, number, NOW_MS + 999)).toBe(accountId);
      expect(await didOwnerOn(test.database.read, number, NOW_MS + 1_000)).toBeNull();
    });
  });

  describe('that are reserved', () => {
    it('are kept for one account until the moment that was said', async () => {
      const number = await add();
      await reserve(number, NOW_MS + 1_000);
      await expect(assign(number, otherId)).rejects.toThrow(DidTaken);
      await expect(reserve(number, NOW_MS + 1_000, otherId)).rejects.toThrow(DidTaken);
      expect(await stateOf(number, NOW_MS + 999)).toBe('reserved');
      expect(await stateOf(number, NOW_MS + 1_000)).toBe('available');
      await assign(number, otherId, NOW_MS + 1_000);
    });

    it('are taken by the account they are kept for, or let go at once', async () => {
      const [taken, left] = [await add(), await add()];
      await reserve(taken, NOW_MS + 1_000);
      await assign(taken, accountId);
      await reserve(left, NOW_MS + 1_000);
      await reserve(left, NOW_MS + 2_000);
      await release(left);
      expect(await stateOf(left)).toBe('available');
    });

    it.each([NOW_MS, NOW_MS + 31 * 86_400_000])('are not kept until %s', async (untilMs) => {
      await expect(reserve(await add(), untilMs)).rejects.toThrow(InvalidInput);
    });
  });

  it('are listed by digits, page by page, and by what is asked for', async () => {
    const owner = await anAccount();
    const mine = [await add(), await add(), await add()];
    for (const number of mine) await assign(number, owner);
    const first = await listDids(test.database.read, { ownerAccountId: owner, limit: 2, nowMs: NOW_MS });
    const second = await listDids(test.database.read, {
      ownerAccountId: owner,
      afterNumber: first.at(-1)?.number,
      limit: 2,
      nowMs: NOW_MS,
    });
    expect([...first, ...second].map(({ number }) => number)).toEqual(mine);
    for (const state of ['available', 'reserved', 'assigned', 'quarantined'] as const) {
      const found = await listDids(test.database.read, { state, limit: 200, nowMs: NOW_MS });
      expect(new Set(found.map((did) => did.state))).toEqual(new Set(found.length > 0 ? [state] : []));
    }
    expect(await listDids(test.database.read, { targetKind: 'room', limit: 10, nowMs: NOW_MS })).toEqual([]);
  });

  it('tell what is to be charged: the fees that were agreed, also for times that ended', async () => {
    await test.database.write((sql) => sql.run('DELETE FROM did_owners'));
    const [ended, running, free] = [
      await add({ currency: EUR, setupFeeMicros: 5n, monthlyFeeMicros: 3n }),
      await add({ currency: EUR, monthlyFeeMicros: 7n }),
      await add(),
    ];
    for (const number of [ended, running, free]) await assign(number);
    await release(ended, NOW_MS + 60_000);
    await changeDidTerms(test.database, running, { monthlyFeeMicros: 99n }, NOW_MS);
    const all = await feeBearingNumbers(test.database.read, null, 10);
    expect(all).toEqual([
      {
        number: ended,
        accountId,
        currency: 'EUR',
        setupFeeMicros: 5n,
        monthlyFeeMicros: 3n,
        assignedFromMs: NOW_MS,
        assignedToMs: NOW_MS + 60_000,
      },
      {
        number: running,
        accountId,
        currency: 'EUR',
        setupFeeMicros: 0n,
        monthlyFeeMicros: 7n,
        assignedFromMs: NOW_MS,
        assignedToMs: null,
      },
    ]);
    const first = await feeBearingNumbers(test.database.read, null, 1);
    const rest = await feeBearingNumbers(test.database.read, first.at(-1)?.number ?? null, 10);
    expect([...first, ...rest]).toEqual(all);
    expect(await feeBearingNumbers(test.database.read, running, 10)).toEqual([]);
  });

  describe('in a file', () => {
    it('are taken in with trunk, fees and limit; those that are there get new terms', async () => {
      const trunk = await createTrunk(test.database, {
        name: 'Carrier',
        addresses: ['192.0.2.1'],
        trustsCallerId: false,
        nowMs: NOW_MS,
      });
      const known = await add();
      const report = await read(
        `Number;Carrier;Channels;Currency;Setup Fee;MRC\n02 555 12 34;Carrier;3;EUR;1.5;2\n${known};;;;;\n+3225551235;;;EUR;;0.25\n`,
      );
      expect(report).toMatchObject({ imported: true, lines: 3, added: 2, changed: 0, unchanged: 1 });
      expect(await didByNumber(test.database.read, e164('+3225551234'), NOW_MS)).toMatchObject({
        trunkId: trunk.id,
        channelLimit: 3,
        currency: 'EUR',
        setupFeeMicros: 1_500_000n,
        monthlyFeeMicros: 2_000_000n,
      });
      expect(await read(`number,channels\n${known},4\n`)).toMatchObject({ added: 0, changed: 1 });
      expect((await didByNumber(test.database.read, known, NOW_MS)).channelLimit).toBe(4);
    });

    it('that has faults change nothing, and every fault has its line', async () => {
      const text =
        'number,trunk,channels,currency,setup_fee\n+3225559000,,,,\nnonsense,,,,\n+3225559001,Nobody,x,euro,1e3\n+3225559000,,,,\n+3225559002,,,,1\n';
      const refused = await read(text).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ImportRefused);
      expect((refused as ImportRefused).faults.map(({ line, field }) => `${line} ${field}`)).toEqual([
        '3 number',
        '4 trunk',
        '4 channels',
        '4 currency',
        '4 setup_fee',
        '5 number',
        '6 currency',
      ]);
      await expect(stateOf(e164('+3225559000'))).rejects.toThrow(NotFound);
      expect(await read(text, true)).toMatchObject({ imported: false, added: 1, faultCount: 7 });
      await expect(stateOf(e164('+3225559000'))).rejects.toThrow(NotFound);
    });

    it('of thousands are taken in', async () => {
      const lines = Array.from({ length: 3_000 }, (_, n) => `+3226${String(n).padStart(6, '0')}`);
      expect(await read(`number\n${lines.join('\n')}\n`)).toMatchObject({ added: 3_000 });
    });
  });
});
