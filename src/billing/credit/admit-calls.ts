import { AppError } from '../../kernel/app-error';
import { digitsOf } from '../../kernel/phone-number';
import type { Database, Sql } from '../../kernel/unit-of-work';
import { LockedPlaces } from '../../leases/locked-places';
import { type IncludedPart, partsText, secondsOf } from '../bundles/bundle';
import { holdSeconds, settleSeconds } from '../bundles/hold-seconds';
import { CapReached } from '../fraud-caps/caps-errors';
import { capAgainst, countedBeginnings, spendingOf } from '../fraud-caps/outward-call';
import { type Hold, insertHolds, lockHolds } from '../ledger/holds';
import { DaySpent } from '../ledger/ledger-errors';
import { LockedCredit } from '../ledger/locked-credit';
import { findRates } from '../rating/find-rate';
import { type Rate, rateText } from '../rating/rate';
import {
  billedSecondsOf,
  dearestPerMinuteMicros,
  firstChargedSeconds,
  isTimeFree,
  rateCall,
} from '../rating/rate-call';
import { AccountBlocked, HoldNotOpen, NoRate } from './credit-errors';
import type { CreditWanted } from './credit-wanted';
import { type Payer, readPayers, statesThatPay } from './payer';

/** The hold that lets a leg begin, or why it may not. */
export type Admission = Hold | AppError;

/** A leg whose account and caps let it begin, and its price. */
type Candidate = { readonly call: CreditWanted; readonly payer: Payer; readonly rate: Rate };

/**
 * Decides which of some legs may begin, in their order: state, caps, price, places among the calls at once, then connect fee and first
 * block held; for each all or nothing. All of them in one unit of work, with a few statements for all: that is what lets a node begin
 * hundreds of calls a second. Every leg once.
 * `unit` runs that unit of work, for whoever wants it taken back.
 */
export async function admitCalls(
  database: Database,
  calls: readonly CreditWanted[],
  unit: Database['write'] = (work) => database.write(work),
): Promise<readonly Admission[]> {
  const looked = await lookAt(database, calls);
  const candidates = looked.filter((one): one is Candidate => !(one instanceof AppError));
  const decided =
    candidates.length === 0 ? new Map<string, Admission>() : await unit((sql) => holdAll(sql, candidates));
  return looked.map((one) => (one instanceof AppError ? one : (decided.get(one.call.callId) as Admission)));
}

async function lookAt(
  database: Database,
  calls: readonly CreditWanted[],
): Promise<readonly (Candidate | AppError)[]> {
  const payers = await readPayers(database.read, calls);
  const decks = calls.map(({ deckId }, n) => {
    const payer = payers[n];
    return deckId ?? (payer instanceof AppError ? null : (payer?.deckId ?? null));
  });
  const sought = calls.flatMap(({ number, startedAtMs, callId }, n) => {
    const deckId = decks[n];
    return deckId ? [{ deckId, number, atMs: startedAtMs, callId }] : [];
  });
  const found = await findRates(database, sought);
  const rates = new Map(sought.map(({ callId }, n) => [callId, found[n] ?? null]));
  return calls.map((call, n) => {
    const payer = payers[n] as Payer | AppError;
    if (payer instanceof AppError) return payer;
    return candidate(call, payer, { rate: rates.get(call.callId) ?? null, deckId: decks[n] ?? null });
  });
}

function candidate(
  call: CreditWanted,
  payer: Payer,
  { rate, deckId }: { readonly rate: Rate | null; readonly deckId: string | null },
): Candidate | AppError {
  if (!statesThatPay(call.direction).includes(payer.state))
    return new AccountBlocked(payer.accountId, payer.state);
  if (rate?.currency !== payer.currency) return new NoRate(payer.accountId, deckId, call.startedAtMs);
  const capped =
    payer.outward &&
    capAgainst(payer.accountId, payer.outward, {
      pricePerMinuteMicros: BigInt(dearestPerMinuteMicros(rate)),
      firstBlockMicros: rateCall(rate, firstChargedSeconds(rate)).charge.amountMicros,
    });
  return capped ?? { call, payer, rate };
}

