/** One piece of work that follows from something stored; written in the same transaction as its cause. */
export type Job = {
  readonly id: string;
  readonly kind: string;
  /** What the work is about, so that one cause makes one job of a kind. */
  readonly uniqueKey: string;
  /** Plain JSON facts, written by the enqueuer and understood by the handler. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Tries begun, this one counted. */
  readonly attempt: number;
};

export type NewJob = {
  readonly kind: string;
  readonly uniqueKey: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Not before this moment. */
  readonly runAtMs: number;
  readonly nowMs: number;
};

/** Does the work of one kind. It may be run again after a crash, so doing it twice must change nothing. */
export type JobHandler = (job: Job) => Promise<void>;

/** Does the work of many jobs of one kind at once, all or none; when it fails each is tried alone by its JobHandler. */
export type JobsHandler = (jobs: readonly Job[]) => Promise<void>;
