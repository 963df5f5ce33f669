import { InvalidInput } from '../kernel/app-error';
import { isRole, type Role } from '../http/roles';
import { isMailbox } from '../mail/mail';

export const PERSON_STATES = ['active', 'blocked'] as const;
export type PersonState = (typeof PERSON_STATES)[number];

/** Roles that people of the house have; everybody else is a customer. */
export const STAFF_ROLES = [
  'admin',
  'support',
  'finance',
  'moderator',
  'network',
] as const satisfies readonly Role[];
export type StaffRole = (typeof STAFF_ROLES)[number];

/** Somebody who signs in. A customer has an account, which pays; staff has none. */
export type Person = {
  readonly id: string;
  readonly name: string;
  /** In small letters; nobody else has it. */
  readonly mail: string;
  readonly mailVerified: boolean;
  readonly phone: string | null;
  readonly phoneVerified: boolean;
  readonly language: string | null;
  readonly country: string | null;
  readonly role: Role;
  readonly accountId: string | null;
  readonly state: PersonState;
  readonly createdAtMs: number;
};

const LONGEST_MAIL = 254;

export function isStaff(role: Role): role is StaffRole {
  return STAFF_ROLES.some((one) => one === role);
}

/** A role as it is stored. @throws TypeError for one we do not have */
export function roleOf(word: string): Role {
  if (!isRole(word)) throw new TypeError(`no role: ${word}`);
  return word;
}

/** A mail address as it is stored and looked for: two spellings of one mailbox are one person. @throws InvalidInput */
export function mailOf(typed: string): string {
  const mail = typed.normalize('NFKC').trim().toLowerCase();
  if (mail.length > LONGEST_MAIL || !isMailbox(mail))
    throw new InvalidInput('mail', 'is no mail address', 'write one, for example ada@example.org');
  return mail;
}