/** Everything is locked in one order: scopes, holds, bundles, accounts. What is refused gives back what it had taken. */
async function holdAll(sql: Sql, candidates: readonly Candidate[]): Promise<Map<string, Admission>> {
  const decided = new Map<string, Admission>();
  const nowMs = Math.min(...candidates.map(({ call }) => call.nowMs));
  const places = await LockedPlaces.lock(sql, candidates.flatMap(claimsOf), nowMs);
  const existing = await lockHolds(
    sql,
    candidates.map(({ call }) => call.callId),
  );
  const begun: Begun[] = [];
  for (const one of candidates) {
    const before = existing.get(one.call.callId);
    if (before) decided.set(one.call.callId, againFor(one, before));
    else begun.push({ ...one, parts: await firstSecondsOf(sql, one) });
  }
  const credit = await LockedCredit.lock(
    sql,
    begun.map(({ payer }) => payer.accountId),
  );
  const holds: Hold[] = [];
  for (const one of begun) {
    const hold = firstHold(one);
    const refused = takePlaces(places, one) ?? takeMoney(credit, one, hold, places);
    if (refused) await settleSeconds(sql, { held: one.parts, used: [] });
    else holds.push(hold);
    decided.set(one.call.callId, refused ?? hold);
  }
  await places.store(sql);
  await credit.store(sql);
  await insertHolds(sql, holds);
  return decided;
}

/** A candidate with the seconds of bundles that its first block can have. */
type Begun = Candidate & { readonly parts: readonly IncludedPart[] };

function claimsOf({ call, payer }: Candidate) {
  const counted = payer.outward
    ? countedBeginnings(payer.outward, { ...call, accountId: payer.accountId })
    : [];
  return [...payer.places, ...counted.map(({ claim }) => claim)];
}

/** The second time for one leg it is given what is there. */
function againFor({ payer, call }: Candidate, before: Hold): Admission {
  if (before.accountId !== payer.accountId || before.state !== 'open')
    return new HoldNotOpen(
      call.callId,
      before.accountId === payer.accountId ? before.state : 'another account’s',
    );
  return before;
}

function takePlaces(places: LockedPlaces, { call, payer }: Candidate): AppError | null {
  const full = places.take(payer.places);
  if (full) return full;
  const counted = payer.outward
    ? countedBeginnings(payer.outward, { ...call, accountId: payer.accountId })
    : [];
  for (const [n, { cap, claim }] of counted.entries())
    if (places.take([claim])) {
      places.giveBack([...payer.places, ...counted.slice(0, n).map((one) => one.claim)]);
      return new CapReached(payer.accountId, cap);
    }
  return null;
}

function firstSecondsOf(sql: Sql, { call, payer, rate }: Candidate): Promise<readonly IncludedPart[]> {
  if (!payer.hasBundles || isTimeFree(rate)) return Promise.resolve([]);
  return holdSeconds(sql, {
    accountId: payer.accountId,
    digits: digitsOf(call.number),
    seconds: billedSecondsOf(rate, firstChargedSeconds(rate)),
    nowMs: call.nowMs,
  });
}

function firstHold({ call, payer, rate, parts }: Begun): Hold {
  const amount = rateCall(rate, firstChargedSeconds(rate), secondsOf(parts)).charge;
  const spending = payer.outward && spendingOf(payer.outward.caps, call.nowMs);
  return {
    callId: call.callId,
    accountId: payer.accountId,
    amount,
    state: 'open',
    rate: rateText(rate),
    direction: call.direction,
    kind: call.kind,
    number: call.number,
    included: partsText(parts),
    ofDay: spending && { day: spending.day, heldMicros: amount.amountMicros },
    openedAtMs: call.nowMs,
    changedAtMs: call.nowMs,
  };
}

/** Who is refused here gives his places back. */
function takeMoney(credit: LockedCredit, one: Begun, hold: Hold, places: LockedPlaces): AppError | null {
  const { call, payer } = one;
  const refused = credit.take(call.callId, {
    accountId: payer.accountId,
    amount: hold.amount,
    spending: payer.outward && spendingOf(payer.outward.caps, call.nowMs),
  });
  if (refused) places.giveBack(claimsOf(one));
  return refused instanceof DaySpent ? new CapReached(payer.accountId, 'day-cost') : refused;
}
