import { anAccount } from '../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { FakeClock } from '../../test/support/fake-clock';
import type { AccountState } from '../accounts/account';
import { setAccountState } from '../accounts/accounts-store';
import { silentLog } from '../kernel/log';
import { BlockedAccounts } from './blocked-accounts';
import { type LiveCall, LiveCalls } from './live-calls';

describe.each(DIALECTS)('calls that go on, on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  async function endedOf(
    state: AccountState,
    dialled: readonly string[],
    holds = false,
  ): Promise<readonly string[]> {
    const clock = new FakeClock();
    const liveCalls = new LiveCalls();
    const [blocked, other] = [
      await anAccount(test.database, { credit: '0' }),
      await anAccount(test.database, { credit: '0' }),
    ];
    const ended: string[] = [];
    const add = (accountId: string | null, dialledNumber: string) => {
      const callId = `${accountId === blocked.id ? 'theirs' : 'other'} ${dialledNumber}`;
      liveCalls.add({ ...call, callId, accountId, dialledNumber }, () => ended.push(callId));
    };
    for (const number of dialled) for (const whose of [blocked.id, other.id, null]) add(whose, number);
    const watch = new BlockedAccounts({
      database: test.database,
      liveCalls,
      holding: async (ids) => new Set(holds ? ids : []),
      clock,
      log: silentLog,
    });
    watch.start();
    await clock.advance(10_000);
    await watch.idle();
    expect(ended).toEqual([]);
    await test.database.write((sql) => setAccountState(sql, blocked.id, state));
    await clock.advance(10_000);
    await watch.stop();
    return ended;
  }

  it.each(['suspended', 'closed'] as const)(
    'end when their account is %s, and nobody else’s do',
    async (state) => {
      expect(await endedOf(state, ['1230000010', '*43'])).toEqual(['theirs 1230000010', 'theirs *43']);
    },
  );

  it('go on when their account is limited: it may still be reached', async () => {
    expect(await endedOf('limited', ['1230000010'])).toEqual([]);
  });

  it('go on while another call of the account still has what was held for it', async () => {
    expect(await endedOf('suspended', ['1230000010'], true)).toEqual([]);
  });

  it('go on when they may be calls for help', async () => {
    expect(await endedOf('suspended', ['112', '911', '1230000010'])).toEqual(['theirs 1230000010']);
  });
});

const call: LiveCall = {
  callId: '',
  direction: 'inbound',
  fromNumber: null,
  isWithheld: false,
  dialledNumber: '',
  trunkId: null,
  accountId: null,
  deviceId: null,
  phase: 'talking',
  roomId: null,
  roomRole: null,
  startedAtMs: 0,
  enteredAtMs: null,
  paidSeconds: null,
};
