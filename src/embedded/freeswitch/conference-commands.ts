import { WavRecorder } from '../media/wav-recorder';
import type { AudioFiles } from './audio-files';
import type { Conference } from './conference';
import type { ConferenceMember } from './conference-member';
import type { Core } from './core';
import { splitArguments } from './split-arguments';

type MemberCommand = (member: ConferenceMember, argument: string | undefined) => string;
type RoomCommand = (
  context: RoomContext,
  words: readonly string[],
) => string | undefined | Promise<string | undefined>;
/** Ids in one list, as mod_conference reads them. */
const relatedMax = 100;

type RoomContext = { core: Core; files: AudioFiles; conference: Conference };

/** Commands aimed at members: `conference <name> <verb> <id|all|last|non_moderator> [argument]`. */
const memberCommands: Readonly<Record<string, MemberCommand>> = {
  mute: (member) => setSpeaking(member, false),
  unmute: (member) => setSpeaking(member, true),
  tmute: (member) => setSpeaking(member, !member.speaks),
  deaf: (member) => setHearing(member, false),
  undeaf: (member) => setHearing(member, true),
  kick: (member) => letGo(member, 'kick-member', `+OK kicked ${member.id}\n`),
  hup: (member) => letGo(member, 'hup-member', `+OK hup ${member.id}\n`),
  dtmf: (member, keys) => {
    if (keys === undefined || keys === '') return '-ERR Invalid input!\n';
    member.channel.leg?.sendDigits(keys, 2_000);
    member.conference.fireMember(member, 'dtmf-member', { Digits: keys });
    return `+OK sent ${keys} to ${member.id}\n`;
  },
};

/** Commands aimed at the room; undefined asks for the usage text. */
const roomCommands: Readonly<Record<string, RoomCommand>> = {
  list: ({ conference }, words) => {
    if (words[0] === 'count') return String(conference.members.length);
    return conference.members
      .map((member) => listLine(member, words[0] === 'delim' ? (words[1] ?? ';') : ';'))
      .join('');
  },
  count: ({ conference }) => String(conference.size),
  lock: ({ conference }) => setLocked(conference, true),
  unlock: ({ conference }) => setLocked(conference, false),
  play,
  stop,
  relate,
  get: ({ core, conference }, [name = '']) => settings(core, conference)[name],
  set: ({ conference }, words) => setSetting(conference, words),
  pin: ({ conference }, [pin = '']) => {
    conference.pin = pin;
    return `+OK Pin for conference ${conference.name} set: ${pin}\n`;
  },
  nopin: ({ conference }) => {
    conference.pin = undefined;
    return `+OK Pin for conference ${conference.name} deleted\n`;
  },
  transfer: ({ conference }, [target, ...ids]) => {
    if (target === undefined || ids.length === 0) return undefined;
    return ids.map((id) => transferMember(conference, target, id)).join('');
  },
  recording,
  chkrecord: ({ conference }) => {
    const lines = [...conference.recorders.keys()].map((path) => `+OK Record file ${path}\n`);
    return lines.length > 0 ? lines.join('') : '-ERR Conference is not being recorded.\n';
  },
};

/** The api command `conference …`. Its replies are those of mod_conference. */
export async function conferenceCommand(core: Core, files: AudioFiles, argument: string): Promise<string> {
  const [name, verb, ...words] = splitArguments(argument);
  if (name === undefined) return "Conference command, not specified.\nTry 'help'\n";
  const conference = core.conferences.find(name);
  if (!conference) return withoutRoom(core, name, verb);
  if (verb === undefined) return "Conference command, not specified.\nTry 'help'\n";
  const lower = verb.toLowerCase();
  const memberCommand = memberCommands[lower];
  if (memberCommand) return runForMembers(conference, lower, memberCommand, words);
  const roomCommand = roomCommands[lower];
  if (roomCommand === undefined) {
    core.log.error('unknown conference command', { command: verb });
    return `-ERR Conference command '${verb}' not found.\n`;
  }
  return (await roomCommand({ core, files, conference }, words)) ?? `${lower} <arguments>`;
}

function withoutRoom(core: Core, name: string, verb: string | undefined): string {
  if (name === 'count') return String(core.conferences.all().length);
  if (name !== 'list') return `-ERR Conference ${name} not found\n`;
  const all = core.conferences.all();
  if (all.length === 0) return '+OK No active conferences.\n';
  const withMembers = verb !== 'summary';
  return all
    .map((conference) => roomLine(conference) + (withMembers ? memberLines(conference) : ''))
    .join('');
}

