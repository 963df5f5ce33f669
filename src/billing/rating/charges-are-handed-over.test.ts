import { aCaseOfCalls } from '../../../test/support/billing-builders';
import { BillingApi, type Mood } from '../../../test/support/billing-api';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { FakeClock } from '../../../test/support/fake-clock';
import { writeCdrs } from '../../cdr/write-cdr';
import { silentLog } from '../../kernel/log';
import { micros } from '../../kernel/unit-of-work';
import { endpointSecret } from '../../webhooks/endpoint-secret';
import { insertEndpoint } from '../../webhooks/endpoints-store';
import { sendEvent } from '../../webhooks/send-event';
import { WebhookSender } from '../../webhooks/webhook-sender';
import { rateCdrs } from './rate-cdr';

const KEY = 'ab'.repeat(32);
const CALLS = 40;

describe.each(DIALECTS)('charges are handed to a billing API on %s', (dialect) => {
  let test: TestDatabase;
  let api: BillingApi;
  let sender: WebhookSender;
  let clock: FakeClock;
  beforeEach(async () => {
    test = await emptyDatabase(dialect);
    api = await BillingApi.start();
    clock = new FakeClock();
    await test.database.write((sql) =>
      insertEndpoint(sql, {
        id: 'billing',
        url: api.url,
        description: 'billing API',
        kinds: ['call.charged'],
        state: 'active',
        secretNumber: 1,
        formerSecretUntilMs: 0,
        createdAtMs: clock.nowMs(),
      }),
    );
    api.trust(endpointSecret(KEY, 'billing', 1));
    sender = new WebhookSender({
      database: test.database,
      clock,
      log: silentLog,
      key: KEY,
      targets: 'any',
      send: sendEvent,
    });
  });
  afterEach(async () => {
    await sender.stop();
    await api.stop();
    await test.drop();
  });

  async function charge(): Promise<void> {
    const legs = await aCaseOfCalls(test.database, CALLS);
    await writeCdrs(test.database, legs);
    await rateCdrs(test.database, { cdrIds: legs.map(({ cdrId }) => cdrId), nowMs: clock.nowMs() });
  }
  async function anHourWhile(mood: Mood): Promise<void> {
    api.mood = mood;
    for (let minute = 0; minute < 60; minute++) {
      await sender.idle();
      await clock.advance(60_000);
    }
  }
  async function postedMicros(): Promise<bigint> {
    const [row] = await test.database.read.all('SELECT balance_micros FROM ledger_accounts WHERE id = ?', [
      'house:call-revenue:EUR',
    ]);
    return micros(row?.balance_micros);
  }

  it.each<[string, readonly Mood[]]>([
    ['that is well', ['well']],
    ['that is down for an hour', ['broken', 'well']],
    ['whose answers are lost, so that it is told twice', ['answers-lost', 'well']],
  ])('%s: its total is the ledger’s to the micro', async (_, moods) => {
    await charge();
    for (const mood of moods) await anHourWhile(mood);
    // What waited longest waits for hours when an hour of tries has failed.
    await clock.advance(6 * 3_600_000);
    await sender.idle();
    expect(api.taken.size).toBe(CALLS);
    expect(api.chargedMicros).toBe(await postedMicros());
    expect(api.forged).toBe(0);
    expect(api.requests > CALLS).toBe(moods.length > 1);
  });

  it('that has another secret takes none of them', async () => {
    api.trust(endpointSecret(KEY, 'billing', 2));
    await charge();
    await sender.idle();
    expect([api.taken.size, api.forged]).toEqual([0, CALLS]);
  });
});
