import { makeVoucherBatch } from '../../src/billing/payments/vouchers/voucher-batches';
import { systemClock } from '../../src/kernel/clock';
import { currency, money } from '../../src/kernel/money';
import { voipNumberOf } from '../../src/numbers/voip-numbers-store';
import { changeHandling } from '../../src/phones/call-handling';
import { changeTrunk } from '../../src/trunks/trunks-store';
import { type Carrier, carrier, refuses, RINGS_THEN_ANSWERS, TRUNK_KEY } from '../support/carriers';
import { type Guest, RoomStage } from '../support/room-stage';
import { eventually } from '../support/service';

const BELGIUM = `prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from
32,Belgium,0.60,0,60,60,0,2020-01-01T00:00:00Z
`;
/** A tone that no prompt has. */
const CALLER_HZ = 3_650;
const DAY_MS = 86_400_000;

describe('a caller with an account PIN', () => {
  let stage: RoomStage;
  const carriers: Carrier[] = [];

  beforeAll(async () => {
    stage = await RoomStage.open(32_200, { TRUNK_KEY });
    await stage.service.importRates(BELGIUM);
  });
  afterAll(() => stage.close());
  afterEach(async () => {
    for (const one of carriers.splice(0)) {
      await changeTrunk(stage.service.database, one.trunkId, { state: 'disabled' });
      await one.stop();
    }
  });

  /** Somebody at any telephone, past the account PIN. */
  async function inAccount(credit: string, from: string): Promise<{ guest: Guest; accountId: string }> {
    const { accountId } = await stage.service.account(credit);
    const { json } = await stage.request('POST', `/accounts/${accountId}/pin`, {});
    const guest = await stage.dial(from);
    await guest.hears('welcome-enter-room-id');
    await guest.press('0#');
    await guest.hears('enter-account-pin');
    await guest.press(`${(json as { pin: string }).pin}#`);
    await guest.hears('your-balance-is');
    await guest.hears('enter-number');
    return { guest, accountId };
  }

  it('calls one number, ends it by ##, and calls the next; each call is charged and on record', async () => {
    carriers.push(await carrier(stage.service, RINGS_THEN_ANSWERS, { name: 'card' }));
    const { guest, accountId } = await inAccount('5', '+3222700101');
    await guest.press('003225550201#');
    await guest.hears('ringback');
    await eventually(10_000, async () => (await stage.service.liveCalls()) === 2);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await guest.press('##');
    await guest.hears('call-has-ended');
    await guest.hears('enter-number', 2);
    await guest.press('003225550202#');
    await eventually(10_000, async () => (await stage.service.liveCalls()) === 2);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await guest.call.hangUp();
    const cdrs = await stage.service.ratedCdrs(3);
    const [own] = cdrs.filter(({ direction }) => direction === 'inbound');
    const calls = cdrs.filter(({ callId, direction }) => callId === own?.callId && direction === 'outbound');
    expect(calls).toHaveLength(2);
    for (const leg of calls) {
      expect(leg).toMatchObject({ payerAccountId: accountId, result: 'completed', endedBy: 'caller' });
      expect(leg.rating?.charge.amountMicros).toBe(600_000n);
    }
    expect((await stage.service.balance(accountId)).balance.amountMicros).toBe(3_800_000n);
    expect((await stage.service.balance(accountId)).held.amountMicros).toBe(0n);
  });

  it('hears that a line is busy, that credit is missing, and that a number cannot be called, and may go on', async () => {
    carriers.push(await carrier(stage.service, refuses('486 Busy Here'), { name: 'busy' }));
    const { guest } = await inAccount('0.60', '+3222700102');
    await guest.press('003225550203#');
    await guest.hears('callee-busy');
    await guest.hears('enter-number', 2);
    await guest.press('12#');
    await guest.hears('number-cannot-be-called');
    await guest.hears('enter-number', 3);
    await guest.call.hangUp();
    const poor = await inAccount('0.59', '+3222700103');
    await poor.guest.press('003225550204#');
    await poor.guest.hears('credit-too-low');
    await poor.guest.call.hangUp();
    expect((await stage.service.balance(poor.accountId)).held.amountMicros).toBe(0n);
  });

  it('leaves a message where nobody answers, under his account’s number and not that of the telephone, and may go on', async () => {
    const absent = await stage.service.account();
    await stage.service.database.write((sql) =>
      changeHandling(sql, absent.accountId, { voicemailTo: 'owner@example.org' }, systemClock.nowMs()),
    );
    const { guest, accountId } = await inAccount('5', '+3222700104');
    await guest.press(`${absent.number}#`);
    await guest.hears('beep');
    guest.call.sendTone(CALLER_HZ);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await guest.press('#');
    await guest.hears('message-saved');
    await guest.hears('enter-number', 2);
    await guest.call.hangUp();
    const number = await voipNumberOf(stage.service.database.read, accountId);
    const { json } = await stage.request('GET', `/accounts/${absent.accountId}/voicemails`);
    expect(json).toMatchObject({ voicemails: [{ fromNumber: number }] });
  });

  it('redeems a voucher once, and hears nothing of why another code is not good', async () => {
    const nowMs = systemClock.nowMs();
    const { codes } = await makeVoucherBatch(stage.service.database, {
      label: 'story',
      amount: money(5_000_000n, currency('EUR')),
      voucherCount: 1,
      expiresAtMs: nowMs + DAY_MS,
      madeBy: 'story',
      nowMs,
    });
    const code = (codes[0] ?? '').replaceAll(/\D/g, '');
    const { guest, accountId } = await inAccount('0', '+3222700104');
    await guest.press('0#');
    await guest.hears('enter-voucher');
    await guest.press(`${code}#`);
    await guest.hears('voucher-redeemed');
    await guest.hears('enter-number', 2);
    await guest.press('0#');
    await guest.hears('enter-voucher', 2);
    await guest.press(`${code}#`);
    await guest.hears('voucher-refused');
    await guest.call.hangUp();
    expect((await stage.service.balance(accountId)).balance.amountMicros).toBe(5_000_000n);
    expect(stage.service.logLines.join('\n')).not.toContain(code);
  });
});
