import type { Clock } from '../../kernel/clock';
import type { Database } from '../../kernel/unit-of-work';
import { QUALITY_WINDOW_MS, qualityFromCdrs, type TrunkQuality } from '../../trunks/quality';
import { QUALITY_KEPT_MS } from './watch-limits';

/** How trunks' calls went in the last quarter of an hour, on all nodes; read anew when it is ten seconds old. */
export class TrunkQualities {
  #readAtMs = Number.NEGATIVE_INFINITY;
  #found: Promise<ReadonlyMap<string, TrunkQuality>> = Promise.resolve(new Map());

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** By trunk; a trunk without a call in that time is not in it. Many who ask at once share one reading. */
  async latest(): Promise<ReadonlyMap<string, TrunkQuality>> {
    const nowMs = this.clock.nowMs();
    if (nowMs - this.#readAtMs >= QUALITY_KEPT_MS || nowMs < this.#readAtMs) {
      this.#readAtMs = nowMs;
      this.#found = qualityFromCdrs(this.database.read, { fromMs: nowMs - QUALITY_WINDOW_MS, toMs: nowMs });
      // A reading that failed is not kept: the next asks again.
      this.#found.catch(() => {
        this.#readAtMs = Number.NEGATIVE_INFINITY;
      });
    }
    return this.#found;
  }
}
