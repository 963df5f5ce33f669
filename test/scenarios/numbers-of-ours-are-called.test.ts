import { Readable } from 'node:stream';
import { importRateDeck } from '../../src/billing/rating/import-rate-deck';
import { systemClock } from '../../src/kernel/clock';
import { currency } from '../../src/kernel/money';
import { e164 } from '../../src/kernel/phone-number';
import { assignDid } from '../../src/numbers/assign-did';
import { type DidTarget, type DidTerms, FREE_TERMS } from '../../src/numbers/did';
import { addDid } from '../../src/numbers/dids-store';
import { Guest } from '../support/room-stage';
import { DialRefused, type SipDevice } from '../support/sip-device';
import { aNumber, talk, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(60_000);

async function refusal(phone: SipDevice, number: string): Promise<number | null> {
  try {
    await phone.dial(number);
  } catch (error) {
    if (error instanceof DialRefused) return error.response.status;
    throw error;
  }
  throw new Error('the call was answered');
}

const warnings = (heard: readonly string[] = []) => heard.filter((name) => name.startsWith('credit'));

describe('somebody outside calls a number of ours', () => {
  let stage: TwoPartyStage;
  let inboundDeckId: string;
  beforeAll(async () => {
    stage = await TwoPartyStage.open(24_300);
    const { deckId } = await importRateDeck(stage.service.database, {
      deckName: 'calls that come in',
      currency: currency('EUR'),
      csv: Readable.from([
        'prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from\n32,Belgium,0.60,0.05,1,1,0,2020-01-01T00:00:00Z\n',
      ]),
      sourceName: 'story',
      nowMs: systemClock.nowMs(),
    });
    inboundDeckId = deckId ?? '';
  });
  afterAll(() => stage.close());
  afterEach(() => stage.clear());

  async function numberFor(
    target: DidTarget,
    ownerAccountId: string | null,
    terms: Partial<DidTerms> = {},
  ): Promise<string> {
    const { database } = stage.service;
    const number = e164(aNumber());
    const nowMs = systemClock.nowMs();
    await addDid(database, number, { ...FREE_TERMS, ...terms }, nowMs);
    await database.write((sql) => assignDid(sql, { number, target, ownerAccountId, nowMs }));
    return number;
  }

  const outside = (from = '+4930555002'): Promise<SipDevice> => stage.device({ from, toneHz: 440 });

  it('that leads to a room: only the PIN is asked for, and the room’s owner pays', async () => {
    const room = await stage.rooms.room();
    const number = await numberFor({ kind: 'room', roomId: room.roomId }, room.accountId);
    const call = await stage.rooms.phone.dial({
      to: number,
      from: '+4930555001',
      sipHost: '127.0.0.1',
      sipPort: stage.service.sipPort,
    });
    const guest = new Guest(call, '+4930555001');
    await guest.hears('enter-pin');
    await guest.press(`${room.participantPin}#`);
    await guest.hears('entering-room');
    await talk(1_500);
    await guest.call.hangUp();
    expect(guest.ear.heard).not.toContain('welcome-enter-room-id');
    const [leg] = await stage.legsTo(number, 1);
    expect(leg).toMatchObject({
      result: 'completed',
      roomId: room.roomId,
      payerAccountId: room.accountId,
      routedNumber: number,
    });
    expect(leg?.rating?.charge.amountMicros).toBeGreaterThan(0n);
  });

  it('that leads to a room, and does not know its PIN: nothing is charged', async () => {
    const room = await stage.rooms.room();
    const number = await numberFor({ kind: 'room', roomId: room.roomId }, room.accountId);
    const call = await stage.rooms.phone.dial({
      to: number,
      from: '+4930555003',
      sipHost: '127.0.0.1',
      sipPort: stage.service.sipPort,
    });
    const guest = new Guest(call, '+4930555003');
    await guest.hears('enter-pin');
    const wrong = room.participantPin === '999999' ? '888888' : '999999';
    await guest.press(`${wrong}#`);
    await guest.hears('enter-pin', 2);
    await guest.call.hangUp();
    const [leg] = await stage.legsTo(number, 1);
    expect(leg).toMatchObject({ roomId: null, payerAccountId: null });
    expect(leg?.rating?.charge.amountMicros).toBe(0n);
  });

  it('whose owner pays by the minute: he is charged from the answer on, the caller not', async () => {
    const ben = await stage.subscriber('5', 660);
    const target = { kind: 'user', accountId: ben.accountId } as const;
    const number = await numberFor(target, ben.accountId, { rateDeckId: inboundDeckId });
    const caller = await outside();
    const call = await caller.dial(number);
    await call.hears(660);
    await talk(1_200);
    await call.hangUp();
    const [inbound, phone] = await stage.legsTo(number, 2);
    expect(inbound).toMatchObject({
      direction: 'inbound',
      payerAccountId: ben.accountId,
      result: 'completed',
    });
    expect(phone).toMatchObject({ direction: 'outbound', payerAccountId: null, accountId: ben.accountId });
    const seconds = Math.ceil(((inbound?.endedAtMs ?? 0) - (inbound?.chargedFromMs ?? 0)) / 1_000);
    expect(inbound?.chargedFromMs).toBe(inbound?.answeredAtMs);
    expect(inbound?.rating?.charge.amountMicros).toBe(50_000n + BigInt(seconds) * 10_000n);
    expect((await stage.service.balance(ben.accountId)).held.amountMicros).toBe(0n);
  });

  it('whose owner has no credit for it: it does not ring, he owes nothing, and the caller is told by 402', async () => {
    const ben = await stage.subscriber('0.05');
    const target = { kind: 'user', accountId: ben.accountId } as const;
    const number = await numberFor(target, ben.accountId, { rateDeckId: inboundDeckId });
    expect(await refusal(await outside(), number)).toBe(402);
    expect(ben.phone.taken).toEqual([]);
    const [leg] = await stage.legsTo(number, 1);
    expect(leg).toMatchObject({ result: 'no-credit', answeredAtMs: null });
    const { balance, held } = await stage.service.balance(ben.accountId);
    expect([balance.amountMicros, held.amountMicros]).toEqual([50_000n, 0n]);
  });

  it('whose owner’s credit ends in mid-call: he hears of it, the caller not, and both are cut', async () => {
    const ben = await stage.subscriber('0.11');
    const target = { kind: 'user', accountId: ben.accountId } as const;
    const number = await numberFor(target, ben.accountId, { rateDeckId: inboundDeckId });
    const call = await (await outside()).dial(number);
    const [taken] = ben.phone.taken;
    await Promise.all([call.whenEnded(), taken?.whenEnded()]);
    expect(warnings(taken?.sound.ear.heard)).toEqual(['credit-used-up']);
    expect(warnings(call.sound.ear.heard)).toEqual([]);
    const [inbound] = await stage.legsTo(number, 2);
    expect(inbound?.rating?.charge.amountMicros).toBe(110_000n);
    expect(inbound).toMatchObject({ result: 'credit-exhausted', endedBy: 'house' });
  });

  it('that carries one call at once: the second caller hears that it is busy, and the place is free afterwards', async () => {
    const ben = await stage.subscriber('0');
    const target = { kind: 'user', accountId: ben.accountId } as const;
    const number = await numberFor(target, ben.accountId, { channelLimit: 1 });
    const call = await (await outside()).dial(number);
    const second = await outside('+4930555009');
    expect(await refusal(second, number)).toBe(486);
    await call.hangUp();
    await stage.legsTo(number, 3);
    const third = await second.dial(number);
    await third.hangUp();
    const results = (await stage.legsTo(number, 5))
      .filter(({ direction }) => direction === 'inbound')
      .map(({ result }) => result);
    expect(results).toEqual(['completed', 'limit-reached', 'completed']);
  });
});
