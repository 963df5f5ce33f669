import { aTrunk } from '../../test/support/trunk-builders';
import { e164 } from '../kernel/phone-number';
import { type CallFacts, planCall } from './plan-call';
import { refusal, refusalHeaders, refusalReasonOf } from './refuse-call';

const trunk = aTrunk({ name: 'carrier' });
const accessNumber = { number: e164('+3225550100'), language: 'en', country: 'BE' };
const served: CallFacts = {
  trunk,
  accessNumber,
  offer: 'usable',
  draining: false,
  liveCalls: 3,
  maxLiveCalls: 10,
};

describe('planCall', () => {
  it('opens the menu for a trunk that calls an access number', () => {
    expect(planCall(served)).toEqual({ kind: 'menu', trunk, accessNumber });
  });

  it.each([
    ['draining', { draining: true }],
    ['too-many-calls', { liveCalls: 10 }],
    ['number-not-served', { accessNumber: null }],
    ['no-offer', { offer: 'none' }],
    ['no-codec', { offer: 'foreign' }],
  ] as const)('refuses with %s', (reason, facts) => {
    expect(planCall({ ...served, ...facts })).toEqual({ kind: 'refuse', reason, trunk });
  });

  it.each([
    ['an access number', {}],
    ['another number', { accessNumber: null }],
    ['anything while draining', { draining: true }],
    ['anything while full', { liveCalls: 10 }],
  ])('tells a stranger who asks for %s the same', (_, facts) => {
    expect(planCall({ ...served, ...facts, trunk: null })).toEqual({
      kind: 'refuse',
      reason: 'unknown-caller',
      trunk: null,
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
