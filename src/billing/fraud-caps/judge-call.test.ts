import { currency } from '../../kernel/money';
import { e164 } from '../../kernel/phone-number';
import { hitsOfLegalCalls } from '../../../scripts/bench/legal-traffic';
import { type CapName, type Caps, programCaps } from './caps';
import { type CallFacts, judgeCall } from './judge-call';
import { dayNumber, isNight, timeZoneOf } from './local-time';
import { placeOf } from './number-place';

const caps: Caps = { ...programCaps(currency('EUR')), homeCountries: ['BE', 'LU'] };
const BELGIUM = { country: 'BE', isPremium: false };
const SOMALIA = { country: 'SO', isPremium: false };
const PREMIUM = { country: 'BE', isPremium: true };

const facts = (rest: Partial<CallFacts> = {}): CallFacts => ({
  place: BELGIUM,
  pricePerMinuteMicros: 20_000n,
  firstBlockMicros: 20_000n,
  daySpentMicros: 0n,
  isOpened: false,
  otherPremiumNumbers: 0,
  shortCalls: 0,
  isNight: false,
  nightCalls: 0,
  ...rest,
});

describe('a call out', () => {
  const refused: readonly (readonly [string, Partial<CallFacts>, CapName])[] = [
    ['to a country that is not open', { place: SOMALIA }, 'destination'],
    ['to a satellite that is not open', { place: { country: '+881', isPremium: false } }, 'destination'],
    ['above the price per minute', { pricePerMinuteMicros: 2_000_001n }, 'price-per-minute'],
    ['whose first block costs more than a call may', { firstBlockMicros: 50_000_001n }, 'call-cost'],
    ['to a fourth premium number', { place: PREMIUM, otherPremiumNumbers: 3 }, 'premium-numbers'],
    ['after thirty short ones', { shortCalls: 30 }, 'short-calls'],
    [
      'abroad, the eleventh of a night',
      { place: SOMALIA, isOpened: true, isNight: true, nightCalls: 10 },
      'night-calls',
    ],
    [
      'to a premium number, the eleventh of a night',
      { place: PREMIUM, isNight: true, nightCalls: 10 },
      'night-calls',
    ],
    ['that the day has no money left for', { daySpentMicros: 99_990_000n }, 'day-cost'],
  ];
  it.each(refused)('%s is refused', (_, rest, cap) => {
    expect(judgeCall(facts(rest), caps)).toEqual({ allowed: false, cap });
  });

  const allowed: readonly (readonly [string, Partial<CallFacts>])[] = [
    ['at home', {}],
    ['to another home country', { place: { country: 'LU', isPremium: false } }],
    ['to a country that was opened', { place: SOMALIA, isOpened: true }],
    ['at the price that is just allowed', { pricePerMinuteMicros: 2_000_000n }],
    ['to the third premium number', { place: PREMIUM, otherPremiumNumbers: 2 }],
    ['at home in the night, however many there were', { isNight: true, nightCalls: 500 }],
    ['abroad by day, however many the night had', { place: SOMALIA, isOpened: true, nightCalls: 500 }],
    ['with the last cent of the day', { daySpentMicros: 99_980_000n }],
  ];
  it.each(allowed)('%s is allowed', (_, rest) => {
    expect(judgeCall(facts(rest), caps)).toEqual({ allowed: true });
  });

  it('is abroad nowhere while nobody said where home is', () => {
    expect(judgeCall(facts({ place: SOMALIA }), { ...caps, homeCountries: [] })).toEqual({ allowed: true });
  });
});

describe('the place of a number', () => {
  it.each([
    ['+3225550123', 'BE', false],
    ['+3290212345', 'BE', true],
    ['+18765551234', 'JM', false],
    ['+12025550123', 'US', false],
    ['+19005551234', 'US', true],
    ['+448712345678', 'GB', true],
    ['+447700900123', 'GB', false],
    ['+2522123456', 'SO', false],
    ['+979123456789', '+979', true],
    ['+881612345678', '+881', false],
    ['+870773111632', '+870', false],
    ['+999123456', '+', false],
  ])('%s is in %s, premium: %s', (number, country, isPremium) => {
    expect(placeOf(e164(number))).toEqual({ country, isPremium });
  });
});

describe('the day and the night of an account', () => {
  it.each([
    [{ timeZone: 'America/New_York', homeCountries: ['BE'] }, 'America/New_York'],
    [{ timeZone: null, homeCountries: ['BE', 'LU'] }, 'Europe/Brussels'],
    [{ timeZone: null, homeCountries: ['+881'] }, 'UTC'],
    [{ timeZone: null, homeCountries: [] }, 'UTC'],
  ])('of %j are those of %s', (of, zone) => expect(timeZoneOf(of)).toBe(zone));

  it.each([
    [Date.UTC(2026, 0, 15, 22, 59), 'Europe/Brussels', 20260115, true],
    [Date.UTC(2026, 0, 15, 23, 0), 'Europe/Brussels', 20260116, true],
    [Date.UTC(2026, 0, 16, 5, 0), 'Europe/Brussels', 20260116, false],
    [Date.UTC(2026, 0, 16, 4, 59), 'Europe/Brussels', 20260116, true],
    [Date.UTC(2026, 6, 1, 20, 0), 'Europe/Brussels', 20260701, true],
    [Date.UTC(2026, 0, 16, 4, 0), 'America/New_York', 20260115, true],
    [Date.UTC(2026, 0, 15, 12, 0), 'UTC', 20260115, false],
  ])('at %d in %s: %d, night: %s', (atMs, zone, day, night) => {
    expect([dayNumber(atMs, zone), isNight(atMs, zone)]).toEqual([day, night]);
  });
});

describe('synthetic legal traffic (seed 7)', () => {
  it('is hit by the caps in at most one call of a thousand', () => {
    const calls = 20_000;
    const hits = hitsOfLegalCalls({
      seed: 7,
      calls,
      caps,
      zone: 'Europe/Brussels',
      rules: { judgeCall, dayNumber, isNight },
    });
    const refused = Object.values(hits).reduce((sum, count) => sum + count, 0);
    expect(refused / calls).toBeLessThanOrEqual(0.001);
  });

  it('would be hit by caps without any room, so the measure measures', () => {
    const hits = hitsOfLegalCalls({
      seed: 7,
      calls: 5_000,
      caps: { ...caps, shortCallsPerTenMinutes: 1, maxDayCostMicros: 100_000n, nightCallsPerHour: 0 },
      zone: 'Europe/Brussels',
      rules: { judgeCall, dayNumber, isNight },
    });
    expect(Object.keys(hits).toSorted()).toEqual(['day-cost', 'night-calls', 'short-calls']);
  });
});
