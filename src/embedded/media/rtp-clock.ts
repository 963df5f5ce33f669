/** Tells the RTP time of a stream in our samples, whose clock runs slower by a whole factor. */
export class RtpClock {
  private last = 0;
  private unwrapped = 0;
  private started = false;

  /** The timestamp in our samples, modulo 2^32, running on where the stream's own starts anew. */
  toSamples(timestamp: number, scale: number): number {
    if (scale === 1) return timestamp;
    this.unwrapped += this.started ? (timestamp - this.last) | 0 : timestamp;
    this.started = true;
    this.last = timestamp;
    return Math.floor(this.unwrapped / scale) >>> 0;
  }
}
