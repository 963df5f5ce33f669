import { EventEmitter } from 'node:events';
import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';
import type { ClosedLeg } from './cdr';
import { type Journal, JournalUnavailable } from './journal';
import { closeAfterCrash, type JournalRecord, type OpenedLeg, type RoomEntry } from './journal-records';
import { NodeNumbers, type NumbersInUse } from './node-numbers';

/** How long a CDR that the database refused waits for its next try, and a record that the journal refused. */
const RETRY_MS = 2_000;
/** After so many refusals in a row the database is taken to be away until the next try. */
const MAX_REFUSED_IN_A_ROW = 3;
/** CDRs that may wait for the database, about 200 MB of memory: some hours at ten calls a second. Then no new call begins. */
export const MAX_BACKLOG = 100_000;

/** Legs that are written together: what ended while the database was busy with those before. */
const MAX_TOGETHER = 200;

/** Puts closed legs into the database, all or none; does nothing the second time. */
export type WriteLegs = (legs: readonly ClosedLeg[]) => Promise<void>;

/** A leg that has a durable start, or whose end is known. */
export type LegChange = { readonly type: 'opened' | 'closed'; readonly sipCallId: string };

/** One pass over what waits for the database. */
type Round = { refusedInARow: number; readonly marks: Promise<void>[] };

/**
 * Sees every leg from its durable start to its one CDR: journal first, database afterwards, and again until the database has
 * taken it. Calls go on while the database is away; they do not start while the journal is.
 */
export class JournalKeeper {
  readonly #live = new Set<string>();
  readonly #unwritten = new Map<string, ClosedLeg>();
  /** Ends that the journal has not taken yet, by leg. */
  readonly #unjournalled = new Map<string, JournalRecord>();
  readonly #numbers: NodeNumbers;
  readonly #changes = new EventEmitter();
  #writing: Promise<void> | null = null;
  #journalling: Promise<void> | null = null;
  #timers: Timer[] = [];
  #stopped = false;
  #writeAgain = false;

  constructor(
    private readonly options: {
      readonly journal: Journal;
      readonly write: WriteLegs;
      readonly clock: Clock;
      readonly log: Log;
      readonly heartbeatMs: number;
      /** One past the highest sequence the database knows of this node: for a journal folder that was lost. */
      readonly leastSequence: number;
      readonly maxBacklog?: number;
    },
  ) {
    const { nextSequence, open, closed } = options.journal.state;
    const inUse = [...open.map(({ leg }) => leg), ...closed];
    this.#numbers = new NodeNumbers(Math.max(nextSequence, options.leastSequence), inUse);
  }

  /**
   * Closes what an earlier run left open at its last proof of life, hands everything unwritten to the database and starts the
   * heartbeat. Gives the number of legs that a crash had left open.
   */
  async start(): Promise<number> {
    const { open, closed } = this.options.journal.state;
    for (const leg of closed) this.#unwritten.set(leg.cdrId, leg);
    await Promise.all(open.map((left) => this.close(closeAfterCrash(left))));
    this.#timers.push(this.options.clock.every(this.options.heartbeatMs, () => this.#beat()));
    this.#timers.push(this.options.clock.every(RETRY_MS, () => this.#retry()));
    this.#writeAll();
    return open.length;
  }

  /**
   * Makes the start of a leg durable and gives it its number. The leg may be answered when this resolves.
   * @throws JournalUnavailable when the disk took no record, or MAX_BACKLOG legs wait for the database
   */
  async open(leg: Omit<OpenedLeg, 'nodeSequence'>): Promise<OpenedLeg> {
    if (this.#unwritten.size >= (this.options.maxBacklog ?? MAX_BACKLOG))
      throw new JournalUnavailable(new Error(`${this.#unwritten.size} CDRs wait for the database`));
    const opened = { ...leg, nodeSequence: this.#numbers.take() };
    try {
      await this.options.journal.append({ type: 'opened', leg: opened });
    } catch (error) {
      this.#numbers.giveBack(opened.nodeSequence);
      throw error;
    }
    this.#live.add(opened.cdrId);
    this.#tell('opened', opened.sipCallId);
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
    await this.#journal(leg.cdrId, { type: 'ending', leg });
  }

  /** Makes the end of a leg durable; the database follows on its own. A journal that is away gets it when it is back. */
  async close(leg: ClosedLeg): Promise<void> {
    this.#live.delete(leg.cdrId);
    this.#unwritten.set(leg.cdrId, leg);
    this.#tell('closed', leg.sipCallId);
    await this.#journal(leg.cdrId, { type: 'closed', leg });
    this.#writeAll();
  }

  /** Calls `handler` for every leg that begins or ends, until the returned function is called. */
  watch(handler: (change: LegChange) => void): () => void {
    this.#changes.on('change', handler);
    return () => this.#changes.off('change', handler);
  }

  /** CDRs that the database has not taken yet. */
  get backlog(): number {
    return this.#unwritten.size;
  }

  /** Whether a new call could begin now. */
  get ready(): boolean {
    return this.options.journal.available && this.#unwritten.size < (this.options.maxBacklog ?? MAX_BACKLOG);
  }

  /** The numbers given out, and those whose legs need not be in the database yet. */
  get numbersInUse(): NumbersInUse {
    return this.#numbers.inUse;
  }

  /** Whether a leg is still going on or waits for the database. */
  isPending(cdrId: string): boolean {
    return this.#live.has(cdrId) || this.#unwritten.has(cdrId);
  }

  /** Resolves when journal and database have taken all they can take now. */
  async flushed(): Promise<void> {
    await this.#journalling;
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

  #retry(): void {
    this.#writeAll();
    if (this.#stopped) return;
    this.#journalling ??= this.#journalAgain().finally(() => {
      this.#journalling = null;
    });
  }

  /** Puts an end into the journal, or keeps it until the journal takes records again. */
  #tell(type: LegChange['type'], sipCallId: string): void {
    this.#changes.emit('change', { type, sipCallId } satisfies LegChange);
  }

