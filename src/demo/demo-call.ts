import { type Balance, readBalance } from '../billing/ledger/ledger-accounts';
import { listEntries } from '../billing/ledger/list-entries';
import { verifyLedger } from '../billing/ledger/verify-ledger';
import { findCdrBySipCallId, type StoredCdr } from '../cdr/cdrs-store';
import { type Clock, sleep, within } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { money, showMoney } from '../kernel/money';
import type { Database } from '../kernel/unit-of-work';
import { type PhoneCall, TestPhone } from '../test-phone/test-phone';
import type { DemoSeed } from './seed-demo';

/** Tones that no prompt and no other phone makes. */
const TONES_HZ = [440, 1_000] as const;
/** What a tone must reach in the other's ear: half of what was sent; and what it must not reach in one's own. */
const HEARD_AMPLITUDE = 4_000;
const NOT_HEARD_AMPLITUDE = 400;
const TALK_MS = 4_000;
const MEASURED_SECONDS = 1;
const MENU_LIMIT_MS = 30_000;
const RATED_LIMIT_MS = 10_000;
const POLL_MS = 50;

/** What the two phones heard, what became of their calls, and whether the books are right. */
export type DemoReport = {
  readonly passed: boolean;
  readonly faults: readonly string[];
  readonly heard: readonly { phone: string; sentHz: number; otherAmplitude: number; ownAmplitude: number }[];
  readonly cdrs: readonly StoredCdr[];
  readonly ledger: readonly { note: string; amount: string }[];
  readonly balance: Balance;
};

/**
 * Makes one real call: two telephones dial the access number over SIP, type Room ID and PIN, hear each other's tone in the room and
 * hang up; then CDRs, charges and ledger are checked. `passed` is true only when all of it is right.
 */
export async function makeDemoCall(demo: {
  database: Database;
  seed: DemoSeed;
  sipHost: string;
  sipPort: number;
  rtpPortMin: number;
  clock: Clock;
  log: Log;
}): Promise<DemoReport> {
  const { clock, database, seed } = demo;
  const rtp = { rtpPortMin: demo.rtpPortMin, rtpPortMax: demo.rtpPortMin + 20 };
  const phone = await TestPhone.open({ host: '127.0.0.1', ...rtp, clock, log: demo.log });
  try {
    const first = await joinRoom(phone, demo, seed.moderatorPin, '+12025550111');
    const second = await joinRoom(phone, demo, seed.participantPin, '+12025550122');
    const calls = [first, second];
    for (const [index, call] of calls.entries()) call.sendTone(TONES_HZ[index] ?? 0);
    await sleep(clock, TALK_MS);
    const heard = calls.map((call, index) => measure(call, index));
    for (const call of calls) await call.hangUp();
    const cdrs = await Promise.all(calls.map((call) => ratedCdr(database, call.callId, clock)));
    return await report(database, seed, heard, cdrs);
  } finally {
    await phone.close();
  }
}

/** Dials and types like a person: each answer is begun when the question is heard. */
async function joinRoom(
  phone: TestPhone,
  demo: { seed: DemoSeed; sipHost: string; sipPort: number; clock: Clock },
  pin: string,
  from: string,
): Promise<PhoneCall> {
  const call = await phone.dial({
    to: demo.seed.accessNumber,
    from,
    sipHost: demo.sipHost,
    sipPort: demo.sipPort,
  });
  for (const typed of [demo.seed.roomNumber, pin]) {
    await within(demo.clock, MENU_LIMIT_MS, 'the menu’s question', call.hearing.whenSpoken());
    call.press(`${typed}#`);
    await within(demo.clock, MENU_LIMIT_MS, 'typing', call.whenTyped());
  }
  // "You are now entering the room", then the room itself.
  await within(demo.clock, MENU_LIMIT_MS, 'the way into the room', call.hearing.whenSpoken());
  await within(demo.clock, MENU_LIMIT_MS, 'the room', call.hearing.whenQuiet());
  return call;
}

function measure(call: PhoneCall, index: number): DemoReport['heard'][number] {
  const own = TONES_HZ[index] ?? 0;
  const other = TONES_HZ[1 - index] ?? 0;
  return {
    phone: index === 0 ? 'moderator' : 'speaker',
    sentHz: own,
    otherAmplitude: Math.round(call.hearing.toneAmplitude(other, MEASURED_SECONDS)),
    ownAmplitude: Math.round(call.hearing.toneAmplitude(own, MEASURED_SECONDS)),
  };
}

async function ratedCdr(database: Database, sipCallId: string, clock: Clock): Promise<StoredCdr> {
  const wait = async (): Promise<StoredCdr> => {
    for (;;) {
      const cdr = await findCdrBySipCallId(database.read, sipCallId);
      if (cdr?.rating) return cdr;
      await sleep(clock, POLL_MS);
    }
  };
  return within(clock, RATED_LIMIT_MS, 'rating the call', wait());
}

async function report(
  database: Database,
  seed: DemoSeed,
  heard: DemoReport['heard'],
  cdrs: readonly StoredCdr[],
): Promise<DemoReport> {
  const entries = await listEntries(database.read, { accountId: seed.accountId, limit: 10 });
  const balance = await readBalance(database.read, seed.accountId);
  const proof = await verifyLedger(database);
  const faults = [
    ...heard
      .filter(({ otherAmplitude }) => otherAmplitude < HEARD_AMPLITUDE)
      .map(({ phone }) => `the ${phone} did not hear the other`),
    ...heard
      .filter(({ ownAmplitude }) => ownAmplitude > NOT_HEARD_AMPLITUDE)
      .map(({ phone }) => `the ${phone} heard itself`),
    ...cdrs
      .filter(({ result }) => result !== 'completed')
      .map(({ cdrId, result }) => `CDR ${cdrId} says ${result}`),
    ...cdrs
      .filter(({ rating }) => !rating || rating.charge.amountMicros <= 0n)
      .map(({ cdrId }) => `CDR ${cdrId} cost nothing`),
    ...(balance.held.amountMicros === 0n ? [] : [`${showMoney(balance.held)} is still held`]),
    ...proof.faults.map((fault) => `ledger: ${fault.name} (${fault.subject})`),
    ...chargeFaults(cdrs, entries),
  ];
  return {
    passed: faults.length === 0,
    faults,
    heard,
    cdrs,
    ledger: entries.map((entry) => ({ note: entry.note, amount: showMoney(entry.amount) })),
    balance,
  };
}

/** Every CDR's charge must stand in the ledger, to the micro. */
function chargeFaults(
  cdrs: readonly StoredCdr[],
  entries: readonly { transactionId: string; amount: { amountMicros: bigint } }[],
): string[] {
  return cdrs.flatMap(({ cdrId, rating }) => {
    const entry = entries.find(({ transactionId }) => transactionId === rating?.ledgerTransactionId);
    return rating && entry?.amount.amountMicros === -rating.charge.amountMicros
      ? []
      : [
          `the charge of CDR ${cdrId} is not in the ledger as ${rating ? showMoney(money(-rating.charge.amountMicros, rating.charge.currency)) : 'rated'}`,
        ];
  });
}
