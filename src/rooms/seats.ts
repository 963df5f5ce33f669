import { type Room, RoomFull } from './room';

/** Who sits where. A seat is taken in one step, so fifty callers at once get exactly as many seats as there are. */
export class Seats {
  readonly #taken = new Map<string, Set<string>>();

  /** @throws RoomFull */
  take(room: Pick<Room, 'id' | 'maxSeats'>, callId: string): void {
    const seats = this.#taken.get(room.id) ?? new Set();
    if (!seats.has(callId) && seats.size >= room.maxSeats) throw new RoomFull(room.id, room.maxSeats);
    this.#taken.set(room.id, seats.add(callId));
  }

  /** Frees a caller's seat; does nothing when there is none. */
  free(roomId: string, callId: string): void {
    const seats = this.#taken.get(roomId);
    seats?.delete(callId);
    if (seats?.size === 0) this.#taken.delete(roomId);
  }

  takenIn(roomId: string): number {
    return this.#taken.get(roomId)?.size ?? 0;
  }
}
