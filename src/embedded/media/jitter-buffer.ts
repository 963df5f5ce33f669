import { samplesPerFrame, samplesPerSecond } from './audio-frame';

/** Samples held, a power of two: half a second and a bit. */
const ringSamples = 4_096;
const ringMask = ringSamples - 1;
/** Delay before the first sample is played: two packets of 20 ms, so that one late packet is not heard. */
const startDelaySamples = 2 * samplesPerFrame;
/** Delay is never raised above this by late packets. */
const delaySamplesMax = (samplesPerSecond * 200) / 1_000;
/** Late packets in a row after which the sender's clock is believed and the buffer starts anew. */
const lateInARowMax = 10;
/** Slots over which the smallest stock is watched before delay is given back. */
const watchedSlots = 150;
/** Slots that a lost piece is filled by repeating the last good one, each half as loud. */
const concealedSlotsMax = 3;

/**
 * Takes audio as it comes and gives one slot each 20 ms. Samples are kept by their RTP timestamp, so packets of any length,
 * out of order or doubled find their place. Pure: knows no socket and no clock; one `read` is one slot of time.
 */
export class JitterBuffer {
  /** Slots that had no audio at all and were filled by repetition or silence. */
  concealedSlots = 0;
  latePackets = 0;
  duplicatePackets = 0;
  /** Times the buffer started anew because timestamps jumped. */
  resyncs = 0;
  private readonly ring = new Int16Array(ringSamples);
  private readonly filled = new Uint8Array(ringSamples);
  private readonly lastGood = new Int16Array(samplesPerFrame);
  private started = false;
  private playTimestamp = 0;
  private delaySamples = startDelaySamples;
  private lateInARow = 0;
  private emptySlotsInARow = concealedSlotsMax;
  private stockEnd = 0;
  private smallestStock = ringSamples;
  private slotsWatched = 0;

  /** Puts one packet's G.711 bytes in place, decoding by `table`. `marker` is the RTP marker bit: a talk spurt begins. */
  insert(
    timestamp: number,
    marker: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    table: Int16Array,
  ): void {
    const length = end - start;
    if (length <= 0 || length > ringSamples / 2) return;
    if (!this.started) this.startAt(timestamp);
    let ahead = (timestamp - this.playTimestamp) | 0;
    if (ahead + length <= 0) {
      this.latePackets += 1;
      this.lateInARow += 1;
      if (!marker && this.lateInARow < lateInARowMax) {
        this.growDelay(-ahead);
        return;
      }
    }
    if (ahead + length <= 0 || ahead + length > ringSamples) {
      this.resyncs += 1;
      this.startAt(timestamp);
      ahead = this.delaySamples;
    }
    this.lateInARow = 0;
    this.store(timestamp, Math.max(0, -ahead), length, bytes, start, table);
    if (ahead + length > this.stockEnd) this.stockEnd = ahead + length;
  }

  /**
   * Fills `into` with the next slot and moves on by `slots` slots (more than one after a stall: what was missed stays missed).
   * True when real audio was there.
   */
  read(into: Int16Array, slots: number): boolean {
    if (!this.started) return false;
    if (slots > 1) this.skip((slots - 1) * samplesPerFrame);
    const heard = this.take(into);
    this.moveBy(samplesPerFrame);
    this.giveBackDelay();
    if (heard) return true;
    return this.conceal(into);
  }

  /** Forgets everything, for a stream that starts anew. */
  reset(): void {
    this.started = false;
    this.filled.fill(0);
    this.lateInARow = 0;
    this.delaySamples = startDelaySamples;
    this.emptySlotsInARow = concealedSlotsMax;
  }

  /** Delay the buffer now adds, milliseconds. */
  delayMs(): number {
    return (this.delaySamples * 1_000) / samplesPerSecond;
  }

  private startAt(timestamp: number): void {
    this.started = true;
    this.filled.fill(0);
    this.playTimestamp = (timestamp - this.delaySamples) | 0;
    this.lateInARow = 0;
    this.stockEnd = 0;
    this.smallestStock = ringSamples;
    this.slotsWatched = 0;
  }

  private store(
    timestamp: number,
    skipSamples: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    table: Int16Array,
  ): void {
    if (this.filled[(timestamp + skipSamples) & ringMask] === 1) this.duplicatePackets += 1;
    const { ring, filled } = this;
    for (let at = skipSamples; at < length; at += 1) {
      const place = (timestamp + at) & ringMask;
      ring[place] = table[bytes[start + at] as number] as number;
      filled[place] = 1;
    }
  }

  private take(into: Int16Array): boolean {
    const { ring, filled, playTimestamp } = this;
    let found = 0;
    for (let at = 0; at < samplesPerFrame; at += 1) {
      const place = (playTimestamp + at) & ringMask;
      const has = filled[place] as number;
      into[at] = has === 1 ? (ring[place] as number) : 0;
      filled[place] = 0;
      found += has;
    }
    if (found === 0) return false;
    this.emptySlotsInARow = 0;
    this.lastGood.set(into);
    return true;
  }

  private conceal(into: Int16Array): boolean {
    if (this.emptySlotsInARow >= concealedSlotsMax) return false;
    this.emptySlotsInARow += 1;
    this.concealedSlots += 1;
    const { lastGood, emptySlotsInARow } = this;
    for (let at = 0; at < samplesPerFrame; at += 1) into[at] = (lastGood[at] as number) >> emptySlotsInARow;
    return true;
  }

  private skip(samples: number): void {
    for (let at = 0; at < Math.min(samples, ringSamples); at += 1)
      this.filled[(this.playTimestamp + at) & ringMask] = 0;
    this.moveBy(samples);
  }

  private moveBy(samples: number): void {
    this.playTimestamp = (this.playTimestamp + samples) | 0;
    this.stockEnd -= samples;
  }

  /** A packet came too late by `lateSamples`: waits that much longer from now on, in whole slots. */
  private growDelay(lateSamples: number): void {
    const wanted = Math.ceil((lateSamples + 1) / samplesPerFrame) * samplesPerFrame;
    const grown = Math.min(wanted, delaySamplesMax - this.delaySamples);
    if (grown <= 0) return;
    this.delaySamples += grown;
    this.moveBy(-grown);
    this.smallestStock = ringSamples;
    this.slotsWatched = 0;
  }

  /** When the stock never fell below two slots more than needed, one slot is dropped: catches up after a burst or a fast sender. */
  private giveBackDelay(): void {
    if (this.emptySlotsInARow > 0) return;
    if (this.stockEnd < this.smallestStock) this.smallestStock = this.stockEnd;
    this.slotsWatched += 1;
    if (this.slotsWatched < watchedSlots) return;
    if (this.smallestStock > 2 * samplesPerFrame) {
      this.skip(samplesPerFrame);
      this.delaySamples = Math.max(startDelaySamples, this.delaySamples - samplesPerFrame);
    }
    this.slotsWatched = 0;
    this.smallestStock = ringSamples;
  }
}