function memberLines(conference: Conference): string {
  return conference.members.map((member) => listLine(member, ';')).join('');
}

function roomLine(conference: Conference): string {
  const { name, members, locked } = conference;
  const plural = members.length === 1 ? '' : 's';
  const flags = ['running', 'answered', ...(locked ? ['locked'] : [])].join('|');
  return `+OK Conference ${name} (${members.length} member${plural} rate: 8000 flags: ${flags})\n`;
}

function listLine(member: ConferenceMember, delimiter: string): string {
  const { caller } = member.channel;
  const flags = [
    member.hears ? 'hear' : '',
    member.speaks ? 'speak' : '',
    member.talking ? 'talking' : '',
    member.conference.floorHolder === member ? 'floor' : '',
    member.moderator ? 'moderator' : '',
    member.ghost ? 'ghost' : '',
  ].filter((flag) => flag !== '');
  const fields = [
    String(member.id),
    member.channel.name,
    member.channel.uuid,
    caller.name,
    caller.number,
    flags.join('|'),
  ];
  return `${[...fields, '0', '0', '0', '300'].map((field) => oneField(field, delimiter)).join(delimiter)}\n`;
}

/** A caller's name must not be able to add fields or lines to the list. */
function oneField(text: string, delimiter: string): string {
  return text.replaceAll(delimiter, '_').replace(/\p{Cc}/gu, '_');
}

function runForMembers(
  conference: Conference,
  verb: string,
  command: MemberCommand,
  words: readonly string[],
): string {
  const [target = '', argument] = words;
  if (target === 'all' || target === 'non_moderator') {
    const chosen = conference.members.filter((member) => target === 'all' || !member.moderator);
    return chosen.map((member) => command(member, argument)).join('');
  }
  const id = Number.parseInt(target, 10);
  if (target === 'last') {
    const last = conference.members.at(-1);
    return last ? command(last, argument) : '';
  }
  if (!(id > 0)) return `${verb} <[member_id|all]|last|non_moderator>`;
  const member = conference.member(id);
  return member ? command(member, argument) : `-ERR Non-Existant ID ${id}\n`;
}

function setSpeaking(member: ConferenceMember, speaks: boolean): string {
  member.setSpeaks(speaks);
  member.conference.fireMember(member, speaks ? 'unmute-member' : 'mute-member');
  return `+OK ${speaks ? 'unmute' : 'mute'} ${member.id}\n`;
}

function setHearing(member: ConferenceMember, hears: boolean): string {
  member.hears = hears;
  member.conference.fireMember(member, hears ? 'undeaf-member' : 'deaf-member');
  return `+OK ${hears ? 'undeaf' : 'deaf'} ${member.id}\n`;
}

function letGo(member: ConferenceMember, action: string, reply: string): string {
  member.conference.fireMember(member, action);
  member.release();
  return reply;
}

function setLocked(conference: Conference, locked: boolean): string {
  conference.locked = locked;
  conference.fire(locked ? 'lock' : 'unlock');
  return `+OK ${conference.name} ${locked ? 'locked' : 'unlocked'}\n`;
}

async function play(
  { files, conference }: RoomContext,
  words: readonly string[],
): Promise<string | undefined> {
  const [path, id] = words;
  if (path === undefined) return undefined;
  const audio = await files.open(path);
  const notFound = `-ERR (play) File: ${path} not found.\n`;
  if (id === undefined || id === 'async') {
    if (!audio || conference.members.length === 0 || !conference.playFile(audio)) return notFound;
    conference.fire('play-file', { File: path, Async: 'false' });
    return `+OK (play) Playing file ${path}\n`;
  }
  const member = conference.member(Number.parseInt(id, 10));
  if (!member) return `-ERR Member: ${id} not found.\n`;
  if (!audio || !member.playFile(audio)) return notFound;
  conference.fireMember(member, 'play-file-member', { File: path });
  return `+OK (play) Playing file ${path} to member ${member.id}\n`;
}

