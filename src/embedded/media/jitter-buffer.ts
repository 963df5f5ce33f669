import { frameMs, samplesPerFrame } from './audio-frame';

/** Slots held, a power of two: 640 ms. */
const slotCount = 32;
const slotMask = slotCount - 1;
/** Delay before the first sample is played: two packets of 20 ms, so that one late packet is not heard. */
const startDelaySlots = 2;
/** Delay is never raised above this by late packets: 200 ms. */
const delaySlotsMax = 10;
/** Late packets in a row after which the sender's clock is believed and the buffer starts anew. */
const lateInARowMax = 10;
/** Slots over which the smallest stock is watched before delay is given back. */
const watchedSlots = 150;
/** Slots that a lost piece is filled by repeating the last good one, each half as loud. */
const concealedSlotsMax = 3;
/** Slot numbers start anew before timestamps counted from the origin leave 31 bits. */
const slotsBeforeRebase = 2 ** 20;

/**
 * Takes audio as it comes and gives one slot each 20 ms. Samples are kept by their RTP timestamp, so packets of any length, out
 * of order or doubled find their place. Pure: knows no socket and no clock; one `read` is one slot of time.
 */
export class JitterBuffer {
  /** Slots that had no audio at all and were filled by repetition. */
  concealedSlots = 0;
  latePackets = 0;
  duplicatePackets = 0;
  /** Times the buffer started anew because timestamps jumped. */
  resyncs = 0;
  private readonly samples = new Int16Array(slotCount * samplesPerFrame);
  /** Which slot each place holds, counted from `origin`. */
  private readonly held = new Int32Array(slotCount);
  private readonly filled = new Uint16Array(slotCount);
  private started = false;
  /** Timestamp of slot 0. */
  private origin = 0;
  private playSlot = 0;
  private endSlot = 0;
  private delaySlots = startDelaySlots;
  private lateInARow = 0;
  private emptyInARow = concealedSlotsMax;
  private lastGood = 0;
  private smallestStock = slotCount;
  private slotsWatched = 0;

  /**
   * Puts one packet in place: G.711 bytes that `table` decodes, or without one samples. The timestamp counts samples. `marker` is the RTP
   * marker bit: a talk spurt begins.
   */
  insert(
    timestamp: number,
    marker: boolean,
    bytes: Uint8Array | Int16Array,
    start: number,
    end: number,
    table: Int16Array | undefined,
  ): void {
    const length = end - start;
    if (length <= 0 || length > (slotCount / 2) * samplesPerFrame) return;
    if (!this.started) this.startAt(timestamp);
    let first = (timestamp - this.origin) | 0;
    const ahead = first - this.playSlot * samplesPerFrame + length;
    if (ahead <= 0) {
      this.latePackets += 1;
      this.lateInARow += 1;
      if (!marker && this.lateInARow < lateInARowMax) {
        this.growDelay(length - ahead);
        return;
      }
    }
    if (ahead <= 0 || ahead > (slotCount - 1) * samplesPerFrame) {
      this.resyncs += 1;
      this.startAt(timestamp);
      first = 0;
    }
    this.lateInARow = 0;
    this.store(first, bytes, start, end, table);
  }

  /**
   * Fills `into` with the next slot and moves on by `slots` slots (more than one after a stall: what was missed stays missed).
   * False when there is nothing to hear; `into` is not touched then.
   */
  read(into: Int16Array, slots: number): boolean {
    if (!this.started) return false;
    this.playSlot += slots;
    const slot = this.playSlot - 1;
    if (this.playSlot > slotsBeforeRebase) this.rebase();
    this.giveBackDelay();
    const place = slot & slotMask;
    if (this.held[place] !== slot || this.filled[place] === 0) return this.conceal(into);
    this.emptyInARow = 0;
    this.lastGood = place;
    this.copy(place, into, 0);
    return true;
  }

  /** Forgets everything, for a stream that starts anew. */
  reset(): void {
    this.started = false;
    this.lateInARow = 0;
    this.delaySlots = startDelaySlots;
    this.emptyInARow = concealedSlotsMax;
  }

