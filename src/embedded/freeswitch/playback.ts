import type { AudioFiles, OpenedAudio } from './audio-files';
import type { Channel } from './channel';
import type { Execution, StepEnd } from './execution';

const filesMax = 200;

/** How a list of files came to its end. */
export type PlayEnd = StepEnd | 'not-found';

/**
 * Plays `file`, `file@@offset`, or several joined by the variable `playback_delimiter`. Each file tells PLAYBACK_START and
 * PLAYBACK_STOP. `isInterrupted` is asked before each file: a key may come while a file is being opened. `playback_ms`, `_seconds`, `_samples` and `_last_offset_pos` count the last one, as in FreeSWITCH.
 */
export async function playFiles(
  files: AudioFiles,
  channel: Channel,
  execution: Execution,
  list: string,
  isInterrupted: () => boolean = () => false,
): Promise<PlayEnd> {
  const delimiter = channel.variables.get('playback_delimiter');
  const limitMs = takeLimit(channel);
  let played = false;
  for (const entry of delimiter ? list.split(delimiter, filesMax) : [list]) {
    if (entry === '') continue;
    const [path = '', offset] = entry.split('@@');
    const audio = await files.open(path, Number.parseInt(offset ?? '0', 10) || 0);
    if (!execution.alive) return 'hangup';
    if (isInterrupted()) return 'digit';
    if (!audio) {
      channel.core.log.warn('file not found', { path, channel: channel.uuid });
      if (!played && !delimiter) return 'not-found';
      continue;
    }
    played = true;
    const end = await playOne(channel, execution, audio, limitMs);
    if (end !== 'done' && end !== 'break') return end;
  }
  return played ? 'done' : 'not-found';
}

/** Plays one opened file with its events and result variables. */
async function playOne(
  channel: Channel,
  execution: Execution,
  audio: OpenedAudio,
  limitMs: number | undefined,
): Promise<StepEnd> {
  const facts = {
    'Playback-File-Path': audio.path,
    ...(audio.type ? { 'Playback-File-Type': audio.type } : {}),
  };
  channel.fire('PLAYBACK_START', facts);
  const end = await execution.play(audio.source, limitMs);
  const samples = audio.playedSamples();
  channel.setVariable('playback_seconds', String(Math.floor(samples / 8_000)));
  channel.setVariable('playback_ms', String(Math.floor(samples / 8)));
  channel.setVariable('playback_samples', String(samples));
  channel.setVariable('playback_last_offset_pos', String(samples));
  channel.fire('PLAYBACK_STOP', { ...facts, 'Playback-Status': end === 'done' ? 'done' : 'break' });
  return end;
}

/** `playback_timeout_sec` holds for one playback only. */
function takeLimit(channel: Channel): number | undefined {
  const seconds = Number.parseInt(channel.variables.get('playback_timeout_sec') ?? '', 10);
  channel.setVariable('playback_timeout_sec', undefined);
  return seconds > 0 ? seconds * 1_000 : undefined;
}

/** The application `playback`: keys end it only when they are terminators, all others are used up. */
export async function playback(
  files: AudioFiles,
  channel: Channel,
  execution: Execution,
  data: string,
): Promise<void> {
  const terminators = playbackTerminators(channel);
  channel.setVariable('playback_terminator_used', '');
  execution.onDigit = (key) => {
    if (!terminators.includes(key)) return true;
    channel.setVariable('playback_terminator_used', key);
    execution.end('digit');
    return true;
  };
  const end = await playFiles(files, channel, execution, data.trim());
  channel.setVariable('current_application_response', responseTo(end));
}

/** Keys that end a playback or recording: variable `playback_terminators`, `*` when it is not set. */
export function playbackTerminators(channel: Channel): string {
  const wanted = channel.variables.get('playback_terminators') ?? '*';
  if (wanted.toLowerCase() === 'any') return '1234567890*#';
  return wanted.toLowerCase() === 'none' ? '' : wanted;
}

function responseTo(end: PlayEnd): string {
  if (end === 'not-found') return 'FILE NOT FOUND';
  return end === 'hangup' || end === 'transfer' ? 'PLAYBACK ERROR' : 'FILE PLAYED';
}
