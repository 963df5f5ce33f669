import { samplesPerSecond } from './audio-frame';

/** What a receiver knows about a stream, in the units of RFC 3550 section 6.4.1. */
export type ReceptionReport = {
  ssrc: number;
  /** Lost since the last report, in 1/256. */
  fractionLost: number;
  packetsLost: number;
  highestSequence: number;
  jitterSamples: number;
};

/** A jump of the sequence number beyond this is a new stream (RFC 3550 appendix A.1: MAX_DROPOUT). */
const sequenceJumpMax = 3_000;

/** Counts a stream's packets, losses and jitter after RFC 3550 appendices A.1, A.3 and A.8. */
export class ReceptionStats {
  packets = 0;
  bytes = 0;
  /** Packets that came after their place was played. */
  late = 0;
  duplicates = 0;
  ssrc = 0;
  jitterSamples = 0;
  largestJitterSamples = 0;
  private baseSequence = -1;
  private highest = 0;
  private lostBefore = 0;
  private receivedInStream = 0;
  private expectedAtReport = 0;
  private receivedAtReport = 0;
  private transit = 0;
  private hasTransit = false;

  /**
   * Takes in one packet that arrived at `arrivalMs` (monotonic). `isKey`: all packets of a key bear the timestamp of its start, so that
   * they tell nothing of jitter.
   */
  take(
    ssrc: number,
    sequence: number,
    timestamp: number,
    arrivalMs: number,
    bytes: number,
    isKey = false,
  ): void {
    this.packets += 1;
    this.bytes += bytes;
    if (this.baseSequence < 0 || ssrc !== this.ssrc) {
      this.startStream(ssrc, sequence);
    } else {
      const step = (sequence - (this.highest & 0xffff)) & 0xffff;
      if (step < sequenceJumpMax) this.highest += step;
      else if (step < 65_536 - 100) this.startStream(ssrc, sequence);
    }
    this.receivedInStream += 1;
    if (!isKey) this.followJitter(timestamp, arrivalMs);
  }

  /** Packets that should have come and did not; never below zero (duplicates can outnumber losses). */
  lost(): number {
    return Math.max(0, this.lostBefore + this.expected() - this.receivedInStream);
  }

  /** Mean deviation of packet spacing, milliseconds. */
  jitterMs(): number {
    return (this.jitterSamples * 1_000) / samplesPerSecond;
  }

  /** The block for the next RTCP report; `fractionLost` starts anew with each call. */
  report(): ReceptionReport {
    const expected = this.expected();
    const expectedNow = expected - this.expectedAtReport;
    const lostNow = expectedNow - (this.receivedInStream - this.receivedAtReport);
    this.expectedAtReport = expected;
    this.receivedAtReport = this.receivedInStream;
    return {
      ssrc: this.ssrc,
      fractionLost:
        expectedNow > 0 && lostNow > 0 ? Math.min(255, Math.floor((lostNow * 256) / expectedNow)) : 0,
      packetsLost: this.lost(),
      highestSequence: this.highest >>> 0,
      jitterSamples: Math.round(this.jitterSamples),
    };
  }

  private expected(): number {
    return this.baseSequence < 0 ? 0 : this.highest - this.baseSequence + 1;
  }

  private startStream(ssrc: number, sequence: number): void {
    this.lostBefore = this.baseSequence < 0 ? 0 : this.lost();
    this.ssrc = ssrc;
    this.baseSequence = sequence;
    this.highest = sequence;
    this.receivedInStream = 0;
    this.expectedAtReport = 0;
    this.receivedAtReport = 0;
    this.hasTransit = false;
  }

  private followJitter(timestamp: number, arrivalMs: number): void {
    const arrival = Math.round((arrivalMs * samplesPerSecond) / 1_000);
    const transit = (arrival - timestamp) | 0;
    if (this.hasTransit) {
      const change = Math.abs((transit - this.transit) | 0);
      // A jump of more than a second is a restarted clock, not jitter.
      if (change < samplesPerSecond) this.jitterSamples += (change - this.jitterSamples) / 16;
      if (this.jitterSamples > this.largestJitterSamples) this.largestJitterSamples = this.jitterSamples;
    }
    this.transit = transit;
    this.hasTransit = true;
  }
}

/**
 * Mean opinion score 1 to 4.5 from loss and delay variation, by the E-model of ITU-T G.107 shortened for G.711
 * (R = 93.2 less delay and loss impairments; Bpl 4.3 without loss concealment of the codec itself).
 */
export function estimateMos(lossRatio: number, jitterMs: number): { mos: number; ratingFactor: number } {
  const delayMs = 60 + jitterMs * 2;
  const delayImpairment = 0.024 * delayMs + (delayMs > 177.3 ? 0.11 * (delayMs - 177.3) : 0);
  const lossPercent = lossRatio * 100;
  const lossImpairment = (95 * lossPercent) / (lossPercent + 4.3);
  const ratingFactor = Math.max(0, Math.min(93.2, 93.2 - delayImpairment - lossImpairment));
  const mos = 1 + 0.035 * ratingFactor + 7e-6 * ratingFactor * (ratingFactor - 60) * (100 - ratingFactor);
  return { mos: Math.max(1, Math.min(4.5, mos)), ratingFactor };
}
