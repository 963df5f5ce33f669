import { extendCredit } from '../../src/billing/credit/extend-credit';
import { reserveCredit } from '../../src/billing/credit/reserve-credit';
import { beginningCall } from '../../src/calling/live-calls';
import { rateCdr } from '../../src/billing/rating/rate-cdr';
import { topUp } from '../../src/billing/ledger/movements';
import { postEntries } from '../../src/billing/ledger/post-entries';
import { writeCdr } from '../../src/cdr/write-cdr';
import { listen } from '../../src/http/server';
import { money } from '../../src/kernel/money';
import { seedDemo } from '../../src/demo/seed-demo';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { testApi } from '../support/api';
import { aCreditWish, anAccount, anEndedLeg, START_MS } from '../support/billing-builders';

type State = {
  balance: { text: string; amountMicros: string };
  held: { amountMicros: string };
  available: { amountMicros: string };
  calls: { callId: string; charge: { amountMicros: string } | null; held: { amountMicros: string } | null }[];
};

const isCharged = ({ calls: [call] }: State) => call?.charge !== undefined && call.charge !== null;

describe.each(DIALECTS)('what an account sees of its running calls on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  let server: Awaited<ReturnType<typeof listen>>;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    await seedDemo(test.database, Date.UTC(2026, 0, 1), '123-voip');
    api = testApi(test.database);
    server = await listen(api.app, '127.0.0.1', 0);
  });
  afterAll(async () => {
    await server.close();
    await test.drop();
  });

  /** Reads states off the stream until one fits; time goes on meanwhile. */
  async function watching(accountId: string) {
    const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/accounts/${accountId}/live`, {
      headers: { Authorization: `Bearer ${await api.keyOf(accountId)}` },
    });
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    let unread = '';
    const nextState = async (): Promise<State> => {
      for (;;) {
        const end = unread.indexOf('\n\n');
        if (end >= 0) {
          const event = unread.slice(0, end);
          unread = unread.slice(end + 2);
          const data = /^event: state\ndata: (.*)$/.exec(event)?.[1];
          if (data) return JSON.parse(data) as State;
        } else unread += new TextDecoder().decode((await reader.read()).value);
      }
    };
    return { status: answer.status, nextState, stop: () => reader.cancel() };
  }

  it('moves with the call, ends at what was charged, and shows a top-up', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const stream = await watching(account.id);
    expect((await stream.nextState()).calls).toEqual([]);

    const wish = aCreditWish(account.id, { startedAtMs: START_MS });
    const leg = anEndedLeg(account.id, 95_000, { cdrId: wish.callId, routedNumber: wish.number });
    await reserveCredit(test.database, wish);
    await extendCredit(test.database, { callId: wish.callId, untilSeconds: 300, nowMs: START_MS });
    api.liveCalls.add(
      { ...beginningCall({ ...leg, accountId: account.id }), phase: 'talking' },
      () => undefined,
    );
    await api.clock.advance((leg.chargedFromMs ?? 0) - api.clock.nowMs());
    api.liveCalls.update(leg.cdrId, { enteredAtMs: leg.chargedFromMs, paidSeconds: 300 });
    const stateWhere = async (fits: (state: State) => boolean): Promise<State> => {
      for (;;) {
        const state = await stream.nextState();
        if (fits(state)) return state;
      }
    };
    const held = await stateWhere(({ calls }) => calls.length === 1);
    expect(BigInt(held.held.amountMicros)).toBeGreaterThan(0n);
    expect(BigInt(held.balance.amountMicros) - BigInt(held.held.amountMicros)).toBe(
      BigInt(held.available.amountMicros),
    );

    const begun = isCharged(held) ? held : await stateWhere(isCharged);
    await api.clock.advance(95_000);
    const grown = await stateWhere(
      ({ calls: [call] }) => call?.charge?.amountMicros !== begun.calls[0]?.charge?.amountMicros,
    );
    await writeCdr(test.database, leg);
    await rateCdr(test.database, { cdrId: leg.cdrId, nowMs: leg.endedAtMs });
    api.liveCalls.delete(leg.cdrId);
    await api.clock.advance(1_000);
    const metered = [begun, grown].map(({ calls: [call] }) => BigInt(call?.charge?.amountMicros ?? 0));
    const settled = await stateWhere(({ calls: [call] }) => {
      if (call?.charge) metered.push(BigInt(call.charge.amountMicros));
      return call === undefined;
    });
    expect(new Set(metered).size).toBeGreaterThan(1);
    expect(metered).toEqual(metered.toSorted((one, other) => Number(one - other)));
    expect(metered.at(-1)).toBe(5_000_000n - BigInt(settled.balance.amountMicros));
    expect(settled.held.amountMicros).toBe('0');

    const paid = topUp({
      accountId: account.id,
      amount: money(2_000_000n, account.currency),
      reference: 'more',
    });
    await test.database.write((sql) => postEntries(sql, paid, api.clock.nowMs()));
    await api.clock.advance(1_000);
    const more = await stateWhere(({ balance }) => balance.amountMicros !== settled.balance.amountMicros);
    expect(BigInt(more.balance.amountMicros) - BigInt(settled.balance.amountMicros)).toBe(2_000_000n);
    await stream.stop();
  });

  it('is nobody else’s', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/accounts/${account.id}/live`, {
      headers: { Authorization: `Bearer ${await api.keyFor('user')}` },
    });
    expect(answer.status).toBe(403);
  });
});
