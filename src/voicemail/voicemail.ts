import { AppError } from '../kernel/app-error';

/** A message that somebody left for an account. */
export type Voicemail = {
  readonly id: string;
  readonly accountId: string;
  /** The leg it was spoken on. */
  readonly cdrId: string;
  /** The node whose disk has the sound. */
  readonly nodeId: string;
  /** Null when the caller withheld his number, or had none. */
  readonly fromNumber: string | null;
  /** Whole seconds, begun ones counted. */
  readonly seconds: number;
  readonly soundFile: string;
  readonly leftAtMs: number;
  /** When it was mailed to its owner; null: not yet, or he wanted none. */
  readonly mailedAtMs: number | null;
  /** When its owner said that he heard it; null: it is new. */
  readonly heardAtMs: number | null;
};

/** Longest message. */
export const MAX_MESSAGE_SECONDS = 180;
/** What is shorter is no message: somebody hung up at the beep. */
export const LEAST_MESSAGE_SECONDS = 1;
/** Messages that an account may have; the next caller is not asked for one. */
export const MAX_MESSAGES = 500;
/** A message that was heard is kept this much longer, one that was not this long from when it was left. */
export const HEARD_KEPT_MS = 30 * 86_400_000;
export const UNHEARD_KEPT_MS = 90 * 86_400_000;

/** The sound lies on another node's disk. */
export class VoicemailElsewhere extends AppError {
  readonly code = 'conflict';
  constructor(nodeId: string) {
    super(`the message lies on node ${nodeId}; ask there`, { nodeId });
  }
}
