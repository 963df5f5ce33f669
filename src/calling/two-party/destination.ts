import type { E164 } from '../../kernel/phone-number';
import type { Sql } from '../../kernel/unit-of-work';
import type { AccessNumber } from '../../numbers/access-numbers-store';
import type { AssignedDid } from '../../numbers/did';
import { findDid } from '../../numbers/dids-store';
import { type FeatureCode, understandDialled } from '../../numbers/understand-dialled';
import { findVoipNumber } from '../../numbers/voip-numbers-store';

/** What a dialled string leads to. `did` is the number of ours that it came in by; null for one dialled among ourselves. */
export type Destination =
  | { readonly kind: 'menu'; readonly accessNumber: AccessNumber; readonly did: AssignedDid }
  | { readonly kind: 'room'; readonly roomId: string; readonly did: AssignedDid }
  | {
      readonly kind: 'user';
      readonly accountId: string;
      /** The number he was called by. */
      readonly number: string;
      readonly did: AssignedDid | null;
    }
  | { readonly kind: 'feature'; readonly code: FeatureCode }
  | { readonly kind: 'emergency'; readonly number: string; readonly country: string | null }
  | { readonly kind: 'telephone'; readonly number: E164 }
  /** A 123-voip number that is nobody's now, or a string that means nothing. */
  | { readonly kind: 'nobody'; readonly number: string | null };

/**
 * What a string leads to when it is dialled from `country` (ISO 3166-1 alpha-2; null for a carrier, who sends whole numbers). Numbers of ours are
 * found before any trunk is thought of, so that calls among ourselves stay in the house.
 */
export async function findDestination(
  sql: Sql,
  { dialled, country }: { readonly dialled: string; readonly country: string | null },
): Promise<Destination> {
  const understood = understandDialled(dialled, { country });
  switch (understood.kind) {
    case 'unknown':
      return { kind: 'nobody', number: null };
    case 'feature':
    case 'emergency':
      return understood;
    case 'voip-number': {
      const held = await findVoipNumber(sql, understood.number);
      return held?.accountId
        ? { kind: 'user', accountId: held.accountId, number: understood.number, did: null }
        : { kind: 'nobody', number: understood.number };
    }
    case 'telephone': {
      const did = await findDid(sql, understood.number);
      return did ? behindDid(did) : { kind: 'telephone', number: understood.number };
    }
  }
}

function behindDid(did: AssignedDid): Destination {
  const { target, number } = did;
  switch (target.kind) {
    case 'menu':
      return {
        kind: 'menu',
        accessNumber: { number, language: target.language, country: target.country },
        did,
      };
    case 'room':
      return { kind: 'room', roomId: target.roomId, did };
    case 'user':
    case 'host-line':
      return { kind: 'user', accountId: target.accountId, number, did };
  }
}

/** The telephone number or 123-voip number that a destination is, for the record; null when it is neither. */
export function routedNumber(destination: Destination): string | null {
  switch (destination.kind) {
    case 'menu':
    case 'room':
      return destination.did.number;
    case 'feature':
      return null;
    default:
      return destination.number;
  }
}
