import type Srf from 'drachtio-srf';
import { NotFound } from '../../kernel/app-error';
import type { Timer } from '../../kernel/clock';
import type { E164 } from '../../kernel/phone-number';
import { callerIdNumber } from '../../numbers/access-numbers-store';
import { type ListEntry, MAX_LIST_ENTRIES } from '../../rooms/list/list-entry';
import { listEntries } from '../../rooms/list/list-store';
import { outwardTrunks } from '../../trunks/trunks-store';
import type { CallingParts } from '../calling-parts';
import type { RoomSession } from '../room-session/room-session';
import type { Actor } from '../room-session/session-state';
import { DialOutCall } from './dial-out-call';
import { type DialOutState, onDialOutEvent, openCallees } from './dial-out-plan';

/** How often it is looked whose turn it is. */
const TICK_MS = 500;

/** How one session's list is being called. */
type Campaign = {
  state: DialOutState;
  readonly session: RoomSession;
  readonly callerId: E164;
  readonly language: string;
  readonly calls: Set<DialOutCall>;
  readonly ticking: Timer;
};

/** Calls the lists of rooms: as many at once and as often as each room's rules say (dial-out-plan.ts), one campaign a session. */
export class DialOutList {
  readonly #campaigns = new Map<string, Campaign>();
  readonly #calls = new Set<DialOutCall>();
  #draining = false;

  constructor(
    private readonly srf: Srf,
    private readonly parts: () => CallingParts,
  ) {}

  /** Begins calling; who wished it is told how it went by prompts. Never throws. */
  begin(session: RoomSession, wish: { entryIds: readonly string[] | 'all'; by: Actor }): void {
    this.#begin(session, wish.entryIds)
      .then(
        (count) => session.answer(wish.by, count > 0 ? 'dial-out-begins' : 'dial-out-nobody'),
        (error: unknown) => {
          this.parts().log.warn('the list is not called', { roomId: session.room.id, error });
          session.answer(wish.by, 'dial-out-impossible');
        },
      )
      // A session that was begun to call somebody ends when nobody is called.
      .finally(() => {
        if (!this.#campaigns.has(session.id)) session.diallingOut(0);
      });
  }

  /** From now on nobody is called. */
  drain(): void {
    this.#draining = true;
  }

  endAll(result: 'draining' | 'failed'): void {
    for (const call of this.#calls) call.endNow(result);
  }

  /** Gives how many will be called. @throws NotFound when there is no trunk or number to call from */
  async #begin(session: RoomSession, entryIds: readonly string[] | 'all'): Promise<number> {
    const { database, clock } = this.parts();
    const nowMs = clock.nowMs();
    const page = { dialOutAtMs: nowMs, limit: MAX_LIST_ENTRIES };
    const listed = await listEntries(database.read, session.room.id, page);
    const chosen = entryIds === 'all' ? listed : listed.filter(({ id }) => entryIds.includes(id));
    const entries = chosen.filter(({ number }) => !session.isThere(number));
    if (entries.length === 0 || this.#draining) return 0;
    const campaign = this.#campaigns.get(session.id) ?? (await this.#open(session));
    campaign.state = onDialOutEvent(campaign.state, { type: 'wanted', entries, nowMs }).next;
    this.#tick(campaign);
    return entries.length;
  }

  async #open(session: RoomSession): Promise<Campaign> {
    const { database, clock } = this.parts();
    const { rules } = session.room;
    if ((await outwardTrunks(database.read)).length === 0)
      throw new NotFound('trunk with an outbound address', 'outbound');
    const own = rules.callerIdNumber ?? session.accessNumber;
    const from = await callerIdNumber(database.read, own);
    if (!from) throw new NotFound('access number to call from', own ?? 'any');
    const begunMeanwhile = this.#campaigns.get(session.id);
    if (begunMeanwhile) return begunMeanwhile;
    const campaign: Campaign = {
      session,
      callerId: from.number,
      language: rules.language ?? from.language,
      state: {
        rules: {
          parallel: rules.dialOutParallel,
          attempts: rules.dialOutAttempts,
          retryMs: rules.dialOutRetrySeconds * 1000,
        },
        callees: [],
      },
      calls: new Set(),
      ticking: clock.every(TICK_MS, () => this.#tick(campaign)),
    };
    this.#campaigns.set(session.id, campaign);
    return campaign;
  }

  #tick(campaign: Campaign): void {
    if (campaign.session.isEnding) for (const call of campaign.calls) call.roomEnded();
    if (this.#draining || campaign.session.isEnding)
      campaign.state = onDialOutEvent(campaign.state, { type: 'stopped' }).next;
    const { calling } = openCallees(campaign.state);
    const freeSeats = campaign.session.freeSeats - calling;
    const nowMs = this.parts().clock.nowMs();
    const { next, commands } = onDialOutEvent(campaign.state, { type: 'tick', freeSeats, nowMs });
    campaign.state = next;
    for (const { entry, attempt } of commands) void this.#call(campaign, entry, attempt);
    this.#tellSession(campaign);
  }

  async #call(campaign: Campaign, entry: ListEntry, attempt: number): Promise<void> {
    const { session, callerId } = campaign;
    const language = entry.language ?? campaign.language;
    const call = new DialOutCall(this.parts(), this.srf, {
      session,
      entry,
      attempt,
      callerId,
      language,
      onArrived: () => {
        campaign.state = onDialOutEvent(campaign.state, { type: 'arrived', entryId: entry.id }).next;
        this.#tellSession(campaign);
      },
    });
    this.#calls.add(call);
    campaign.calls.add(call);
    const result = await call.run().catch((error: unknown) => {
      this.parts().log.error('a call to the list was not begun', { roomId: session.room.id, error });
      return 'failed' as const;
    });
    this.#calls.delete(call);
    campaign.calls.delete(call);
    const nowMs = this.parts().clock.nowMs();
    campaign.state = onDialOutEvent(campaign.state, { type: 'ended', entryId: entry.id, result, nowMs }).next;
    this.#tellSession(campaign);
  }

  #tellSession(campaign: Campaign): void {
    const { calling, due } = openCallees(campaign.state);
    campaign.session.diallingOut(calling + due);
    if (calling + due > 0) return;
    campaign.ticking.cancel();
    this.#campaigns.delete(campaign.session.id);
  }
}
