import type Srf from 'drachtio-srf';
import type { OpenedLeg } from '../cdr/journal-records';
import { roomById } from '../rooms/rooms-store';
import type { CallingParts } from './calling-parts';
import { checkEnterable } from './find-entry';
import { InboundLeg, type Invite } from './inbound-leg';
import type { CallPlan } from './plan-call';
import { RoomVisit } from './room-session/room-visit';

/** A call of a guest, who typed Room ID and PIN in a page: whatever it dials, it enters his room by his right. */
export class GuestCall {
  readonly #inbound: InboundLeg;
  #visit: RoomVisit | null = null;

  constructor(
    private readonly parts: CallingParts,
    srf: Srf,
    private readonly plan: Extract<CallPlan, { kind: 'guest' }>,
    opened: OpenedLeg,
    invite: Invite,
  ) {
    this.#inbound = new InboundLeg(parts, srf, invite, opened, plan.houseNumber.language);
  }

  /** Runs the call to its end; never throws. */
  async run(): Promise<void> {
    await this.#inbound.run(() => this.#story());
  }

  /** Ends the call from our side: an operator's wish, or the service closing. */
  endNow(result: 'removed' | 'draining' | 'failed'): void {
    this.#inbound.call.endNow(result);
  }

  async #story(): Promise<void> {
    const { parts, plan } = this;
    const { guest } = plan.caller;
    const { call } = this.#inbound;
    try {
      const room = await roomById(parts.database.read, guest.roomId);
      await checkEnterable(parts, room);
      if (room.rules.language !== null) call.language = room.rules.language;
      await this.#inbound.openChannel();
      await this.#inbound.answer();
      await this.#inbound.confirmed();
      this.#visit = new RoomVisit(call, parts.liveRooms.open(room), {
        room,
        role: guest.role,
        name: guest.name,
        isExpected: false,
        ratedNumber: plan.houseNumber.number,
        identity: guestIdentity(guest),
      });
      this.#visit.arrive();
      await this.#visit.enterRoom();
      await call.whenEnded;
    } finally {
      this.#visit?.leave();
    }
  }
}

/** How a room knows a guest again: whoever was removed does not come back by the same login. */
export function guestIdentity({ id }: { readonly id: string }): string {
  return `guest:${id}`;
}
