import type { AccessNumber } from '../numbers/access-numbers-store';
import type { Caller } from './identify-caller';
import type { Offer } from './judge-offer';
import type { RefusalReason } from './refuse-call';
import { FIRST_PASS, type LoopVerdict, type Onward } from '../trunks/loop-guard';
import type { Destination } from './two-party/destination';

/** All that the decision about a call depends on. */
export type CallFacts = {
  /** Who calls; null for a stranger. */
  readonly caller: Caller | null;
  readonly destination: Destination;
  /** The number that a room is rated by and a menu is spoken for when it was not dialled itself; null when the house has none. */
  readonly houseNumber: AccessNumber | null;
  /** What the INVITE says of the caller's media. */
  readonly offer: Offer;
  /** Whether the call goes in circles, by where it has been. */
  readonly loop: LoopVerdict;
  /** Whether the caller asked for privacy that we cannot give, and rather not to be called through than without it. */
  readonly needsUnknownPrivacy: boolean;
  readonly draining: boolean;
  readonly liveCalls: number;
  readonly maxLiveCalls: number;
};

/** What is to be done with a call. */
export type CallPlan =
  | {
      readonly kind: 'menu';
      readonly caller: Caller;
      readonly accessNumber: AccessNumber;
      /** The room that the number belongs to: only its PIN is asked for; null asks for the Room ID too. */
      readonly roomId: string | null;
    }
  | {
      readonly kind: 'connect';
      readonly caller: Caller;
      readonly destination: Connectable;
      /** What its legs that go out say of where it has been. */
      readonly onward: Onward;
    }
  | { readonly kind: 'echo' | 'balance'; readonly caller: DeviceCaller }
  /** Into the guest's room; it is rated by the house's number. */
  | { readonly kind: 'guest'; readonly caller: GuestCaller; readonly houseNumber: AccessNumber }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason; readonly caller: Caller | null };

/** A destination at which somebody is rung. */
export type Connectable = Extract<Destination, { kind: 'user' | 'telephone' | 'emergency' }>;

export type DeviceCaller = Extract<Caller, { kind: 'device' }>;
export type GuestCaller = Extract<Caller, { kind: 'guest' }>;

/**
 * Decides a call, once and without doing anything. A stranger hears the same refusal whatever he asked for and in whatever state we are, so that
 * nothing can be learnt by asking. A call for help passes whatever the account owes, however full the house is, and while it closes.
 */
export function planCall(facts: CallFacts): CallPlan {
  const { caller, destination } = facts;
  const refuse = (reason: RefusalReason): CallPlan => ({ kind: 'refuse', reason, caller });
  if (!caller) return refuse('unknown-caller');
  const medium = mediumRefusal(facts);
  if (medium) return refuse(medium);
  if (destination.kind === 'emergency' && caller.kind === 'device')
    return { kind: 'connect', caller, destination, onward: onwardOf(facts) };
  const house = houseRefusal(facts);
  if (house) return refuse(house);
  switch (caller.kind) {
    case 'trunk':
      return fromTrunk(facts, caller, refuse);
    case 'device':
      return fromDevice(facts, caller, refuse);
    case 'guest':
      // Whatever he dials: he has a room and nothing else.
      return facts.houseNumber
        ? { kind: 'guest', caller, houseNumber: facts.houseNumber }
        : refuse('number-not-served');
  }
}

/** A call for help goes on wherever it has been. */
function onwardOf({ loop }: CallFacts): Onward {
  return loop.kind === 'pass' ? loop : FIRST_PASS;
}

function mediumRefusal({ offer }: CallFacts): RefusalReason | null {
  if (offer === 'none') return 'no-offer';
  return offer === 'foreign' ? 'no-codec' : null;
}

function houseRefusal(facts: CallFacts): RefusalReason | null {
  const { loop, destination } = facts;
  // A menu or a room is the end of the way (RFC 3261 16.3): only what goes further can come back.
  if (loop.kind === 'refuse' && (destination.kind === 'telephone' || destination.kind === 'user'))
    return loop.status === 483 ? 'too-many-hops' : 'loop';
  // RFC 3323 4.2: what is asked for with "critical" is given, or the call is not made.
  if (facts.needsUnknownPrivacy) return 'privacy-not-possible';
  if (facts.draining) return 'draining';
  return facts.liveCalls >= facts.maxLiveCalls ? 'too-many-calls' : null;
}

/** A carrier hands over calls for numbers of ours; he is carried nowhere else, and no number of the house's own is his to dial. */
function fromTrunk(
  facts: CallFacts,
  caller: Extract<Caller, { kind: 'trunk' }>,
  refuse: (reason: RefusalReason) => CallPlan,
): CallPlan {
  const { destination, houseNumber } = facts;
  switch (destination.kind) {
    case 'menu':
      return { kind: 'menu', caller, accessNumber: destination.accessNumber, roomId: null };
    case 'room':
      return menuOfRoom(caller, destination, houseNumber);
    case 'user':
      return destination.did
        ? { kind: 'connect', caller, destination, onward: onwardOf(facts) }
        : refuse('number-not-served');
    default:
      return refuse('number-not-served');
  }
}

/** A number of a room's own: the room is charged as for an access number, and spoken to in the house's language until it says another. */
function menuOfRoom(
  caller: Caller,
  destination: Extract<Destination, { kind: 'room' }>,
  houseNumber: AccessNumber | null,
): CallPlan {
  const accessNumber = {
    number: destination.did.number,
    language: houseNumber?.language ?? 'en',
    country: houseNumber?.country ?? 'US',
  };
  return { kind: 'menu', caller, accessNumber, roomId: destination.roomId };
}

function fromDevice(
  facts: CallFacts,
  caller: DeviceCaller,
  refuse: (reason: RefusalReason) => CallPlan,
): CallPlan {
  const { destination, houseNumber } = facts;
  const { state } = caller.account;
  if (state === 'suspended' || state === 'closed') return refuse('account-blocked');
  switch (destination.kind) {
    case 'menu':
      return { kind: 'menu', caller, accessNumber: destination.accessNumber, roomId: null };
    case 'room':
      return menuOfRoom(caller, destination, houseNumber);
    case 'feature':
      // What redial stands for was looked up with the facts; here it stands for nothing.
      if (destination.code === 'redial') return refuse('number-not-served');
      return feature(destination.code, caller, houseNumber, refuse);
    case 'user':
    case 'telephone':
      // A limited account is rung and can call for help; it calls nobody.
      return state === 'limited'
        ? refuse('account-blocked')
        : { kind: 'connect', caller, destination, onward: onwardOf(facts) };
    default:
      return refuse('number-not-served');
  }
}

function feature(
  code: Exclude<Extract<Destination, { kind: 'feature' }>['code'], 'redial'>,
  caller: DeviceCaller,
  houseNumber: AccessNumber | null,
  refuse: (reason: RefusalReason) => CallPlan,
): CallPlan {
  if (code !== 'menu') return { kind: code, caller };
  return houseNumber
    ? { kind: 'menu', caller, accessNumber: houseNumber, roomId: null }
    : refuse('number-not-served');
}
