import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';
import type { ClosedLeg } from './cdr';
import type { Journal } from './journal';
import { closeAfterCrash, type OpenedLeg, type RoomEntry } from './journal-records';

/** How long a CDR that the database refused waits for its next try. */
const RETRY_MS = 2_000;
/** After so many refusals in a row the database is taken to be away until the next try. */
const MAX_REFUSED_IN_A_ROW = 3;

/** Puts one closed leg into the database; does nothing the second time. */
export type WriteLeg = (leg: ClosedLeg) => Promise<void>;

/**
 * Sees every leg from its durable start to its one CDR: journal first, database afterwards, and again until the database has
 * taken it. Calls go on while the database is away; they do not start while the journal is.
 */
export class JournalKeeper {
  readonly #live = new Set<string>();
  readonly #unwritten = new Map<string, ClosedLeg>();
  #nextSequence: number;
  #writing: Promise<void> | null = null;
  #timers: Timer[] = [];
  #stopped = false;
  #writeAgain = false;

  constructor(
    private readonly options: {
      readonly journal: Journal;
      readonly write: WriteLeg;
      readonly clock: Clock;
      readonly log: Log;
      readonly heartbeatMs: number;
      /** One past the highest sequence the database knows of this node: for a journal folder that was lost. */
      readonly leastSequence: number;
    },
  ) {
    this.#nextSequence = Math.max(options.journal.state.nextSequence, options.leastSequence);
  }

  /**
   * Closes what an earlier run left open at its last proof of life, hands everything unwritten to the database and starts the
   * heartbeat. Gives the number of legs that a crash had left open.
   */
  async start(): Promise<number> {
    const { open, closed } = this.options.journal.state;
    for (const leg of closed) this.#unwritten.set(leg.cdrId, leg);
    for (const left of open) await this.close(closeAfterCrash(left));
    this.#timers.push(this.options.clock.every(this.options.heartbeatMs, () => this.#beat()));
    this.#timers.push(this.options.clock.every(RETRY_MS, () => this.#writeAll()));
    this.#writeAll();
    return open.length;
  }

  /** Makes the start of a leg durable and gives it its number. The leg may be answered when this resolves. @throws JournalUnavailable */
  async open(leg: Omit<OpenedLeg, 'nodeSequence'>): Promise<OpenedLeg> {
    const opened = { ...leg, nodeSequence: this.#nextSequence++ };
    await this.options.journal.append({ type: 'opened', leg: opened });
    this.#live.add(opened.cdrId);
    return opened;
  }

  /** The far end of an outbound leg rings. */
  async ringing(cdrId: string, atMs: number): Promise<void> {
    await this.options.journal.append({ type: 'ringing', cdrId, atMs });
  }

  async answered(cdrId: string, atMs: number): Promise<void> {
    await this.options.journal.append({ type: 'answered', cdrId, atMs });
  }

  /** From the entry's `chargedFromMs` on the leg is charged; an entry without one waits, and the later entry counts. */
  async entered(cdrId: string, entry: RoomEntry): Promise<void> {
    await this.options.journal.append({ type: 'entered', cdrId, entry });
  }

  /** Notes how a leg has ended while its last words are still spoken: a crash meanwhile bills it to this moment and no later. */
  async ending(leg: ClosedLeg): Promise<void> {
    this.#live.delete(leg.cdrId);
    await this.options.journal.append({ type: 'ending', leg }).catch((error: unknown) => {
      this.options.log.error('the end of a leg is not in the journal yet', { cdrId: leg.cdrId, error });
    });
  }

  /** Makes the end of a leg durable; the database follows on its own. */
  async close(leg: ClosedLeg): Promise<void> {
    this.#live.delete(leg.cdrId);
    this.#unwritten.set(leg.cdrId, leg);
    await this.options.journal.append({ type: 'closed', leg }).catch((error: unknown) => {
      this.options.log.error('a closed leg is not in the journal, the database is its only record', {
        cdrId: leg.cdrId,
        error,
      });
    });
    this.#writeAll();
  }

  /** CDRs that the database has not taken yet. */
  get backlog(): number {
    return this.#unwritten.size;
  }

  /** Resolves when the database has taken all it can take now. */
  async flushed(): Promise<void> {
    await this.#writing;
    await this.#writeEach();
  }

  /** Stops writing and closes the journal; what the database has not taken stays in it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    await this.flushed();
    await this.options.journal.close();
  }

  #beat(): void {
    if (this.#live.size === 0) return;
    const alive = { type: 'alive', cdrIds: [...this.#live], atMs: this.options.clock.nowMs() } as const;
    this.options.journal.append(alive).catch((error: unknown) => {
      this.options.log.error('heartbeat is not in the journal', { error });
    });
  }

  #writeAll(): void {
    if (this.#stopped) return;
    this.#writeAgain = true;
    this.#writing ??= this.#writeUntilNothingIsNew().finally(() => {
      this.#writing = null;
    });
  }

  async #writeUntilNothingIsNew(): Promise<void> {
    while (this.#writeAgain) {
      this.#writeAgain = false;
      await this.#writeEach();
    }
  }

  /** One record that the database refuses must not keep the others from it; several in a row mean that it is the database. */
  async #writeEach(): Promise<void> {
    let refusedInARow = 0;
    // A Map may lose entries while it is walked, which is what happens here.
    for (const leg of this.#unwritten.values()) {
      if (refusedInARow >= MAX_REFUSED_IN_A_ROW) return;
      try {
        await this.options.write(leg);
      } catch (error) {
        refusedInARow++;
        this.options.log.error('the database did not take a CDR, it stays in the journal', {
          cdrId: leg.cdrId,
          error,
        });
        continue;
      }
      refusedInARow = 0;
      this.#unwritten.delete(leg.cdrId);
      await this.options.journal.append({ type: 'written', cdrId: leg.cdrId }).catch(() => {
        // Without this mark the next start writes the CDR again, which does nothing the second time.
      });
    }
  }
}
