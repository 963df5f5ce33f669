import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { type Database, text } from '../kernel/unit-of-work';
import { closeAnswered, openCase } from './cases-store';
import { CDR_COLUMNS, type StoredCdr, toStoredCdr } from './cdrs-store';
import { type Difference, type OurLeg, reconcile } from './reconcile';
import type { SwitchLeg } from './switch-leg';
import { listeningWindows, markJudged, switchLegsOf, unjudgedLegs } from './switch-legs-store';

/** How long after its end a leg is compared: both records are there by then. */
const SETTLE_MS = 5 * 60_000;
/** A leg of the switch waits twice as long for its CDR. */
const SETTLE_SWITCH_MS = 10 * 60_000;
const RUN_EVERY_MS = 60_000;
/** Legs that are compared at once. */
const BATCH = 500;
/** Batches of one run; the rest waits for the next. */
const MAX_BATCHES = 200;
/** How long after a leg's end the media server may take to tell of it. */
const TELL_LIMIT_MS = 10_000;

/** What one run did. */
export type Reconciled = {
  readonly compared: number;
  readonly opened: number;
  /** Legs without a switch leg that ended while the node did not hear the media server: nobody can say that they are missing. */
  readonly notJudged: number;
};

type Found = { readonly differences: readonly Difference[]; readonly notJudged: number };

/** Compares a node's CDRs with what its media server told, each leg once both had time to arrive; differences become cases. */
export class Reconciler {
  #timer: Timer | null = null;
  #running: Promise<unknown> | null = null;

  constructor(
    private readonly options: {
      readonly database: Database;
      readonly nodeId: string;
      readonly rtpTimeoutMs: number;
      /** Whether a leg is still going on or waits for the database. */
      readonly isPending: (cdrId: string) => boolean;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  start(): void {
    this.#timer = this.options.clock.every(RUN_EVERY_MS, () => {
      this.#running ??= this.run()
        .catch((error: unknown) => this.options.log.warn('legs were not reconciled', { error }))
        .finally(() => {
          this.#running = null;
        });
    });
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#running;
  }

