import { samplesPerFrame } from './audio-frame';

/** RFC 4733 section 3.2: event codes 0 to 15, by position. */
const eventDigits = '0123456789*#ABCD';
/** Timestamps of finished keys kept, so that a packet arriving late is known as old. */
const rememberedEvents = 8;
/** RFC 4733 section 2.5.1.3: a key held longer than this goes on as a new segment with a new timestamp. */
const segmentSamplesMax = 0xffff;
/** Length of a key that nobody gave a length for, samples (250 ms). */
export const defaultDigitSamples = 2_000;
/** RFC 4733 section 2.5.1.4: the end is sent three times. */
const endPackets = 3;
/** Silence between two keys sent by us, samples (60 ms). */
const gapSamples = 480;
/** Keys waiting to be sent by one leg. */
const queuedDigitsMax = 128;

/** A key and how long it was held, in samples. */
export type Digit = { key: string; durationSamples: number };

/** True for one character that a telephone key can make. */
export function isDigitKey(key: string): boolean {
  return key.length === 1 && eventDigits.includes(key.toUpperCase());
}

/**
 * Turns RFC 4733 packets into keys, each exactly once: all packets of one key share a timestamp, so the first that arrives
 * counts and every other is a repeat. Losing the start, the middle or the end packet therefore loses and doubles nothing.
 */
export class DigitReceiver {
  private readonly seen: number[] = [];
  private ssrc = -1;
  private latest = 0;
  private latestEvent = -1;
  private longestSamples = 0;
  private clockScale = 1;

  /**
   * The key that this packet starts, or undefined for a repeat, an old packet, or no key at all (flash, tones). `clockScale`: units of the
   * payload type's clock in one of our samples.
   */
  take(
    ssrc: number,
    timestamp: number,
    payload: Buffer,
    start: number,
    end: number,
    clockScale = 1,
  ): Digit | undefined {
    if (end - start < 4) return undefined;
    this.clockScale = clockScale;
    const event = payload[start] as number;
    const durationSamples = payload.readUInt16BE(start + 2);
    if (ssrc !== this.ssrc) this.startStream(ssrc);
    if (this.seen.includes(timestamp)) {
      if (timestamp === this.latest && durationSamples > this.longestSamples)
        this.longestSamples = durationSamples;
      return undefined;
    }
    if (this.seen.length > 0) {
      const step = (timestamp - this.latest) | 0;
      if (step < 0) return undefined;
      if (this.continues(event, step)) {
        this.remember(timestamp, event, durationSamples);
        return undefined;
      }
    }
    this.remember(timestamp, event, durationSamples);
    const key = eventDigits[event];
    return key === undefined
      ? undefined
      : { key, durationSamples: Math.max(Math.round(durationSamples / clockScale), samplesPerFrame) };
  }

  private continues(event: number, step: number): boolean {
    const slot = samplesPerFrame * this.clockScale;
    const nearlyFull = this.longestSamples >= segmentSamplesMax - 10 * slot;
    return event === this.latestEvent && nearlyFull && step <= segmentSamplesMax + slot;
  }

  private remember(timestamp: number, event: number, durationSamples: number): void {
    this.seen.push(timestamp);
    if (this.seen.length > rememberedEvents) this.seen.shift();
    this.latest = timestamp;
    this.latestEvent = event;
    this.longestSamples = durationSamples;
  }

  private startStream(ssrc: number): void {
    this.ssrc = ssrc;
    this.seen.length = 0;
    this.latestEvent = -1;
  }
}

/** One RFC 4733 payload to send in this slot. `timestamp` of the packet is that of the key's first slot. */
export type DigitPacket = {
  event: number;
  end: boolean;
  durationSamples: number;
  firstOfKey: boolean;
  slotsSinceStart: number;
};

/** Gives, slot by slot, the packets of the keys waiting to be sent. While it does, the leg sends no audio. */
export class DigitSender {
  private readonly queue: Digit[] = [];
  private current: Digit | undefined;
  private slot = 0;
  private endsSent = 0;
  private gapSlots = 0;
  private readonly packet: DigitPacket = {
    event: 0,
    end: false,
    durationSamples: 0,
    firstOfKey: false,
    slotsSinceStart: 0,
  };

  /** Puts keys in line; characters that are no key are left out, `w` waits half a second and `W` a second. */
  enqueue(keys: string, durationSamples: number): void {
    for (const key of keys) {
      if (this.queue.length >= queuedDigitsMax) return;
      if (isDigitKey(key) || key === 'w' || key === 'W') this.queue.push({ key, durationSamples });
    }
  }

  /** True while there is something to send, the pause between keys included. */
  get busy(): boolean {
    return this.current !== undefined || this.queue.length > 0 || this.gapSlots > 0;
  }

  /** The packet for this slot; undefined in pauses and when nothing waits. The object is used again. */
  next(): DigitPacket | undefined {
    if (this.gapSlots > 0) {
      this.gapSlots -= 1;
      return undefined;
    }
    this.current ??= this.begin();
    if (this.current === undefined) return undefined;
    const { packet, current } = this;
    packet.event = eventDigits.indexOf(current.key.toUpperCase());
    packet.firstOfKey = this.slot === 0;
    packet.slotsSinceStart = this.slot;
    this.slot += 1;
    const reachedSamples = this.slot * samplesPerFrame;
    packet.end = reachedSamples >= current.durationSamples;
    packet.durationSamples = Math.min(
      reachedSamples,
      Math.max(current.durationSamples, samplesPerFrame),
      segmentSamplesMax,
    );
    if (packet.end) this.finishOne();
    return packet;
  }

  private begin(): Digit | undefined {
    const digit = this.queue.shift();
    if (digit?.key === 'w' || digit?.key === 'W') {
      this.gapSlots = digit.key === 'w' ? 24 : 49;
      return undefined;
    }
    this.slot = 0;
    this.endsSent = 0;
    return digit;
  }

  private finishOne(): void {
    this.endsSent += 1;
    if (this.endsSent < endPackets) return;
    this.current = undefined;
    this.gapSlots = gapSamples / samplesPerFrame;
  }
}

/** Writes the four bytes of RFC 4733 section 2.3 with volume 10 (-10 dBm0); `clockScale` as in `DigitReceiver`. */
export function writeDigitPayload(into: Buffer, offset: number, packet: DigitPacket, clockScale = 1): void {
  into[offset] = packet.event;
  into[offset + 1] = (packet.end ? 0x80 : 0) | 10;
  into.writeUInt16BE(Math.min(packet.durationSamples * clockScale, segmentSamplesMax), offset + 2);
}

/**
 * The key of a SIP INFO body: `application/dtmf-relay` ("Signal=5 / Duration=160", milliseconds) or `application/dtmf` (the bare
 * character); undefined for any other body.
 */
export function parseInfoDigit(contentType: string, body: string): Digit | undefined {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (type === 'application/dtmf') return toDigit(body.trim(), 250);
  if (type !== 'application/dtmf-relay') return undefined;
  const signal = /^\s*Signal\s*=\s*(\S+)/im.exec(body)?.[1];
  const durationMs = Number(/^\s*Duration\s*=\s*(\d{1,5})/im.exec(body)?.[1] ?? 250);
  return signal === undefined ? undefined : toDigit(signal, durationMs);
}

function toDigit(text: string, durationMs: number): Digit | undefined {
  const key = /^1[0-5]$/.test(text) ? (eventDigits[Number(text)] as string) : text.toUpperCase();
  return isDigitKey(key) ? { key, durationSamples: durationMs * 8 } : undefined;
}
