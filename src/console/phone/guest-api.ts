import { ask, type Wish } from '../api/client';
import type { LiveRoom } from '../api/types';
import type { PhoneLogin } from './softphone';

/** What a guest who has shown Room ID and PIN is given. */
export type Guest = PhoneLogin & {
  readonly guestToken: string;
  readonly role: string;
  readonly roomName: string;
  readonly expiresAtMs: number;
};

/** The room as its guest sees it; `memberId` is he himself, null while he is not in it, and `room` is null while nobody is. */
export type GuestRoom = {
  readonly memberId: string | null;
  readonly room: Pick<LiveRoom, 'members' | 'hands' | 'isLocked' | 'recording'> | null;
};

/** Asks in a guest's name. */
export function askAsGuest<T>(token: string, path: string, wish: Wish = {}): Promise<T> {
  return ask<T>(path, { ...wish, guestToken: token });
}
