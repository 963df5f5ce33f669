import { clipSample, samplesPerFrame, type FrameSource } from './audio-frame';

/** What a conference needs of one participant. Everything is read and written once a slot. */
export interface MixerPort {
  /** What the participant says in this slot. */
  readonly input: Int16Array;
  /** False when `input` holds nothing worth adding in this slot. */
  readonly inputActive: boolean;
  /** False when muted. */
  readonly canSpeak: boolean;
  /** False when deaf. */
  readonly canHear: boolean;
  /** Where the mixer puts what the participant hears. */
  readonly output: Int16Array;
}

/**
 * Mixes one room: each participant hears all others and never itself (N-1). The sum is made once, each output subtracts its own
 * part before the only clipping, so the result is exact. A slot allocates nothing.
 */
export class Mixer<Port extends MixerPort> {
  readonly ports: Port[] = [];
  private readonly sum = new Int32Array(samplesPerFrame);
  /** The whole room in this slot, nobody subtracted. */
  readonly everyone = new Int16Array(samplesPerFrame);
  private readonly roomFrame = new Int16Array(samplesPerFrame);

  /** Adds a participant; it is heard from the next slot on. */
  add(port: Port): void {
    this.ports.push(port);
  }

  /** Takes a participant out; unknown ones are ignored. */
  remove(port: Port): void {
    const at = this.ports.indexOf(port);
    if (at >= 0) this.ports.splice(at, 1);
  }

  /** Makes one slot. `room` is played to everybody; returns false when it has ended. */
  mix(room: FrameSource | undefined): boolean {
    this.sum.fill(0);
    const roomGoesOn = room !== undefined && room.read(this.roomFrame);
    if (roomGoesOn) this.addToSum(this.roomFrame);
    for (const port of this.ports) if (port.canSpeak && port.inputActive) this.addToSum(port.input);
    this.clipEveryone();
    for (const port of this.ports) {
      if (!port.canHear) port.output.fill(0);
      else if (port.canSpeak && port.inputActive) this.subtractOwn(port);
      else port.output.set(this.everyone);
    }
    return roomGoesOn;
  }

  private addToSum(frame: Int16Array): void {
    const { sum } = this;
    for (let at = 0; at < samplesPerFrame; at += 1) sum[at] = (sum[at] as number) + (frame[at] as number);
  }

  private clipEveryone(): void {
    const { sum, everyone } = this;
    for (let at = 0; at < samplesPerFrame; at += 1) everyone[at] = clipSample(sum[at] as number);
  }

  private subtractOwn(port: Port): void {
    const { sum } = this;
    const { input, output } = port;
    for (let at = 0; at < samplesPerFrame; at += 1) {
      output[at] = clipSample((sum[at] as number) - (input[at] as number));
    }
  }
}
