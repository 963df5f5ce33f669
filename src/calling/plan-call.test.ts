import { currency } from '../kernel/money';
import { e164 } from '../kernel/phone-number';
import { FREE_TERMS, type AssignedDid, type DidTarget } from '../numbers/did';
import type { LoopVerdict } from '../trunks/loop-guard';
import { DEFAULT_TRUNK } from '../trunks/trunk';
import type { Caller } from './identify-caller';
import { type CallFacts, planCall } from './plan-call';
import { refusal, refusalHeaders, refusalReasonOf } from './refuse-call';
import type { Destination } from './two-party/destination';

const number = e164('+3225550100');
const accessNumber = { number, language: 'en', country: 'BE' };
const did = (target: DidTarget): AssignedDid => ({
  ...FREE_TERMS,
  number,
  state: 'assigned',
  ownerAccountId: 'owner',
  target,
  untilMs: null,
  createdAtMs: 0,
});
const menu: Destination = {
  kind: 'menu',
  accessNumber,
  did: did({ kind: 'menu', language: 'en', country: 'BE' }),
};
const user: Destination = {
  kind: 'user',
  accountId: 'b',
  number,
  did: did({ kind: 'user', accountId: 'b' }),
};
const onNet: Destination = { kind: 'user', accountId: 'b', number: '1230000005', did: null };
const telephone: Destination = { kind: 'telephone', number: e164('+4930555001') };
const emergency: Destination = { kind: 'emergency', number: '112', country: 'BE' };
const nobody: Destination = { kind: 'nobody', number: null };

const trunk: Caller = {
  kind: 'trunk',
  trunk: { ...DEFAULT_TRUNK, id: 't', name: 'carrier', state: 'active' },
};
const device = (state: 'active' | 'limited' | 'suspended' | 'closed' = 'active'): Caller => ({
  kind: 'device',
  device: {
    id: 'd',
    accountId: 'a',
    name: 'desk',
    username: 'pabcdef012',
    state: 'active',
    kind: 'phone',
    createdAtMs: 0,
    expiresAtMs: null,
  },
  account: {
    id: 'a',
    name: 'Ada',
    currency: currency('EUR'),
    state,
    deckId: null,
    country: 'BE',
    language: null,
    createdAtMs: 0,
  },
  number: '1230000013',
});

const facts: CallFacts = {
  caller: trunk,
  destination: menu,
  houseNumber: null,
  offer: 'usable',
  loop: { kind: 'pass', maxForwards: 69, hops: 1 },
  needsUnknownPrivacy: false,
  draining: false,
  liveCalls: 3,
  maxLiveCalls: 10,
};
const noHopsLeft: LoopVerdict = { kind: 'refuse', status: 483, reason: 'no-forwards-left' };
const circle: LoopVerdict = { kind: 'refuse', status: 482, reason: 'same-legs' };
const plan = (changes: Partial<CallFacts>) => planCall({ ...facts, ...changes });
const reason = (changes: Partial<CallFacts>) => {
  const made = plan(changes);
  return made.kind === 'refuse' ? made.reason : made.kind;
};

