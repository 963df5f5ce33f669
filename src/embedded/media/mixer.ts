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
  private readonly without = new Int32Array(samplesPerFrame);
  private readonly some = new Int16Array(samplesPerFrame);
  private wholeIsFresh = false;
  private readonly encoded = new Uint8Array(samplesPerFrame);
  private encodedBy: Uint8Array | undefined;
  /** Whom a participant does not hear; empty in all but a few rooms. */
  private readonly unheard = new Map<Port, Set<Port>>();

  /** Adds a participant; it is heard from the next slot on. */
  add(port: Port): void {
    this.ports.push(port);
  }

  /** Takes a participant out; unknown ones are ignored. */
  remove(port: Port): void {
    const at = this.ports.indexOf(port);
    if (at >= 0) this.ports.splice(at, 1);
    this.unheard.delete(port);
    for (const speakers of this.unheard.values()) speakers.delete(port);
  }

  /** Whether one participant hears another; all do until told otherwise. */
  setHeard(listener: Port, speaker: Port, heard: boolean): void {
    const speakers = this.unheard.get(listener) ?? new Set<Port>();
    if (heard) speakers.delete(speaker);
    else speakers.add(speaker);
    if (speakers.size > 0) this.unheard.set(listener, speakers);
    else this.unheard.delete(listener);
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
    if (this.unheard.size > 0 && this.hearSome(port, into)) return;
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
    const { sum, encoded, some } = this;
    if (this.unheard.size > 0 && this.hearSome(port, some)) {
      encodeG711(table, some, into, offset);
      return;
    }
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

  /** For a participant who does not hear somebody of this slot; false when there is nobody to leave out. */
  private hearSome(port: Port, into: Int16Array): boolean {
    const speakers = this.unheard.get(port);
    if (speakers === undefined) return false;
    const { sum, without } = this;
    let leftOut = false;
    for (const speaker of speakers) {
      if (!speaker.mixed) continue;
      if (!leftOut) without.set(sum);
      leftOut = true;
      subtract(without, speaker.input);
    }
    if (!leftOut) return false;
    if (port.mixed) subtract(without, port.input);
    for (let at = 0; at < samplesPerFrame; at += 1) into[at] = clipSample(without[at] as number);
    return true;
  }

  private addToSum(frame: Int16Array): void {
    const { sum } = this;
    for (let at = 0; at < samplesPerFrame; at += 1) sum[at] = (sum[at] as number) + (frame[at] as number);
  }
}

function subtract(from: Int32Array, frame: Int16Array): void {
  for (let at = 0; at < samplesPerFrame; at += 1) from[at] = (from[at] as number) - (frame[at] as number);
}
