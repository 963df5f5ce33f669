import { type AudioPacket, SILENT_BYTE } from './rtp-packet';

/** One frame: 20 ms of PCMU. */
export const FRAME_BYTES = 160;
export const FRAME_MS = 20;
/** Frames that may arrive before an earlier one; then that one counts as lost. */
const MAX_REORDERED_FRAMES = 5;
/** A frame that has not come this long after its time counts as lost. */
const LATE_AFTER_MS = 100;
/** The longest gap that is filled with silence. A machine that slept longer has no recording of its sleep. */
const MAX_GAP_MS = 10_000;
/** A timestamp this far from what the clock makes likely is a new count, not a gap. */
const MAX_JUMP_MS = 1_000;

const SILENT_FRAME = Buffer.alloc(FRAME_BYTES, SILENT_BYTE);

/**
 * Makes one unbroken line of frames out of RTP: in order, each 20 ms exactly one. What is missing is silence, what comes too late is
 * dropped. The packets' timestamps say where a frame belongs; the clock says when to stop waiting for it.
 */
export class TapTimeline {
  /** Timestamp of the next frame of the line; null before the first packet. */
  #nextTimestamp: number | null = null;
  #ssrc = 0;
  /** When the next frame counts as lost. */
  #lostAtMs = 0;
  #lastArrivalMs = 0;
  /** Frames that came early, by their distance from the next frame in frames. */
  #early = new Map<number, Buffer>();
  /** Frames that came after their place was given away. */
  lateFrames = 0;
  /** Frames of silence that stand for something missing. */
  filledFrames = 0;

  constructor(private readonly give: (frame: Buffer) => void) {}

  /** Takes a packet that arrived at `nowMs` of a clock that never steps. */
  take(packet: AudioPacket, nowMs: number): void {
    const frames = Math.floor(packet.payload.length / FRAME_BYTES);
    for (let at = 0; at < frames; at += 1) {
      const frame = packet.payload.subarray(at * FRAME_BYTES, (at + 1) * FRAME_BYTES);
      this.#takeFrame(frame, (packet.timestamp + at * FRAME_BYTES) >>> 0, packet.ssrc, nowMs);
    }
  }

  /** Gives silence for frames whose time is over. To be called about once a frame. */
  tick(nowMs: number): void {
    if (this.#nextTimestamp === null) return;
    if (nowMs - this.#lostAtMs > MAX_GAP_MS) this.#lostAtMs = nowMs;
    for (; nowMs >= this.#lostAtMs || this.#early.has(0); this.#lostAtMs += FRAME_MS) this.#giveNext();
  }

  /** Gives what came early and still waits: nothing follows. */
  end(): void {
    while (this.#early.size > 0) this.#giveNext();
  }

  #takeFrame(frame: Buffer, timestamp: number, ssrc: number, nowMs: number): void {
    const isNewCount = this.#isNewCount(timestamp, ssrc, nowMs);
    this.#lastArrivalMs = nowMs;
    if (isNewCount) {
      this.end();
      this.#nextTimestamp = timestamp;
      this.#ssrc = ssrc;
    }
    const place = this.#placeOf(timestamp);
    if (place < 0) {
      this.lateFrames += 1;
      return;
    }
    // A view into the datagram's memory would keep all of it, or change under us.
    if (!this.#early.has(place)) this.#early.set(place, Buffer.from(frame));
    if (this.#early.size <= MAX_REORDERED_FRAMES && !this.#early.has(0)) return;
    while (!this.#early.has(0)) this.#giveNext();
    while (this.#early.has(0)) this.#giveNext();
    this.#lostAtMs = nowMs + FRAME_MS + LATE_AFTER_MS;
  }

  /** Whether a packet begins a new count of timestamps: the first, another sender's, or one that jumps without time having passed. */
  #isNewCount(timestamp: number, ssrc: number, nowMs: number): boolean {
    if (this.#nextTimestamp === null || ssrc !== this.#ssrc) return true;
    const aheadMs = this.#placeOf(timestamp) * FRAME_MS;
    const passedMs = nowMs - this.#lastArrivalMs;
    if (Math.abs(aheadMs) > MAX_GAP_MS) return true;
    return aheadMs > passedMs + MAX_JUMP_MS || aheadMs < -passedMs - MAX_JUMP_MS;
  }

  /** Distance from the next frame of the line, in frames; wraps as RTP timestamps do. */
  #placeOf(timestamp: number): number {
    return Math.round(((timestamp - (this.#nextTimestamp ?? timestamp)) | 0) / FRAME_BYTES);
  }

  #giveNext(): void {
    const frame = this.#early.get(0);
    if (!frame) this.filledFrames += 1;
    const moved = new Map<number, Buffer>();
    for (const [place, early] of this.#early) if (place > 0) moved.set(place - 1, early);
    this.#early = moved;
    this.#nextTimestamp = ((this.#nextTimestamp ?? 0) + FRAME_BYTES) >>> 0;
    this.give(frame ?? SILENT_FRAME);
  }
}
