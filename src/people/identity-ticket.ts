import { seal, unseal } from '../kernel/seal';
import { LinkNotGood } from './one-time-links';

/** How long somebody may take to sign in, or to write what signing up needs. */
const TICKET_MS = 3_600_000;
const CONTEXT = 'identity-ticket';

/** An identity that a provider has vouched for and that is linked to nobody yet, with its verified mail address. */
export type IdentityTicket = {
  readonly providerId: string;
  readonly fingerprint: string;
  readonly mail: string;
  /** The person with that mail address: he alone may have it linked; null: nobody has it, and it is for signing up. */
  readonly personId: string | null;
};

/** Seals an identity, so that the page that gets it can give it back and cannot change it. */
export function sealTicket(key: Buffer, ticket: IdentityTicket, nowMs: number): string {
  return seal(key, CONTEXT, JSON.stringify({ ...ticket, expiresAtMs: nowMs + TICKET_MS }));
}

/** @throws LinkNotGood for one that is not ours, or too old */
export function openTicket(key: Buffer, sealed: string, nowMs: number): IdentityTicket {
  const opened = unseal(key, CONTEXT, sealed);
  if (opened === null) throw new LinkNotGood();
  const { expiresAtMs, ...ticket } = JSON.parse(opened) as IdentityTicket & { expiresAtMs: number };
  if (expiresAtMs <= nowMs) throw new LinkNotGood();
  return ticket;
}
