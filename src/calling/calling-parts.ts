import type { CreditGrant } from '../billing/credit/credit-grant';
import type { CreditWanted } from '../billing/credit/credit-wanted';
import type { JournalKeeper } from '../cdr/journal-keeper';
import type { Clock } from '../kernel/clock';
import type { Log } from '../kernel/log';
import type { Money } from '../kernel/money';
import type { Database } from '../kernel/unit-of-work';
import type { OtherCaller } from './identify-caller';
import type { TrunkKey } from '../trunks/trunk-secrets';
import type { TrunkKnowledge } from './two-party/find-route';
import type { MediaServers } from '../media/media-servers';
import type { CallerIdentity } from './caller-identity';
import type { LiveCalls } from './live-calls';
import type { Subscriptions } from './subscriptions/subscriptions';
import type { Overload } from './overload';
import type { LiveRooms } from './room-session/live-rooms';
import type { Conversations } from './two-party/conversation';
import type { Authenticator } from '../phones/authenticate';
import type { LeftMessage } from '../voicemail/keep-message';

/** What calls are made of; put together once in wiring. */
export type CallingParts = {
  readonly database: Database;
  readonly media: MediaServers;
  readonly keeper: JournalKeeper;
  readonly liveCalls: LiveCalls;
  readonly overload: Overload;
  readonly liveRooms: LiveRooms;
  readonly conversations: Conversations;
  readonly authenticator: Authenticator<OtherCaller>;
  readonly trunkKnowledge: TrunkKnowledge;
  readonly subscriptions: Subscriptions;
  readonly identity: CallerIdentity;
  /** What our passwords at carriers are sealed with. */
  readonly trunkKey: TrunkKey;
  readonly credit: CallCredit;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: CallingSettings;
  /** Credits a voucher to an account; false when its code is not good, or too many were tried. */
  readonly redeemVoucher: (wish: {
    readonly accountId: string;
    readonly code: string;
    /** The telephone that it is typed on; null when it withholds its number. */
    readonly callerNumber: string | null;
    readonly nowMs: number;
  }) => Promise<boolean>;
  /** Where messages of callers are kept. */
  readonly mailbox: Mailbox;
  /** Where a short-lived file lies that the media server writes and plays; `forgetSpoolFile` removes it. */
  readonly spoolFile: (name: string) => string;
  readonly forgetSpoolFile: (file: string) => void;
};

/** The part of voicemail that calls use. */
export type Mailbox = {
  /** Whether an account may have one more message. */
  hasRoom(accountId: string): Promise<boolean>;
  /** Keeps what was spoken into a file of the spool that `spoolName` named; false when it is no message. */
  keep(left: LeftMessage): Promise<boolean>;
};

export type CallingSettings = {
  readonly nodeId: string;
  readonly promptsDir: string;
  /** What is spoken to whom has chosen no language. */
  readonly houseLanguage: string;
  /** Whether trunks are asked by what they cost or by how their calls went. */
  readonly routeBy: 'cost' | 'quality';
  /** Share of the price that must be left on the first increment, in percent; null: any. */
  readonly leastMarginPercent: number | null;
  readonly maxLiveCalls: number;
  readonly creditAheadSeconds: number;
  readonly rtpTimeoutMs: number;
};

/** The part of billing/credit that calls use, with its database already given. */
export type CallCredit = {
  reserve(wanted: CreditWanted): Promise<CreditGrant>;
  /** What the ledger has of an account. @throws NotFound */
  balance(accountId: string): Promise<{ readonly balance: Money }>;
  extend(wanted: { callId: string; untilSeconds: number; nowMs: number }): Promise<CreditGrant>;
  /** Frees what a leg without talk holds, at once: before the next trunk is tried. True when there was something to free. */
  release(wanted: { callId: string; nowMs: number }): Promise<boolean>;
};