  /** Delay the buffer now adds, milliseconds. */
  delayMs(): number {
    return this.delaySlots * frameMs;
  }

  private startAt(timestamp: number): void {
    this.started = true;
    this.origin = timestamp;
    this.held.fill(-1);
    this.filled.fill(0);
    this.playSlot = -this.delaySlots;
    this.endSlot = 0;
    this.lateInARow = 0;
    this.emptyInARow = concealedSlotsMax;
    this.watchAnew();
  }

  private store(
    first: number,
    bytes: Uint8Array | Int16Array,
    start: number,
    end: number,
    table: Int16Array | undefined,
  ): void {
    let at = first;
    for (let from = start; from < end; ) {
      const slot = Math.floor(at / samplesPerFrame);
      const inSlot = at - slot * samplesPerFrame;
      const run = Math.min(samplesPerFrame - inSlot, end - from);
      if (slot >= this.playSlot) this.storeRun(slot, inSlot, run, bytes, from, table);
      at += run;
      from += run;
    }
    this.endSlot = Math.max(this.endSlot, Math.ceil(at / samplesPerFrame));
  }

  private storeRun(
    slot: number,
    inSlot: number,
    run: number,
    bytes: Uint8Array | Int16Array,
    from: number,
    table: Int16Array | undefined,
  ): void {
    const place = slot & slotMask;
    const base = place * samplesPerFrame;
    const target = this.samples;
    if (this.held[place] !== slot) {
      this.held[place] = slot;
      this.filled[place] = 0;
      if (run < samplesPerFrame) target.fill(0, base, base + samplesPerFrame);
    }
    const before = this.filled[place] as number;
    if (before + run > samplesPerFrame) this.duplicatePackets += 1;
    this.filled[place] = Math.min(samplesPerFrame, before + run);
    for (let at = 0; at < run; at += 1) {
      const value = bytes[from + at] as number;
      target[base + inSlot + at] = table === undefined ? value : (table[value] as number);
    }
  }

  private copy(place: number, into: Int16Array, softer: number): void {
    const { samples } = this;
    const base = place * samplesPerFrame;
    for (let at = 0; at < samplesPerFrame; at += 1) {
      into[at] = (samples[base + at] as number) >> softer;
    }
  }

  private conceal(into: Int16Array): boolean {
    if (this.emptyInARow >= concealedSlotsMax) return false;
    this.emptyInARow += 1;
    this.concealedSlots += 1;
    this.copy(this.lastGood, into, this.emptyInARow);
    return true;
  }

  /** A packet came too late by `lateSamples`: waits that much longer from now on, in whole slots. */
  private growDelay(lateSamples: number): void {
    const grown = Math.min(Math.ceil(lateSamples / samplesPerFrame), delaySlotsMax - this.delaySlots);
    if (grown <= 0) return;
    this.delaySlots += grown;
    this.playSlot -= grown;
    this.watchAnew();
  }

  /** When the stock never fell below two slots more than needed, one slot is dropped: catches up after a burst or a fast sender. */
  private giveBackDelay(): void {
    if (this.emptyInARow > 0) return;
    this.smallestStock = Math.min(this.smallestStock, this.endSlot - this.playSlot);
    this.slotsWatched += 1;
    if (this.slotsWatched < watchedSlots) return;
    if (this.smallestStock > startDelaySlots) {
      this.playSlot += 1;
      this.delaySlots = Math.max(startDelaySlots, this.delaySlots - 1);
    }
    this.watchAnew();
  }

  private watchAnew(): void {
    this.smallestStock = slotCount;
    this.slotsWatched = 0;
  }

  private rebase(): void {
    const slots = this.playSlot & ~slotMask;
    this.origin = (this.origin + slots * samplesPerFrame) >>> 0;
    this.playSlot -= slots;
    this.endSlot -= slots;
    for (let place = 0; place < slotCount; place += 1)
      this.held[place] = (this.held[place] as number) - slots;
  }
}
