import { clipSample, type FrameSource, meanMagnitude, samplesPerFrame } from '../media/audio-frame';
import { encodeG711 } from '../media/g711';
import type { MixerPort } from '../media/mixer';
import type { OpenedAudio } from './audio-files';
import type { Channel } from './channel';
import { basicChannelHeaders } from './channel-headers';
import type { Conference } from './conference';
import type { EventHeaders } from './event';
import type { Execution } from './execution';

/** Mean magnitude above which a slot counts as speech: `energy-level` of our conference profile. */
const speechLevel = 100;
/** So much above that a slot is speech beyond doubt. */
const clearlyLoud = 400;
/** Doubtful slots that start talking, and quiet ones that stop it: mod_conference's hangunder and hangover. */
const slotsToStart = 5;
const slotsToStop = 40;
const queuedFilesMax = 50;

export type MemberFlags = ReadonlySet<string>;

const silentFrame = new Int16Array(samplesPerFrame);
/** For slots on their way to being encoded; nobody keeps it. */
const scratchFrame = new Int16Array(samplesPerFrame);

/** One channel in a conference: its port at the mixer and what the conference knows about it. */
export class ConferenceMember implements MixerPort, FrameSource {
  /** May be heard, `mute` aside from the room waiting for its moderator. */
  speaks: boolean;
  hears: boolean;
  talking = false;
  level = 0;
  mixed = false;
  /** Set when the member is to go on into another conference. */
  transferTo: string | undefined;
  joined = true;
  private readonly files: OpenedAudio[] = [];
  private readonly fileFrame = new Int16Array(samplesPerFrame);
  private hasFileFrame = false;
  private loudSlots = 0;
  private quietSlots = 0;

  constructor(
    readonly id: number,
    readonly conference: Conference,
    readonly channel: Channel,
    private readonly execution: Execution,
    readonly flags: MemberFlags,
  ) {
    this.speaks = !flags.has('mute');
    this.hears = !flags.has('deaf');
  }

  get moderator(): boolean {
    return this.flags.has('moderator');
  }

  get ghost(): boolean {
    return this.flags.has('ghost');
  }

  get input(): Int16Array {
    return this.channel.leg?.input ?? silentFrame;
  }

  get inputActive(): boolean {
    return this.channel.leg?.inputActive ?? false;
  }

  get canSpeak(): boolean {
    return this.speaks && !this.conference.waitsForModerator && this.conference.carriesVoices;
  }

  get canHear(): boolean {
    return this.hears && !this.conference.waitsForModerator;
  }

  read(into: Int16Array): boolean {
    if (!this.joined) return false;
    if (this.canHear) this.conference.mixer.hear(this, into);
    else into.fill(0);
    if (this.hasFileFrame) this.addFileFrame(into);
    return true;
  }

  readEncoded(table: Uint8Array, into: Uint8Array, offset: number): boolean {
    if (this.joined && this.canHear && !this.hasFileFrame) {
      this.conference.mixer.hearEncoded(this, table, into, offset);
      return true;
    }
    if (!this.read(scratchFrame)) return false;
    encodeG711(table, scratchFrame, into, offset);
    return true;
  }

  /** Lets the conference application of the channel return. */
  release(): void {
    this.execution.end('done');
  }

  /** Queues a file only this member hears, over the room. False when too many wait. */
  playFile(audio: OpenedAudio): boolean {
    if (this.files.length >= queuedFilesMax) return false;
    this.files.push(audio);
    return true;
  }

  /** Stops the member's own files; gives those. */
  stopFiles(which: 'all' | 'current'): OpenedAudio[] {
    return this.files.splice(0, which === 'all' ? this.files.length : 1);
  }

  /** Makes the next slot of the member's own file; gives a file that just ended. */
  advanceOwnFile(): OpenedAudio | undefined {
    const [audio] = this.files;
    this.hasFileFrame = audio !== undefined && audio.source.read(this.fileFrame);
    return audio !== undefined && !this.hasFileFrame ? this.files.shift() : undefined;
  }

  /**
   * Follows the member's voice as mod_conference does; tells when talking starts or stops. Doubtful slots count up and quiet ones down
   * before talking; while talking only quiet ones count. A muted member is not looked at.
   */
  followVoice(): 'started' | 'stopped' | undefined {
    if (!this.speaks) return undefined;
    this.level = this.inputActive ? meanMagnitude(this.input) : 0;
    if (this.level > speechLevel) {
      this.loudSlots += 1;
      if (this.level < speechLevel + clearlyLoud && this.loudSlots < slotsToStart) return undefined;
      this.forgetVoice();
      if (this.talking) return undefined;
      this.talking = true;
      return 'started';
    }
    if (this.loudSlots > 0) this.loudSlots -= 1;
    if (!this.talking) return undefined;
    this.quietSlots += 1;
    if (this.quietSlots < slotsToStop) return undefined;
    this.forgetVoice();
    this.talking = false;
    return 'stopped';
  }

  /** Mutes or unmutes. mod_conference tells no end of talking for a member that is muted in the middle of it. */
  setSpeaks(speaks: boolean): void {
    this.speaks = speaks;
    if (speaks) return;
    this.talking = false;
    this.level = 0;
    this.forgetVoice();
  }

  private forgetVoice(): void {
    this.loudSlots = 0;
    this.quietSlots = 0;
  }

  private addFileFrame(into: Int16Array): void {
    const { fileFrame } = this;
    for (let at = 0; at < samplesPerFrame; at += 1)
      into[at] = clipSample((into[at] as number) + (fileFrame[at] as number));
  }

  headers(): EventHeaders {
    return {
      ...this.conference.headers(),
      Floor: String(this.conference.floorHolder === this),
      ...basicChannelHeaders(this.channel),
      Video: 'false',
      Hear: String(this.hears),
      See: 'false',
      Speak: String(this.speaks),
      Talking: String(this.talking),
      'Mute-Detect': String(this.flags.has('mute-detect')),
      Hold: 'false',
      'Member-ID': String(this.id),
      'Member-Type': this.moderator ? 'moderator' : 'member',
      'Member-Ghost': String(this.ghost),
      'Energy-Level': String(speechLevel),
      'Current-Energy': String(Math.round(this.level)),
    };
  }
}
