import { randomId } from '../../kernel/ids';
import type { SlotWorker } from '../media/media-engine';
import { Mixer } from '../media/mixer';
import type { WavRecorder } from '../media/wav-recorder';
import type { OpenedAudio } from './audio-files';
import type { Channel } from './channel';
import { ConferenceMember, type MemberFlags } from './conference-member';
import { ConferenceRelations } from './conference-relations';
import type { Core } from './core';
import type { EventHeaders } from './event';
import type { Execution } from './execution';

const subclass = 'conference::maintenance';
const queuedFilesMax = 100;

/** A room: its members, what is played to all of them, and the rules that end it. */
export class Conference implements SlotWorker {
  readonly uuid = randomId();
  readonly members: ConferenceMember[] = [];
  readonly startedMs: number;
  pin: string | undefined;
  locked = false;
  /** 0 is no limit. */
  maxMembers = 0;
  floorHolder: ConferenceMember | undefined;
  /** True while somebody asked to wait and no moderator is there: nobody is heard. */
  waitsForModerator = false;
  readonly recorders = new Map<string, WavRecorder>();
  readonly mixer = new Mixer<ConferenceMember>();
  readonly relations = new ConferenceRelations(this.mixer, (id) => this.member(id));
  private readonly files: OpenedAudio[] = [];
  private lastMemberId = 0;
  private hadTwo = false;

  constructor(
    private readonly core: Core,
    readonly name: string,
    readonly profile: string,
    private readonly onEmpty: (conference: Conference) => void,
  ) {
    this.startedMs = core.clock.nowMs();
  }

  /** Members that count: ghosts do not. */
  get size(): number {
    return this.members.filter((member) => !member.ghost).length;
  }

  headers(): EventHeaders {
    return {
      'Conference-Name': this.name,
      'Conference-Domain': this.core.media.host,
      'Conference-Size': String(this.size),
      'Conference-Ghosts': String(this.members.length - this.size),
      'Conference-Profile-Name': this.profile,
      'Conference-Unique-ID': this.uuid,
    };
  }

  /** mod_conference throws away what a lone member says, unless it is recorded: ghosts are no company. */
  get carriesVoices(): boolean {
    return this.size > 1 || this.recorders.size > 0;
  }

  /** Fires a `conference::maintenance` event about the room. */
  fire(action: string, extra: EventHeaders = {}): void {
    this.core.bus.fire('CUSTOM', () => ({ ...this.headers(), Action: action, ...extra }), { subclass });
  }

  /** Fires one about a member. */
  fireMember(member: ConferenceMember, action: string, extra: EventHeaders = {}): void {
    this.core.bus.fire('CUSTOM', () => ({ ...member.headers(), Action: action, ...extra }), { subclass });
  }

  join(channel: Channel, execution: Execution, flags: MemberFlags): ConferenceMember {
    this.lastMemberId += 1;
    const member = new ConferenceMember(this.lastMemberId, this, channel, execution, flags);
    this.members.push(member);
    this.mixer.add(member);
    if (this.members.length >= 2) this.hadTwo = true;
    this.lookForModerator();
    channel.setVariable('conference_name', this.name);
    channel.setVariable('conference_uuid', this.uuid);
    channel.setVariable('conference_member_id', String(member.id));
    this.fireMember(member, 'add-member');
    if (this.floorHolder === undefined && member.speaks) this.giveFloor(member);
    return member;
  }

  /** Takes a member out; the room ends with its last member, or as `endconf` and `mintwo` say. */
  leave(member: ConferenceMember): void {
    if (!member.joined) return;
    member.joined = false;
    this.mixer.remove(member);
    this.relations.forget(member);
    this.members.splice(this.members.indexOf(member), 1);
    this.lookForModerator();
    if (member.talking) this.fireMember(member, 'stop-talking');
    this.fireMember(member, 'del-member');
    if (this.floorHolder === member) this.giveFloor(this.members.find((one) => one.speaks));
    const lastEnder = member.flags.has('endconf') && !this.members.some((one) => one.flags.has('endconf'));
    const tooFew =
      this.hadTwo && this.members.length < 2 && this.members.some((one) => one.flags.has('mintwo'));
    if (lastEnder || tooFew) for (const one of this.members) one.release();
    if (this.members.length === 0) {
      this.stopRecordings();
      this.onEmpty(this);
    }
  }