  async #journal(cdrId: string, record: JournalRecord): Promise<void> {
    // The older end of the same leg must not be tried again behind this one.
    if (this.#unjournalled.has(cdrId)) this.#unjournalled.set(cdrId, record);
    try {
      await this.options.journal.append(record);
      this.#unjournalled.delete(cdrId);
    } catch (error) {
      this.#unjournalled.set(cdrId, record);
      this.options.log.error('the end of a leg is not in the journal yet', { cdrId, error });
    }
  }

  /** Hands the journal what it refused; without any, a record that says nothing, to learn whether calls may begin again. */
  async #journalAgain(): Promise<void> {
    const { journal, clock } = this.options;
    if (!journal.available) {
      const probe = { type: 'alive', cdrIds: [...this.#live], atMs: clock.nowMs() } as const;
      await journal.append(probe).catch(() => undefined);
    }
    if (!journal.available) return;
    const refused = [...this.#unjournalled];
    await Promise.all(
      refused.map(async ([cdrId, record]) => {
        const taken = await journal.append(record).then(
          () => true,
          () => false,
        );
        if (taken && this.#unjournalled.get(cdrId) === record) this.#unjournalled.delete(cdrId);
      }),
    );
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

  /**
   * Writes what waits, many legs at a time. One record that the database refuses must not keep the others from it, so those of a refused
   * set are tried one by one; several refusals in a row mean that it is the database.
   */
  async #writeEach(): Promise<void> {
    const round: Round = { refusedInARow: 0, marks: [] };
    const waiting = [...this.#unwritten.values()];
    for (let from = 0; from < waiting.length; from += MAX_TOGETHER) {
      if (round.refusedInARow >= MAX_REFUSED_IN_A_ROW) break;
      const legs = waiting.slice(from, from + MAX_TOGETHER).filter(({ cdrId }) => this.#unwritten.has(cdrId));
      if (!(await this.#writeTogether(legs, round))) await this.#writeOneByOne(legs, round);
    }
    await Promise.all(round.marks);
  }

  async #writeTogether(legs: readonly ClosedLeg[], round: Round): Promise<boolean> {
    if (legs.length < 2) return false;
    try {
      await this.options.write(legs);
    } catch {
      return false;
    }
    for (const leg of legs) this.#taken(leg, round);
    return true;
  }

  async #writeOneByOne(legs: readonly ClosedLeg[], round: Round): Promise<void> {
    for (const leg of legs) {
      if (round.refusedInARow >= MAX_REFUSED_IN_A_ROW) return;
      try {
        await this.options.write([leg]);
      } catch (error) {
        round.refusedInARow++;
        this.#toTheEnd(leg);
        this.options.log.error('the database did not take a CDR, it stays in the journal', {
          cdrId: leg.cdrId,
          error,
        });
        continue;
      }
      this.#taken(leg, round);
    }
  }

  #taken(leg: ClosedLeg, round: Round): void {
    round.refusedInARow = 0;
    this.#unwritten.delete(leg.cdrId);
    this.#numbers.settle(leg.nodeSequence);
    // Not waited for: without this mark the next start writes the CDR again, which does nothing the second time.
    round.marks.push(this.#journal(leg.cdrId, { type: 'written', cdrId: leg.cdrId }));
  }

  /** The next round begins with others: some records that are refused for good must not stand in front of those that are not. */
  #toTheEnd(leg: ClosedLeg): void {
    this.#unwritten.delete(leg.cdrId);
    this.#unwritten.set(leg.cdrId, leg);
  }
}
