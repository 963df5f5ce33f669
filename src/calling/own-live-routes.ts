import { z } from 'zod';
import { readRunningCharges, type RunningCharges } from '../billing/credit/running-charges';
import { chargedSeconds } from '../cdr/cdr';
import { EventStreams } from '../http/event-stream';
import { moneyJson, OWN_ACCOUNT, type Route, route } from '../http/route';
import type { Clock } from '../kernel/clock';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import type { LiveCall, LiveCalls } from './live-calls';

/** How often the money is looked at while somebody watches: what a call holds and what was paid in changes at other nodes too. */
const LOOK_MS = 500;
/** Streams of customers open at once at this node. */
const MAX_STREAMS = 2_000;

type Parts = {
  readonly database: Database;
  readonly liveCalls: LiveCalls;
  readonly clock: Clock;
  readonly log: Log;
};

/** What one account sees of itself while it is on the telephone: its money, its calls and what each costs up to now. */
export function ownLiveRoutes(parts: Parts): readonly Route[] {
  const streams = new EventStreams(parts.clock, MAX_STREAMS);
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/live',
      summary: 'Balance, holds and running calls with their price, as server-sent events',
      scope: 'ledger:read',
      own: OWN_ACCOUNT,
      params: z.object({ accountId: z.string().max(36) }),
      answer: {
        kind: 'stream',
        contentType: 'text/event-stream',
        about:
          'Event "state" at once and after every change, less than a second later: balance, held, creditLimit, available, and calls with price per minute and the charge if they ended now',
      },
      handle: async ({ params: { accountId } }, raw) => {
        // What does not exist is told before the stream begins.
        const first = stateOf(parts, accountId, await readRunningCharges(parts.database.read, accountId));
        streams.serve(raw, (send) => watch(parts, accountId, first, send));
      },
    }),
  ];
}

/** Sends the state whenever it differs from what was sent last; gives how to stop. */
function watch(
  parts: Parts,
  accountId: string,
  first: object,
  send: (event: string, data: unknown) => void,
): () => void {
  const { database, liveCalls, clock, log } = parts;
  let sent = '';
  const tell = (state: object) => {
    const text = JSON.stringify(state);
    if (text === sent) return;
    sent = text;
    send('state', { ...state, atMs: clock.nowMs() });
  };
  tell(first);
  let looking = false;
  let changedMeanwhile = false;
  const look = async () => {
    changedMeanwhile = looking;
    if (looking) return;
    looking = true;
    try {
      tell(stateOf(parts, accountId, await readRunningCharges(database.read, accountId)));
    } catch (error) {
      log.warn('an account’s live state was not read', { accountId, error });
    } finally {
      looking = false;
    }
    if (changedMeanwhile) await look();
  };
  const ticking = clock.every(LOOK_MS, () => void look());
  const stop = liveCalls.watch(({ call }) => {
    if (call.accountId === accountId) void look();
  });
  return () => {
    ticking.cancel();
    stop();
  };
}

/** The account's legs: those it takes part in, and those it pays for. */
function stateOf({ liveCalls, clock }: Parts, accountId: string, running: RunningCharges) {
  const charges = new Map(running.charges.map((charge) => [charge.callId, charge]));
  const here = new Map(liveCalls.list().map((call) => [call.callId, call]));
  const own = [...here.values()].filter((call) => call.accountId === accountId || charges.has(call.callId));
  const elsewhere = running.charges.filter(({ callId }) => !here.has(callId));
  const priced = (callId: string, call: LiveCall | undefined) => {
    const charge = charges.get(callId);
    if (!charge)
      return { held: null, pricePerMinute: null, connectFee: null, increments: null, charge: null };
    const chargedFromMs = call?.enteredAtMs ?? null;
    const talkSeconds = chargedSeconds({ chargedFromMs, endedAtMs: clock.nowMs() });
    return {
      held: moneyJson(charge.held),
      pricePerMinute: moneyJson(charge.pricePerMinute),
      connectFee: moneyJson(charge.connectFee),
      increments: charge.increments,
      charge: chargedFromMs === null ? null : moneyJson(charge.chargeAfter(talkSeconds)),
    };
  };
  return {
    balance: moneyJson(running.balance),
    held: moneyJson(running.held),
    creditLimit: moneyJson(running.creditLimit),
    available: moneyJson(running.available),
    calls: [
      ...own.map((call) => ({
        callId: call.callId,
        direction: call.direction,
        fromNumber: call.isWithheld ? null : call.fromNumber,
        dialledNumber: call.dialledNumber,
        phase: call.phase,
        roomId: call.roomId,
        startedAtMs: call.startedAtMs,
        enteredAtMs: call.enteredAtMs,
        paidSeconds: call.paidSeconds,
        ...priced(call.callId, call),
      })),
      ...elsewhere.map(({ callId, number, openedAtMs }) => ({
        callId,
        direction: null,
        fromNumber: null,
        dialledNumber: number,
        phase: null,
        roomId: null,
        startedAtMs: openedAtMs,
        enteredAtMs: null,
        paidSeconds: null,
        ...priced(callId, undefined),
      })),
    ],
  };
}
