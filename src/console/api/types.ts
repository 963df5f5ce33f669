/** Shapes of the API's answers that several pages read. */

export type Money = { readonly amountMicros: string; readonly currency: string; readonly text: string };

export type Working = Readonly<Record<string, unknown>>;

export type Cdr = {
  readonly cdrId: string;
  readonly callId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly attempt: number;
  readonly fromNumber: string | null;
  readonly isWithheld: boolean;
  readonly callerIdentity: string | null;
  readonly dialledNumber: string;
  readonly routedNumber: string | null;
  readonly trunkId: string | null;
  readonly accountId: string | null;
  readonly deviceId: string | null;
  readonly costDeckId: string | null;
  readonly roomId: string | null;
  readonly roomSessionId: string | null;
  readonly roomRole: string | null;
  readonly payerAccountId: string | null;
  readonly startedAtMs: number;
  readonly ringingAtMs: number | null;
  readonly answeredAtMs: number | null;
  readonly waitedMs: number;
  readonly chargedFromMs: number | null;
  readonly endedAtMs: number;
  readonly result: string;
  readonly endedBy: string;
  readonly sipStatus: number | null;
  readonly hangupCause: string | null;
  readonly sipCallId: string;
  readonly quality: {
    readonly packetsReceived: number;
    readonly packetsLost: number;
    readonly jitterMs: number;
    readonly mos: number;
  } | null;
  readonly charge: Money | null;
  readonly heldCapped: boolean | null;
  readonly working: Working | null;
  readonly ledgerTransactionId: string | null;
  readonly cost: Money | null;
  readonly margin: Money | null;
  readonly costWorking: Working | null;
};

export type LiveCall = {
  readonly callId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly fromNumber: string | null;
  readonly isWithheld: boolean;
  readonly dialledNumber: string;
  readonly trunkId: string | null;
  readonly accountId: string | null;
  readonly phase: 'ringing' | 'menu' | 'waiting' | 'talking';
  readonly roomId: string | null;
  readonly roomRole: string | null;
  readonly startedAtMs: number;
  readonly enteredAtMs: number | null;
  readonly paidSeconds: number | null;
};

export type RoomMember = {
  readonly memberId: string;
  readonly number: number;
  readonly name: string | null;
  readonly role: string;
  readonly place: 'waiting' | 'lobby' | 'inside';
  readonly arrivedAtMs: number;
  readonly muted: 'self' | 'moderator' | null;
  readonly hasFloor: boolean;
  readonly isDeaf: boolean;
  readonly isTalking: boolean;
};

export type LiveRoom = {
  readonly roomId: string;
  readonly roomSessionId: string;
  readonly openedAtMs: number;
  readonly isLocked: boolean;
  readonly isAllMuted: boolean;
  readonly recording: 'off' | 'on' | 'paused';
  readonly recordingId: string | null;
  readonly broadcastListeners: number;
  readonly diallingOut: number;
  readonly members: readonly RoomMember[];
  readonly hands: readonly string[];
};

export type Account = {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly state: 'active' | 'limited' | 'suspended' | 'closed';
  readonly deckId: string | null;
  readonly country: string | null;
  readonly language: string | null;
  readonly createdAtMs: number;
};

export type Balance = {
  readonly balance: Money;
  readonly held: Money;
  readonly creditLimit: Money;
  readonly available: Money;
  readonly openHolds: readonly { readonly callId: string; readonly amount: Money }[];
};

export type Trunk = {
  readonly id: string;
  readonly name: string;
  readonly state: 'active' | 'disabled';
  readonly addresses: readonly string[];
  readonly country: string | null;
  readonly requiresTls: boolean;
  readonly trustsCallerId: boolean;
  readonly limits: Readonly<Record<string, number | null>>;
  readonly outward: {
    readonly targets: readonly { readonly host: string; readonly port: number | null }[];
    readonly transport: string;
    readonly srtp: string;
    readonly costDeckId: string | null;
    readonly weight: number;
    readonly allowPrefixes: readonly string[];
    readonly blockPrefixes: readonly string[];
    readonly numberForm: string;
  } | null;
};

export type Deck = {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly chargeDecimals: number;
  readonly currentVersion: number;
  readonly createdAtMs: number;
};