  /** Compares everything that is due. */
  async run(): Promise<Reconciled> {
    const done = { compared: 0, opened: 0, notJudged: 0 };
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      const { cdrIds, opened, notJudged } = await this.#compareDue();
      done.compared += cdrIds.length;
      done.opened += opened;
      done.notJudged += notJudged;
      if (cdrIds.length < BATCH) break;
    }
    done.opened += await this.#judgeLeftOver();
    if (done.opened > 0) this.options.log.warn('our records and the media server’s differ', done);
    return done;
  }

  /** One batch of our legs that are due. */
  async #compareDue() {
    const { database, nodeId, clock } = this.options;
    const rows = await database.read.all(
      'SELECT cdr_id FROM cdrs_to_reconcile WHERE node_id = ? AND ended_at_ms <= ? ORDER BY ended_at_ms, cdr_id LIMIT ?',
      [nodeId, clock.nowMs() - SETTLE_MS, BATCH],
    );
    const cdrIds = rows.map((row) => text(row.cdr_id));
    const ours = await this.#cdrs(cdrIds);
    const { differences, notJudged } = await this.#compare(ours, await switchLegsOf(database.read, cdrIds));
    const opened = await this.#settle(cdrIds, differences, {
      kind: 'missing-in-ours',
      note: 'The CDR came later.',
    });
    return { cdrIds, opened, notJudged };
  }

  /** Legs of the switch whose CDR is not among those that wait: it came earlier, or it is missing. */
  async #judgeLeftOver(): Promise<number> {
    const { database, nodeId, clock, isPending } = this.options;
    let opened = 0;
    let after: SwitchLeg | null = null;
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      const legs: readonly SwitchLeg[] = await unjudgedLegs(database.read, {
        nodeId,
        beforeMs: clock.nowMs() - SETTLE_SWITCH_MS,
        after,
        limit: BATCH,
      });
      after = legs.at(-1) ?? null;
      if (!after) break;
      const cdrIds = [...new Set(legs.map(({ cdrId }) => cdrId))].filter((cdrId) => !isPending(cdrId));
      const waiting = await this.#waiting(cdrIds);
      const due = cdrIds.filter((cdrId) => !waiting.has(cdrId));
      const all = await switchLegsOf(database.read, due);
      const { differences } = await this.#compare(await this.#cdrs(due), all);
      opened += await this.#settle(due, differences, {
        kind: 'missing-in-switch',
        note: 'The media server told of it later.',
      });
    }
    return opened;
  }

  /** Differences without those that only come from our not having listened. */
  async #compare(ours: readonly StoredCdr[], switchLegs: readonly SwitchLeg[]): Promise<Found> {
    const all = reconcile(ours, switchLegs, this.options);
    const byId = new Map<string, OurLeg>(ours.map((leg) => [leg.cdrId, leg]));
    const differences: Difference[] = [];
    for (const difference of all) {
      const leg = byId.get(difference.cdrId);
      if (difference.kind !== 'missing-in-switch' || !leg || (await this.#listenedTo(leg)))
        differences.push(difference);
    }
    return { differences, notJudged: all.length - differences.length };
  }

  /** Whether the media server was heard without a break around a leg's end, on either side of what the two may call its end. */
  async #listenedTo(leg: OurLeg): Promise<boolean> {
    const { database, nodeId, rtpTimeoutMs } = this.options;
    const span = {
      fromMs: leg.endedAtMs - TELL_LIMIT_MS,
      untilMs: leg.endedAtMs + rtpTimeoutMs + TELL_LIMIT_MS,
    };
    const windows = await listeningWindows(database.read, nodeId, span);
    return windows.some(({ fromMs, untilMs }) => fromMs <= span.fromMs && untilMs >= span.untilMs);
  }

  /** Opens cases, closes those that have answered themselves, and marks the legs as judged, in one transaction. */
  async #settle(
    cdrIds: readonly string[],
    differences: readonly Difference[],
    answered: { readonly kind: 'missing-in-ours' | 'missing-in-switch'; readonly note: string },
  ): Promise<number> {
    if (cdrIds.length === 0) return 0;
    const { database, clock } = this.options;
    const nowMs = clock.nowMs();
    const still = new Set(differences.filter(({ kind }) => kind === answered.kind).map(({ cdrId }) => cdrId));
    const cameLater = cdrIds.filter((cdrId) => !still.has(cdrId));
    return database.write(async (sql) => {
      let opened = 0;
      for (const difference of differences) if (await openCase(sql, difference, nowMs)) opened++;
      await closeAnswered(sql, { ...answered, cdrIds: cameLater, nowMs });
      await markJudged(sql, cdrIds);
      await sql.run(
        `DELETE FROM cdrs_to_reconcile WHERE cdr_id IN (${cdrIds.map(() => '?').join(', ')})`,
        cdrIds,
      );
      return opened;
    });
  }

  async #cdrs(cdrIds: readonly string[]): Promise<readonly StoredCdr[]> {
    if (cdrIds.length === 0) return [];
    const rows = await this.options.database.read.all(
      `SELECT ${CDR_COLUMNS} FROM cdrs WHERE id IN (${cdrIds.map(() => '?').join(', ')})`,
      cdrIds,
    );
    return rows.map(toStoredCdr);
  }

  /** Those of these CDRs that have not been compared yet. */
  async #waiting(cdrIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (cdrIds.length === 0) return new Set();
    const rows = await this.options.database.read.all(
      `SELECT cdr_id FROM cdrs_to_reconcile WHERE cdr_id IN (${cdrIds.map(() => '?').join(', ')})`,
      cdrIds,
    );
    return new Set(rows.map((row) => text(row.cdr_id)));
  }
}
