import { AppError } from '../../kernel/app-error';

/** A page's Room ID and PIN open nothing; why, nobody is told. */
export class RoomNotOpened extends AppError {
  readonly code = 'room-not-opened';
  constructor() {
    super('Room ID or PIN is wrong, or too many were tried; look again, and wait a while', {});
  }
}

/** No guest holds this token any more. */
export class GuestUnknown extends AppError {
  readonly code = 'guest-unknown';
  constructor() {
    super('this guest is unknown or his time is over; open the room again by its PIN', {});
  }
}
