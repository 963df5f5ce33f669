import { ask, type Wish } from '../api/client';
import type { PhoneLogin } from './softphone';

/** What a guest who has shown Room ID and PIN is given. */
export type Guest = PhoneLogin & {
  readonly guestToken: string;
  readonly role: string;
  readonly roomName?: string | null;
  readonly expiresAtMs: number;
};

export type GuestMember = {
  readonly memberId: string;
  readonly name: string | null;
  readonly role: string;
  readonly place: string;
  readonly muted: string | null;
  readonly isTalking: boolean;
  readonly isYou: boolean;
};

export type GuestRoom = {
  readonly members: readonly GuestMember[];
  readonly hands: readonly string[];
  readonly isLocked: boolean;
  readonly recording: string;
};

/** Asks in a guest's name. */
export function askAsGuest<T>(token: string, path: string, wish: Wish = {}): Promise<T> {
  return ask<T>(path, { ...wish, guestToken: token });
}
