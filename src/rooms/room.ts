import { AppError } from '../kernel/app-error';
import type { RoomRules } from './room-rules';

/** A room as its owner knows it; the PINs exist only as hashes. */
export type Room = {
  readonly id: string;
  readonly ownerAccountId: string;
  readonly name: string;
  /** The secret Room ID that callers type: 6 to 9 digits. */
  readonly roomNumber: string;
  readonly maxSeats: number;
  readonly state: 'open' | 'closed';
  readonly createdAtMs: number;
  readonly rules: RoomRules;
};

/** What the owner is told once, when a room is made or rotated. */
export type RoomSecrets = {
  readonly roomNumber: string;
  readonly participantPin: string;
  readonly moderatorPin: string;
};

export const ROOM_NUMBER_FORM = /^\d{6,9}$/;
export const PIN_FORM = /^\d{4,12}$/;

/** The room exists but lets nobody in. */
export class RoomClosed extends AppError {
  readonly code = 'room-closed';
  constructor(roomId: string) {
    super('the room is closed', { roomId });
  }
}

/** The room has a schedule, and this is not its time. */
export class RoomNotYet extends AppError {
  readonly code = 'room-not-yet';
  constructor(roomId: string) {
    super('the room is not open now', { roomId });
  }
}