describe('planCall', () => {
  it('opens the menu for a trunk that calls an access number', () => {
    expect(plan({})).toEqual({ kind: 'menu', caller: trunk, accessNumber, roomId: null });
  });

  it('asks for the PIN alone at the number of a room, which is rated by that number', () => {
    const room: Destination = { kind: 'room', roomId: 'r', did: did({ kind: 'room', roomId: 'r' }) };
    expect(plan({ destination: room, houseNumber: { ...accessNumber, language: 'fr' } })).toMatchObject({
      kind: 'menu',
      roomId: 'r',
      accessNumber: { number, language: 'fr' },
    });
  });

  it.each([
    ['draining', { draining: true }],
    ['too-many-calls', { liveCalls: 10 }],
    ['no-offer', { offer: 'none' }],
    ['no-codec', { offer: 'foreign' }],
    ['too-many-hops', { loop: noHopsLeft, destination: user }],
    ['menu', { loop: noHopsLeft }],
    ['loop', { loop: circle, destination: user }],
    ['privacy-not-possible', { needsUnknownPrivacy: true }],
    ['number-not-served', { destination: nobody }],
    // What no number of ours is, a carrier does not reach through us.
    ['number-not-served', { destination: telephone }],
    ['number-not-served', { destination: onNet }],
    ['number-not-served', { destination: emergency }],
    ['number-not-served', { destination: { kind: 'feature', code: 'menu' } }],
  ] as const)('a trunk comes to %s', (why, changes) => expect(reason(changes)).toBe(why));

  it('rings the user of a number for a trunk', () => {
    expect(plan({ destination: user })).toMatchObject({
      kind: 'connect',
      caller: trunk,
      destination: user,
      onward: { maxForwards: 69, hops: 1 },
    });
  });

  it.each([
    ['an access number', {}],
    ['another number', { destination: nobody }],
    ['help', { destination: emergency }],
    ['anything while draining', { draining: true }],
    ['anything while full', { liveCalls: 10 }],
  ])('tells a stranger who asks for %s the same', (_, changes) => {
    expect(plan({ ...changes, caller: null })).toEqual({
      kind: 'refuse',
      reason: 'unknown-caller',
      caller: null,
    });
  });

  describe('for a telephone of an account', () => {
    it.each([
      ['active', telephone, 'connect'],
      ['active', onNet, 'connect'],
      ['active', menu, 'menu'],
      ['active', nobody, 'number-not-served'],
      ['limited', telephone, 'account-blocked'],
      ['limited', onNet, 'account-blocked'],
      ['limited', { kind: 'feature', code: 'balance' }, 'balance'],
      ['suspended', onNet, 'account-blocked'],
      ['suspended', { kind: 'feature', code: 'balance' }, 'account-blocked'],
      ['closed', telephone, 'account-blocked'],
    ] as const)('of a %s account: %j comes to %s', (state, destination, outcome) => {
      expect(reason({ caller: device(state), destination })).toBe(outcome);
    });

    it.each([
      ['*43', 'echo', 'echo'],
      ['*100', 'balance', 'balance'],
      ['*123', 'menu', 'menu'],
      ['*66 without a number before', 'redial', 'number-not-served'],
    ] as const)('%s comes to %s', (_, code, outcome) => {
      const asked = {
        caller: device(),
        destination: { kind: 'feature', code },
        houseNumber: accessNumber,
      } as const;
      expect(reason(asked)).toBe(outcome);
    });

    it.each([
      ['a suspended account', { caller: device('suspended') }],
      ['a closed account', { caller: device('closed') }],
      ['a limited account', { caller: device('limited') }],
      ['a full house', { caller: device(), liveCalls: 10 }],
      ['a closing house', { caller: device(), draining: true }],
      ['many calls to the same number', { caller: device(), loop: circle }],
      ['a wish for privacy that nobody knows', { caller: device(), needsUnknownPrivacy: true }],
    ])('lets a call for help pass from %s', (_, changes) => {
      expect(plan({ ...changes, destination: emergency })).toMatchObject({
        kind: 'connect',
        destination: emergency,
      });
    });
  });
});

describe('the refusal table', () => {
  it.each([
    ['unknown-caller', 403, {}],
    ['number-not-served', 404, {}],
    ['draining', 503, { 'Retry-After': '60' }],
    ['media-unavailable', 503, { 'Retry-After': '5' }],
    ['journal-unavailable', 503, { 'Retry-After': '30' }],
    ['room-full', 486, {}],
    ['no-credit', 402, {}],
  ] as const)('answers %s with %i', (reason, sipStatus, headers) => {
    expect(refusal(reason).sipStatus).toBe(sipStatus);
    expect(refusalHeaders(refusal(reason))).toEqual(headers);
  });

  it('takes an error nobody foresaw for a technical fault', () => {
    expect(refusalReasonOf(new Error('x'))).toBe('technical-fault');
    expect(refusalReasonOf('x')).toBe('technical-fault');
  });
});
