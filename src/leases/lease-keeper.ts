import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import { CALL_LEASE_MS } from './lease';
import { forgetEndedLeases, releaseLeasesOfNode, renewLeases } from './renew-leases';

/** Three renewals a lease: two may fail before a living call loses its place. */
const RENEW_EVERY_MS = CALL_LEASE_MS / 3;
/** Starts per second leave a row each: they are cleared away more often than calls end. */
const FORGET_EVERY_MS = 5_000;
/** Rounds of one clearing; the rest waits for the next. */
const MAX_FORGET_ROUNDS = 40;

/** Keeps the leases of this node's living calls open and clears ended ones away. */
export class LeaseKeeper {
  #timers: Timer[] = [];
  #forgetting: Promise<void> | null = null;
  #renewing: Promise<void> | null = null;

  constructor(
    private readonly options: {
      readonly database: Database;
      readonly nodeId: string;
      /** Holders that live on this node now. */
      readonly liveHolderIds: () => readonly string[];
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  /** Frees what an earlier run of this node held, then keeps the leases of living calls. Call it before the first call. */
  async start(): Promise<void> {
    const { database, nodeId, clock } = this.options;
    await database.write((sql) => releaseLeasesOfNode(sql, nodeId));
    this.#timers = [
      clock.every(RENEW_EVERY_MS, () => {
        this.#renewing ??= this.#renew().finally(() => {
          this.#renewing = null;
        });
      }),
      clock.every(FORGET_EVERY_MS, () => {
        this.#forgetting ??= this.#forget().finally(() => {
          this.#forgetting = null;
        });
      }),
    ];
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    await Promise.all([this.#renewing, this.#forgetting]);
  }

  async #renew(): Promise<void> {
    const { database, nodeId, liveHolderIds, clock, log } = this.options;
    const renewal = { nodeId, holderIds: liveHolderIds(), nowMs: clock.nowMs(), leaseMs: CALL_LEASE_MS };
    await renewLeases(database, renewal).catch((error: unknown) =>
      log.error('leases could not be renewed', { error }),
    );
  }

  async #forget(): Promise<void> {
    const { database, clock, log } = this.options;
    try {
      for (let round = 0; round < MAX_FORGET_ROUNDS; round++)
        if ((await forgetEndedLeases(database, clock.nowMs())) === 0) return;
    } catch (error) {
      log.error('ended leases could not be cleared away', { error });
    }
  }
}
