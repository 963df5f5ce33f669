'use strict';
// Synthetic legal calls from a fixed seed: what private people, small offices and call centres do, and none of it is fraud. Whoever refuses
// one of these calls hits an honest customer. It is synthetic: it shows that the caps leave room, not what real traffic looks like.
// Calls to countries that the account has not opened are not made: being asked to open one is no hit.

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Kinds of customers: how many of each in 100, calls a day, mean talk, part of calls that end within seconds, abroad, premium. */
const kinds = [
  {
    name: 'private',
    per100: 70,
    callsADay: 4,
    meanSeconds: 240,
    short: 0.1,
    abroad: 0.08,
    premium: 0.004,
    night: 0.06,
  },
  {
    name: 'office',
    per100: 26,
    callsADay: 40,
    meanSeconds: 150,
    short: 0.12,
    abroad: 0.1,
    premium: 0.001,
    night: 0.01,
  },
  {
    name: 'call centre',
    per100: 4,
    callsADay: 900,
    meanSeconds: 90,
    short: 0.18,
    abroad: 0.02,
    premium: 0,
    night: 0,
  },
];

/** Price a minute in micros and first block in seconds: at home, abroad, premium. */
const prices = { home: 20_000, abroad: 90_000, premium: 1_000_000 };
const firstBlockSeconds = 60;

/** A generator of numbers from 0 to below 1 that begins the same for one seed (mulberry32). */
function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** When in the day a call begins: by day, with a hump in the evening for people; a few at night. */
function timeOfDayMs(random, night) {
  if (random() < night) return (22 * hourMs + random() * 8 * hourMs) % dayMs;
  const hour = 8 + ((random() + random() + random()) / 3) * 13;
  return hour * hourMs;
}

/**
 * Makes calls account by account, each account's in the order of time, and gives each to `onCall`. A call: account, accountId, atMs, talkSeconds,
 * country, isPremium, number, pricePerMinuteMicros, firstBlockMicros, chargeMicros.
 */
function legalCalls({ seed, calls, onCall }) {
  const random = seededRandom(seed);
  let made = 0;
  for (let account = 0; made < calls; account++) {
    const kind = kindOf(random);
    const relatives = ['FR', 'MA', 'TR', 'IT', 'PL'].slice(0, 1 + Math.floor(random() * 4));
    const days = 7;
    const starts = [];
    for (let day = 0; day < days; day++) {
      const count = Math.round(kind.callsADay * (0.5 + random()));
      for (let n = 0; n < count; n++)
        starts.push(Date.UTC(2026, 0, 5 + day) + timeOfDayMs(random, kind.night));
    }
    for (const atMs of starts.toSorted((a, b) => a - b)) {
      if (made++ >= calls) return;
      onCall({
        account,
        kind: kind.name,
        atMs: Math.round(atMs),
        relatives,
        ...someCall(random, kind, relatives),
      });
    }
  }
}

function kindOf(random) {
  let left = random() * 100;
  for (const kind of kinds) {
    if (left < kind.per100) return kind;
    left -= kind.per100;
  }
  return kinds[0];
}

const living = (times, atMs, windowMs) => times.filter((ms) => ms > atMs - windowMs);

function someCall(random, kind, relatives) {
  const drawn = random();
  const isPremium = drawn < kind.premium;
  const isAbroad = !isPremium && drawn < kind.premium + kind.abroad;
  const country = isAbroad ? relatives[Math.floor(random() * relatives.length)] : 'BE';
  const price = isPremium ? prices.premium : isAbroad ? prices.abroad : prices.home;
  const talkSeconds =
    random() < kind.short
      ? 1 + Math.floor(random() * 10)
      : 10 + Math.floor(-Math.log(1 - random()) * kind.meanSeconds);
  const billed = Math.max(firstBlockSeconds, Math.ceil(talkSeconds / 60) * 60);
  return {
    talkSeconds,
    country,
    isPremium,
    // People call few premium numbers, and the same ones again.
    number: isPremium ? `premium-${Math.floor(random() * 3)}` : 'other',
    pricePerMinuteMicros: BigInt(price),
    firstBlockMicros: BigInt(price),
    chargeMicros: BigInt((price * billed) / 60),
  };
}

/**
 * Puts legal calls before the judge one after the other, with what the database would know at each: short calls of ten minutes, night calls
 * of an hour, premium numbers and money of a day. Gives how many were refused, by cap. The rules come in: `judgeCall`, `dayNumber`, `isNight`.
 */
function hitsOfLegalCalls({ seed, calls, caps, zone, rules }) {
  const hits = {};
  let known = { account: -1 };
  legalCalls({
    seed,
    calls,
    onCall: (call) => {
      if (call.account !== known.account)
        known = { account: call.account, short: [], night: [], premium: new Map(), day: 0, spent: 0n };
      const { atMs } = call;
      const day = rules.dayNumber(atMs, zone);
      if (day !== known.day) Object.assign(known, { day, spent: 0n });
      known.short = living(known.short, atMs, 10 * minuteMs);
      known.night = living(known.night, atMs, hourMs);
      for (const [number, ms] of known.premium) if (ms <= atMs - dayMs) known.premium.delete(number);
      const isNight = rules.isNight(atMs, zone);
      const verdict = rules.judgeCall(
        {
          place: { country: call.country, isPremium: call.isPremium },
          pricePerMinuteMicros: call.pricePerMinuteMicros,
          firstBlockMicros: call.firstBlockMicros,
          daySpentMicros: known.spent,
          isOpened: call.relatives.includes(call.country),
          otherPremiumNumbers: known.premium.size - (known.premium.has(call.number) ? 1 : 0),
          shortCalls: known.short.length,
          isNight,
          nightCalls: known.night.length,
        },
        caps,
      );
      if (!verdict.allowed) {
        hits[verdict.cap] = (hits[verdict.cap] ?? 0) + 1;
        return;
      }
      known.spent += call.chargeMicros;
      if (call.talkSeconds <= 10) known.short.push(atMs + call.talkSeconds * 1_000);
      if (isNight && (call.isPremium || call.country !== 'BE')) known.night.push(atMs);
      if (call.isPremium && !known.premium.has(call.number)) known.premium.set(call.number, atMs);
    },
  });
  return hits;
}

module.exports = { hitsOfLegalCalls, legalCalls, seededRandom };
