import { clipSample, type FrameSource, samplesPerFrame } from './audio-frame';
import { encodeG711 } from './g711';

/** What a conference needs of one participant. Everything is read once a slot. */
export interface MixerPort {
  /** What the participant says in this slot. */
  readonly input: Int16Array;
  /** False when `input` holds nothing worth adding in this slot. */
  readonly inputActive: boolean;
  /** False when muted. */
  readonly canSpeak: boolean;
  /** The mixer's own note: this port is part of the sum of this slot. */
  mixed: boolean;
}

/**
 * Mixes one room: each participant hears all others and never itself (N-1). The sum is made once, each output subtracts its own
 * part before the only clipping, so the result is exact. A slot allocates nothing. Those who are silent hear the same, so that
 * frame is clipped and encoded once for all of them.
 */
export class Mixer<Port extends MixerPort> {
  private readonly ports: Port[] = [];
  private readonly sum = new Int32Array(samplesPerFrame);
  private readonly roomFrame = new Int16Array(samplesPerFrame);
  private readonly whole = new Int16Array(samplesPerFrame);
  private wholeIsFresh = false;
  private readonly encoded = new Uint8Array(samplesPerFrame);
  private encodedBy: Uint8Array | undefined;

  /** Adds a participant; it is heard from the next slot on. */
  add(port: Port): void {
    this.ports.push(port);
  }

  /** Takes a participant out; unknown ones are ignored. */
  remove(port: Port): void {
    const at = this.ports.indexOf(port);
    if (at >= 0) this.ports.splice(at, 1);
  }

  /** Adds one slot up. `room` is played to everybody; returns false when it has ended. */
  mix(room: FrameSource | undefined): boolean {
    this.sum.fill(0);
    this.wholeIsFresh = false;
    this.encodedBy = undefined;
    const roomGoesOn = room !== undefined && room.read(this.roomFrame);
    if (roomGoesOn) this.addToSum(this.roomFrame);
    for (const port of this.ports) {
      port.mixed = port.canSpeak && port.inputActive;
      if (port.mixed) this.addToSum(port.input);
    }
    return roomGoesOn;
  }

  /** The whole room in this slot, nobody subtracted. The frame is used again in the next slot. */
  everyone(): Int16Array {
    if (!this.wholeIsFresh) {
      const { sum, whole } = this;
      for (let at = 0; at < samplesPerFrame; at += 1) whole[at] = clipSample(sum[at] as number);
      this.wholeIsFresh = true;
    }
    return this.whole;
  }

  /** What a participant hears in this slot. */
  hear(port: Port, into: Int16Array): void {
    if (!port.mixed) {
      into.set(this.everyone());
      return;
    }
    const { sum } = this;
    const { input } = port;
    for (let at = 0; at < samplesPerFrame; at += 1)
      into[at] = clipSample((sum[at] as number) - (input[at] as number));
  }

  /** The same, encoded by one of `encodeTables`. */
  hearEncoded(port: Port, table: Uint8Array, into: Uint8Array, offset: number): void {
    const { sum, encoded } = this;
    if (port.mixed) {
      const { input } = port;
      for (let at = 0; at < samplesPerFrame; at += 1) {
        const value = (sum[at] as number) - (input[at] as number);
        into[offset + at] = table[clipSample(value) & 0xffff] as number;
      }
      return;
    }
    if (this.encodedBy !== table) {
      encodeG711(table, this.everyone(), encoded, 0);
      this.encodedBy = table;
    }
    into.set(encoded, offset);
  }

  private addToSum(frame: Int16Array): void {
    const { sum } = this;
    for (let at = 0; at < samplesPerFrame; at += 1) sum[at] = (sum[at] as number) + (frame[at] as number);
  }
}
