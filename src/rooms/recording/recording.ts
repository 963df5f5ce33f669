import { AppError, Conflict } from '../../kernel/app-error';
import type { RetentionClass } from './retention';

/** Bytes of one second of sound: PCMU, 8,000 samples a second (RFC 3551). */
export const AUDIO_BYTES_A_SECOND = 8_000;

export const RECORDING_STATES = ['recording', 'done', 'cut-short', 'deleted'] as const;
/** How somebody in the room came to know that it is recorded. */
export const CONSENT_WAYS = ['announced-on-entry', 'announced-at-start'] as const;

/** A recording as the database knows it; the sound is in a file. */
export type Recording = {
  readonly id: string;
  readonly roomId: string;
  /** One run of the room, from its first member to its end. */
  readonly roomSessionId: string;
  /** The application node on whose disk the file is. */
  readonly nodeId: string;
  /** `cut-short`: ended by a crash or a fault; everything up to there can be heard. */
  readonly state: (typeof RECORDING_STATES)[number];
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** Sound in it, pauses left out. */
  readonly audioBytes: number;
  readonly fileBytes: number;
  /** SHA-256 in hex of the file as it is stored; null while recording. */
  readonly sha256: string | null;
  readonly keyId: string;
  readonly fileName: string;
  readonly retentionClass: RetentionClass;
  /** Null while recording. */
  readonly deleteAfterMs: number | null;
  /** Keeps it whatever its age, until it is lifted. */
  readonly legalHold: boolean;
  readonly deletedAtMs: number | null;
};

/** Somebody whose voice may be in a recording, by his leg's CDR. */
export type RecordingConsent = {
  readonly recordingId: string;
  readonly cdrId: string;
  readonly heardAtMs: number;
  readonly how: (typeof CONSENT_WAYS)[number];
  /** When he left, or the recording ended; null when nobody said. */
  readonly leftAtMs: number | null;
};

/** The file is not what was written: changed, cut, put together anew, or of another recording. */
export class RecordingDamaged extends AppError {
  readonly code = 'recording-damaged';
  constructor(problem: string, facts: { readonly chunk?: number } = {}) {
    super(`the recording is not as it was written: ${problem}`, { problem, ...facts });
  }
}

/** The key that the file was encrypted with is not among those we have. */
export class UnknownRecordingKey extends AppError {
  readonly code = 'recording-key-unknown';
  constructor(keyId: string) {
    super(`the recording was encrypted with the key ${keyId}; add it to RECORDING_OLD_KEYS`, { keyId });
  }
}

/** There is nothing to hear or delete (any more, or yet). */
export class RecordingUnavailable extends Conflict {}
