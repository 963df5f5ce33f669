import type { Clock, Timer } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import type { Database } from '../../kernel/unit-of-work';
import { type OnPosted, postDueOf } from '../due-charges/due-charges';
import { accountsToJudge, liftWhatIsPaid } from './ladder';

/** How often is looked whether somebody who is limited or suspended has paid: they may call again within a second. */
const LOOK_EVERY_MS = 500;
const AT_ONCE = 100;

/** Lets accounts rise again as soon as they have paid, by whatever way the money came. Only accounts that are down are looked at. */
export class PaymentWatch {
  #timer: Timer | null = null;
  #looking: Promise<void> | null = null;

  constructor(
    private readonly parts: {
      readonly database: Database;
      readonly clock: Clock;
      readonly log: Log;
      readonly onPosted: OnPosted;
    },
  ) {}

  start(): void {
    this.#timer = this.parts.clock.every(LOOK_EVERY_MS, () => this.look());
  }

  /** Looks now, or lets a look that goes on do. */
  look(): void {
    this.#looking ??= this.#judge().finally(() => {
      this.#looking = null;
    });
  }

  async idle(): Promise<void> {
    await this.#looking;
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.idle();
  }

  async #judge(): Promise<void> {
    const { database, clock, log, onPosted } = this.parts;
    try {
      for (const accountId of await accountsToJudge(database.read, AT_ONCE)) {
        const nowMs = clock.nowMs();
        const level = await database.write((sql) => liftWhatIsPaid(sql, accountId, nowMs));
        await postDueOf(database, accountId, { nowMs, onPosted });
        log.info('an account in arrears was judged anew', { accountId, level });
      }
    } catch (error) {
      log.warn('payments of accounts in arrears were not looked at', { error });
    }
  }
}
