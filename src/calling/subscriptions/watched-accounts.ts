import type { Sql } from '../../kernel/unit-of-work';
import { registeredAccounts } from '../../phones/registrations-store';
import { countVoicemails } from '../../voicemail/voicemails-store';
import type { LiveCalls } from '../live-calls';
import { talkOf, type WatchedState } from './event-packages';

/** Accounts that one statement asks about. */
const ASKED_AT_ONCE = 500;

/** What is known of these accounts now. Calls are those of this node; messages and registrations those of all. */
export async function readWatched(
  { sql, liveCalls }: { readonly sql: Sql; readonly liveCalls: LiveCalls },
  accountIds: readonly string[],
  nowMs: number,
): Promise<ReadonlyMap<string, WatchedState>> {
  const states = new Map<string, WatchedState>();
  const live = liveCalls.list();
  for (let from = 0; from < accountIds.length; from += ASKED_AT_ONCE) {
    const asked = accountIds.slice(from, from + ASKED_AT_ONCE);
    const [counts, registered] = await Promise.all([
      countVoicemails(sql, asked),
      registeredAccounts(sql, asked, nowMs),
    ]);
    for (const accountId of asked) {
      const { fresh, heard } = counts.get(accountId) ?? { fresh: 0, heard: 0 };
      // A leg without a telephone is one that the account pays and does not talk on: a forwarded call.
      const talks = live.filter((call) => call.accountId === accountId && call.deviceId !== null).map(talkOf);
      states.set(accountId, { fresh, heard, isRegistered: registered.has(accountId), talks });
    }
  }
  return states;
}