  member(id: number): ConferenceMember | undefined {
    return this.members.find((one) => one.id === id);
  }

  /** Queues a file for the whole room; false when too many wait. */
  playFile(audio: OpenedAudio): boolean {
    if (this.files.length >= queuedFilesMax) return false;
    this.files.push(audio);
    return true;
  }

  /** Stops room files; gives how many. Each is told as done. */
  stopFiles(which: 'all' | 'current'): number {
    const stopped = this.files.splice(0, which === 'all' ? this.files.length : 1);
    for (const audio of stopped) this.fire('play-file-done', doneHeaders(audio));
    return stopped.length;
  }

  /** The same for files that one member hears. */
  stopMemberFiles(member: ConferenceMember, which: 'all' | 'current'): number {
    const stopped = member.stopFiles(which);
    for (const audio of stopped) this.fireMember(member, 'play-file-member-done', doneHeaders(audio));
    return stopped.length;
  }

  /** Passes a key on to everybody else (`dist-dtmf`). */
  distributeDigit(from: ConferenceMember, key: string, durationSamples: number): void {
    for (const member of this.members)
      if (member !== from) member.channel.leg?.sendDigits(key, durationSamples);
  }

  /** One slot of the room. */
  work(): void {
    const [audio] = this.files;
    const goesOn = this.mixer.mix(audio?.source);
    if (audio !== undefined && !goesOn) {
      this.files.shift();
      this.fire('play-file-done', doneHeaders(audio));
    }
    for (const recorder of this.recorders.values()) recorder.take(this.mixer.everyone());
    for (const member of this.members) this.workMember(member);
  }

  /** Closes one recording, or all; gives how many. */
  stopRecordings(path?: string): number {
    let stopped = 0;
    for (const [name, recorder] of this.recorders) {
      if (path !== undefined && name !== path) continue;
      this.recorders.delete(name);
      stopped += 1;
      const seconds = String(Math.floor(recorder.samples / 8_000));
      const tell = (error?: Error): void => {
        if (error !== undefined)
          this.core.log.error('conference recording failed', { path: name, error: error.message });
        this.fire('stop-recording', {
          Path: name,
          'Samples-Out': String(recorder.samples),
          'Seconds-Recorded': seconds,
        });
      };
      recorder.close().then(() => tell(), tell);
    }
    return stopped;
  }

  private lookForModerator(): void {
    const someWait = this.members.some((member) => member.flags.has('wait-mod'));
    this.waitsForModerator = someWait && !this.members.some((member) => member.moderator);
  }

  private workMember(member: ConferenceMember): void {
    const ended = member.advanceOwnFile();
    if (ended) this.fireMember(member, 'play-file-member-done', doneHeaders(ended));
    const change = member.followVoice();
    if (change === undefined) return;
    this.fireMember(member, change === 'started' ? 'start-talking' : 'stop-talking');
    if (change === 'started' && this.floorHolder?.talking !== true) this.giveFloor(member);
  }

  private giveFloor(member: ConferenceMember | undefined): void {
    if (member === this.floorHolder) return;
    const before = this.floorHolder;
    this.floorHolder = member;
    const ids = {
      'Old-ID': before ? String(before.id) : 'none',
      'New-ID': member ? String(member.id) : 'none',
    };
    if (member) this.fireMember(member, 'floor-change', ids);
    else this.fire('floor-change', ids);
  }
}

function doneHeaders(audio: OpenedAudio): EventHeaders {
  const samples = audio.playedSamples();
  return {
    seconds: String(Math.floor(samples / 8_000)),
    milliseconds: String(Math.floor(samples / 8)),
    samples: String(samples),
    File: audio.path,
  };
}
