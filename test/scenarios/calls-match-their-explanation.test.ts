import fc from 'fast-check';
import { setAccountState } from '../../src/accounts/accounts-store';
import type { CallExplanation } from '../../src/calling/explain-call';
import type { FoundCdr } from '../../src/cdr/search-cdrs';
import { eventually } from '../support/service';
import { DialRefused, type SipDevice } from '../support/sip-device';
import { type Subscriber, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(180_000);

const CALLS = 60;
const SEED = 123;

/** Who calls. A carrier calls from its own address, everybody else by a telephone of his account. */
const CALLERS = ['with credit', 'without credit', 'suspended', 'carrier'] as const;

const digits = (least: number, most: number) =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: least, maxLength: most })
    .map((drawn) => drawn.join(''));
/** Belgian numbers as they are written at home and abroad, numbers nobody has a price for, dear ones, codes, and what is none. */
const DIALLED = fc.oneof(
  fc
    .tuple(fc.constantFrom('+322555', '003222555', '02555', '32-2-555'), digits(4, 4))
    .map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom('+4930555', '00441632960'), digits(3, 4)).map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom('+32900', '0905'), digits(5, 5)).map((parts) => parts.join('')),
  fc.constantFrom('*43', '*100', '*77', '112', '+12025550100'),
  fc.constantFrom('a telephone of ours', 'a number of nobody'),
  digits(1, 7),
);

describe('whoever asks what would happen to a call', () => {
  let stage: TwoPartyStage;
  let ben: Subscriber;
  const phones = new Map<string, { readonly phone: SipDevice; readonly from: string }>();

  beforeAll(async () => {
    stage = await TwoPartyStage.open(25_400);
    const far = await stage.device();
    await stage.carrierAt(far, { name: 'dear', pricePerMinute: '0.05' });
    await stage.carrierAt(far, { name: 'cheap', pricePerMinute: '0.02' });
    const outward = { blockPrefixes: ['32255'] };
    await stage.carrierAt(far, { name: 'blocked in Brussels', pricePerMinute: '0.01', outward });
    ben = await stage.subscriber('0');
    for (const who of CALLERS) {
      if (who === 'carrier') {
        const from = '+4930555077';
        phones.set(who, { phone: await stage.device({ from }), from });
        continue;
      }
      const { accountId, number, phone } = await stage.subscriber(who === 'without credit' ? '0' : '50');
      const { database } = stage.service;
      if (who === 'suspended') await database.write((sql) => setAccountState(sql, accountId, 'suspended'));
      phones.set(who, { phone, from: number });
    }
  });
  afterAll(async () => {
    await stage.clear();
    await stage.close();
  });

  async function explained(from: string, to: string): Promise<CallExplanation> {
    const query = new URLSearchParams({ from, to });
    const { status, json } = await stage.rooms.request('GET', `/explain?${query.toString()}`);
    expect(status).toBe(200);
    return json as CallExplanation;
  }

  /** Makes a call that ends at once; `sipCallId` is that of the caller's leg. */
  async function made(
    phone: SipDevice,
    to: string,
  ): Promise<{ readonly status: number | null; readonly sipCallId: string }> {
    let sipCallId = '';
    let status: number | null = 200;
    try {
      const call = await phone.dial(to, {}, (begun) => {
        sipCallId = begun.callId;
      });
      await call.hangUp();
    } catch (error) {
      if (!(error instanceof DialRefused)) throw error;
      status = error.response.status;
    }
    await eventually(10_000, async () => (await stage.service.liveCalls()) === 0);
    return { status, sipCallId };
  }

  /** The name of the trunk that a call asked first; null when it asked none. */
  async function trunksAsked(): Promise<(sipCallId: string) => string | null> {
    const { phone } = phones.get('with credit') as { phone: SipDevice };
    // Records are written in the order in which their calls end: once this one's is there, all others' are.
    const last = await made(phone, '*43');
    let cdrs: readonly FoundCdr[] = [];
    await eventually(10_000, async () => {
      cdrs = await stage.service.cdrs();
      return cdrs.some(({ sipCallId }) => sipCallId === last.sipCallId);
    });
    const { trunks } = (await stage.rooms.request('GET', '/trunks')).json as {
      trunks: { id: string; name: string }[];
    };
    return (sipCallId) => {
      const callId = cdrs.find((cdr) => cdr.sipCallId === sipCallId)?.callId;
      const [first] = cdrs
        .filter((cdr) => cdr.callId === callId && cdr.direction === 'outbound' && cdr.trunkId !== null)
        .toSorted((left, right) => left.attempt - right.attempt);
      return trunks.find(({ id }) => id === first?.trunkId)?.name ?? null;
    };
  }

  it(`is told what then happens: answer, and the carrier that is asked first (${CALLS} calls)`, async () => {
    const wish = fc.record({ who: fc.constantFrom(...CALLERS), dialled: DIALLED });
    const calls: { sipCallId: string; call: object; status: number | null }[] = [];
    const told: object[] = [];
    for (const { who, dialled } of fc.sample(wish, { seed: SEED, numRuns: CALLS })) {
      const to =
        dialled === 'a telephone of ours'
          ? ben.number
          : dialled === 'a number of nobody'
            ? '1239999999999'
            : dialled;
      const { phone, from } = phones.get(who) as { phone: SipDevice; from: string };
      const { decision, reason, sipStatus, trunks: order } = await explained(from, to);
      const call = { who, to, decision, reason };
      told.push({ ...call, status: sipStatus, trunk: order[0]?.trunk ?? null });
      calls.push({ call, ...(await made(phone, to)) });
    }
    const trunkOf = await trunksAsked();
    const seen = calls.map(({ call, status, sipCallId }) => ({ ...call, status, trunk: trunkOf(sipCallId) }));
    expect(seen).toEqual(told);
  });
});