function stop({ conference }: RoomContext, words: readonly string[]): string | undefined {
  const [which = 'all', id] = words;
  if (which !== 'all' && which !== 'current' && which !== 'async') return undefined;
  const scope = which === 'current' ? 'current' : 'all';
  if (id === undefined) return `+OK Stopped ${conference.stopFiles(scope)} files.\n`;
  const member = conference.member(Number.parseInt(id, 10));
  return member
    ? `+OK Stopped ${conference.stopMemberFiles(member, scope)} files.\n`
    : `-ERR Member: ${id} not found.\n`;
}

/** `relate <ids> <other ids> nospeak|nohear|clear`, ids separated by commas; with fewer words it shows what there is. */
function relate({ conference }: RoomContext, words: readonly string[]): string | undefined {
  const [ids = '', otherIds, action = ''] = words;
  const { relations } = conference;
  if (otherIds === undefined)
    return idsOf(ids === '' ? '0' : ids)
      .map((id) => relations.show(id))
      .join('');
  const canSpeak = !action.includes('nospeak');
  const canHear = !action.includes('nohear');
  const clears = action.toLowerCase() === 'clear';
  if (!clears && canSpeak && canHear) return undefined;
  const pairs = idsOf(ids).flatMap((id) => idsOf(otherIds).map((otherId) => [id, otherId] as const));
  return pairs
    .map(([id, otherId]) => {
      const member = conference.member(id);
      if (!member || (!clears && !conference.member(otherId)))
        return `-ERR relationship ${id}->${otherId} not found.\n`;
      if (clears) {
        relations.clear(member, otherId);
        return `+OK relationship ${id}->${otherId} cleared.\n`;
      }
      relations.set(member, otherId, { canSpeak, canHear });
      if (!canSpeak) member.talking = false;
      return `+OK ${id}->${otherId} ${action} set\n`;
    })
    .join('');
}

function idsOf(list: string): number[] {
  return list
    .split(',', relatedMax)
    .filter((id) => id !== '')
    .map((id) => Number.parseInt(id, 10) || 0);
}

function settings(core: Core, conference: Conference): Readonly<Record<string, string>> {
  return {
    run_time: String(Math.floor((core.clock.nowMs() - conference.startedMs) / 1_000)),
    count: String(conference.size),
    count_ghosts: String(conference.members.length - conference.size),
    max_members: String(conference.maxMembers),
    rate: '8000',
    profile_name: conference.profile,
    is_locked: conference.locked ? 'locked' : '',
    uuid: conference.uuid,
  };
}

function setSetting(conference: Conference, [name, value]: readonly string[]): string | undefined {
  const count = Number.parseInt(value ?? '', 10);
  if (name !== 'max_members' || !(count >= 0)) return undefined;
  const before = conference.maxMembers;
  conference.maxMembers = count;
  return String(before);
}

function transferMember(conference: Conference, target: string, id: string): string {
  const member = conference.member(Number.parseInt(id, 10));
  if (!member) return `-ERR No Member ${id} in conference ${conference.name}.\n`;
  member.transferTo = target;
  conference.fireMember(member, 'transfer', {
    'Old-Conference-Name': conference.name,
    'New-Conference-Name': target,
  });
  member.release();
  return `+OK Member '${member.id}' sent to conference ${target}.\n`;
}

async function recording(
  { core, conference }: RoomContext,
  words: readonly string[],
): Promise<string | undefined> {
  const [verb, path] = words;
  if (path === undefined) return undefined;
  if (verb === 'start') {
    if (conference.recorders.has(path)) return `-ERR file [${path}] is already being used for recording.\n`;
    try {
      conference.recorders.set(path, await WavRecorder.create(path));
      conference.fire('start-recording', { Path: path });
    } catch (error) {
      core.log.error('conference recording failed', { path, error: String(error) });
      conference.fire('start-recording', { Path: path, Error: String(error) });
    }
    return `+OK Record file ${path}\n`;
  }
  if (verb === 'stop') {
    const stopped = conference.stopRecordings(path === 'all' ? undefined : path);
    if (stopped === 0) return `-ERR non-existant recording '${path}'\n`;
    return `+OK Stopped recording ${stopped} file${stopped === 1 ? '' : 's'}\n`;
  }
  if (verb !== 'pause' && verb !== 'resume') return undefined;
  const recorder = conference.recorders.get(path);
  if (!recorder) return `-ERR non-existant recording '${path}'\n`;
  recorder.paused = verb === 'pause';
  conference.fire(`${verb}-recording`, { Path: path });
  return `+OK ${verb === 'pause' ? 'Pause' : 'Resume'} recording file ${path}\n`;
}
