'use strict';
// Deck, numbers and calls of the rating benches: the same in every run, so that figures and checksums can be compared.

const PREFIXES = 200_000;
const CALLS = 200_000;
const SECOND_PRICES = 20_000;
const DESTINATIONS = 10_000;
const LONGEST_PREFIX = 10;
const DECK_START_MS = Date.UTC(2026, 0, 1);
const PRICE_CHANGE_MS = Date.UTC(2026, 5, 1);
const INCREMENTS = [
  [60, 60],
  [30, 6],
  [1, 1],
];

/** The time bands of the deck: nights go over midnight, weekends are whole days. */
const CALENDAR = {
  timeZone: 'Europe/Brussels',
  holidays: ['05-25', '06-01'],
  splitsCalls: false,
  bands: [
    {
      name: 'night',
      days: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'],
      from: '22:00',
      until: '06:00',
    },
    { name: 'weekend', days: ['saturday', 'sunday', 'holiday'], from: '00:00', until: '24:00' },
  ],
};

/** Mulberry32: 32 bits of state, the same numbers on every machine. */
function seededRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function makeDeck(random, version = 1) {
  const below = (limit) => Math.floor(random() * limit);
  const prefixes = new Set(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
  while (prefixes.size < PREFIXES) {
    const length = 2 + below(LONGEST_PREFIX - 1);
    let prefix = String(1 + below(9));
    while (prefix.length < length) prefix += String(below(10));
    prefixes.add(prefix);
  }
  const winter = Array.from({ length: DESTINATIONS }, (_, index) => terms(index, DECK_START_MS));
  const summer = Array.from({ length: DESTINATIONS }, (_, index) => terms(index, PRICE_CHANGE_MS));
  // A text put together by + is a tree until it is copied; prefixes out of a database are flat.
  const flat = [...prefixes].map((prefix) => Buffer.from(prefix, 'latin1').toString('latin1'));
  const rates = flat.map((prefix) => ({ ...winter[below(DESTINATIONS)], prefix }));
  for (let index = 0; index < SECOND_PRICES; index++)
    rates.push({ ...summer[below(DESTINATIONS)], prefix: flat[index * 10] });
  return rates.toSorted((left, right) =>
    left.prefix === right.prefix
      ? left.effectiveFromMs - right.effectiveFromMs
      : left.prefix < right.prefix
        ? -1
        : 1,
  );

  /** What all prefixes of one destination cost. */
  function terms(index, effectiveFromMs) {
    const [firstIncrementSeconds, nextIncrementSeconds] = INCREMENTS[index % INCREMENTS.length];
    return {
      deckId: 'bench',
      rateVersion: version,
      currency: 'EUR',
      prefix: '',
      destination: `destination ${index}`,
      effectiveFromMs,
      pricePerMinuteMicros: 1_000 + below(900_000),
      connectFeeMicros: index % 4 === 0 ? below(100_000) : 0,
      firstIncrementSeconds,
      nextIncrementSeconds,
      minimumSeconds: index % 8 === 0 ? 30 : 0,
      minimumChargeMicros: index % 16 === 0 ? 20_000 : 0,
      effectiveUntilMs: null,
      bandPrices: index % 3 === 0 ? { night: 1_000 + below(500_000), weekend: 1_000 + below(500_000) } : null,
      graceSeconds: index % 10 === 0 ? 3 : 0,
      maximumChargeMicros: index % 12 === 0 ? 3_000_000 : null,
      chargeDecimals: 6,
    };
  }
}

/** Calls to numbers behind the deck's prefixes; durations exponential with a mean of three minutes; half before the price change, at all hours. */
function makeCalls(random, deck) {
  return Array.from({ length: CALLS }, () => {
    let digits = deck[Math.floor(random() * deck.length)].prefix;
    while (digits.length < 12) digits += String(Math.floor(random() * 10));
    return {
      // Flat like a number off the wire.
      digits: Buffer.from(digits, 'latin1').toString('latin1'),
      talkSeconds: Math.ceil(-180 * Math.log(1 - random())),
      // Any hour of the days around the price change: calls do not come in the order of time.
      atMs: PRICE_CHANGE_MS + Math.floor((random() * 2 - 1) * 10 * 86_400_000),
    };
  });
}

/** The limit: a Map for each prefix length, asked from the longest on with a slice of the number. */
function naiveLookup(deck) {
  const byLength = Array.from({ length: LONGEST_PREFIX + 1 }, () => new Map());
  for (const rate of deck) byLength[rate.prefix.length].set(rate.prefix, rate);
  return (digits) => {
    for (let length = Math.min(LONGEST_PREFIX, digits.length); length > 0; length--) {
      const found = byLength[length].get(digits.slice(0, length));
      if (found !== undefined) return found;
    }
    return null;
  };
}

/** What the calls cost in all, worked out slowly in BigInt with nothing of the product: the checksum. */
function slowTotalMicros(deck, calls) {
  const byPrefix = new Map();
  for (const rate of deck) byPrefix.set(rate.prefix, [...(byPrefix.get(rate.prefix) ?? []), rate]);
  const find = ({ digits, atMs }) => {
    for (let length = LONGEST_PREFIX; length > 0; length--) {
      const rate = byPrefix.get(digits.slice(0, length))?.findLast((one) => one.effectiveFromMs <= atMs);
      if (rate) return rate;
    }
    return null;
  };
  let total = 0n;
  for (const call of calls) total += slowChargeMicros(find(call), BigInt(call.talkSeconds), call.atMs);
  return total;
}

/** The wall clock of the calendar's zone, asked of the machine's own tables. */
const wallClock = new Intl.DateTimeFormat('en-GB', {
  timeZone: CALENDAR.timeZone,
  weekday: 'long',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

function slowPriceMicros(rate, atMs) {
  if (rate.bandPrices === null) return rate.pricePerMinuteMicros;
  const wall = Object.fromEntries(wallClock.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const isHoliday = CALENDAR.holidays.includes(`${wall.month}-${wall.day}`);
  const day = isHoliday ? 'holiday' : wall.weekday.toLowerCase();
  const time = `${wall.hour}:${wall.minute}`;
  const band = CALENDAR.bands.find(
    ({ days, from, until }) =>
      days.includes(day) && (from < until ? time >= from && time < until : time >= from || time < until),
  );
  return rate.bandPrices[band?.name] ?? rate.pricePerMinuteMicros;
}

function slowChargeMicros(rate, talkSeconds, atMs) {
  if (talkSeconds <= BigInt(rate.graceSeconds)) return 0n;
  const least = BigInt(rate.minimumSeconds);
  const seconds = talkSeconds > least ? talkSeconds : least;
  const first = BigInt(rate.firstIncrementSeconds);
  const next = BigInt(rate.nextIncrementSeconds);
  const billed = seconds <= first ? first : first + ((seconds - first + next - 1n) / next) * next;
  const sixtieths = BigInt(rate.connectFeeMicros) * 60n + BigInt(slowPriceMicros(rate, atMs)) * billed;
  const charge = (sixtieths + 30n) / 60n;
  const minimum = BigInt(rate.minimumChargeMicros);
  const lifted = charge > minimum ? charge : minimum;
  const most = rate.maximumChargeMicros === null ? lifted : BigInt(rate.maximumChargeMicros);
  return lifted > most ? most : lifted;
}

/** Micros as a price in the file. */
function amount(micros) {
  return (micros / 1e6).toFixed(6);
}

/** The deck as the file an operator would import. */
function toCsv(deck) {
  const lines = deck.map((rate) =>
    [
      rate.prefix,
      rate.destination,
      amount(rate.pricePerMinuteMicros),
      amount(rate.connectFeeMicros),
      rate.firstIncrementSeconds,
      rate.nextIncrementSeconds,
      rate.minimumSeconds,
      new Date(rate.effectiveFromMs).toISOString().slice(0, 10),
      amount(rate.minimumChargeMicros),
      rate.maximumChargeMicros === null ? '' : amount(rate.maximumChargeMicros),
      rate.graceSeconds,
      ...CALENDAR.bands.map(({ name }) => (rate.bandPrices ? amount(rate.bandPrices[name]) : '')),
    ].join(','),
  );
  const header =
    'prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from,minimum_charge,maximum_charge,grace_seconds,price_per_minute:night,price_per_minute:weekend';
  return `${[header, ...lines].join('\n')}\n`;
}

/** How many items a second `pass` gets through when it is run again and again for so long; whole passes only. */
function itemsPerSecond(pass, count, forMs) {
  const startedAt = performance.now();
  let passes = 0;
  let took = 0;
  while (took < forMs) {
    pass();
    passes++;
    took = performance.now() - startedAt;
  }
  return (passes * count) / (took / 1_000);
}

module.exports = {
  CALENDAR,
  itemsPerSecond,
  seededRandom,
  makeDeck,
  makeCalls,
  naiveLookup,
  slowTotalMicros,
  toCsv,
};
