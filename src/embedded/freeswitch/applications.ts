import type { Core } from './core';
import { meanMagnitude } from '../media/audio-frame';
import { defaultDigitSamples } from '../media/dtmf';
import { WavRecorder } from '../media/wav-recorder';
import type { AudioFiles } from './audio-files';
import type { Application, Channel } from './channel';
import { type ConferenceTarget, parseConferenceTarget } from './conferences';
import type { Execution } from './execution';
import { toHangupCause } from './hangup-causes';
import { playAndGetDigits } from './play-and-get-digits';
import { playback, playbackTerminators } from './playback';
import { splitArguments } from './split-arguments';

const recordSecondsMax = 86_400;
/** Silence that ends `record` when it names a level of silence and no time. */
const silenceSecondsDefault = 3;
const slotsPerSecond = 50;

/** The dialplan applications we know, by name. Everything else ends the call, as in FreeSWITCH. */
export function applicationTable(files: AudioFiles): ReadonlyMap<string, Application> {
  return new Map<string, Application>([
    ['answer', () => {}],
    ['set', (channel, _, data) => assign(channel, data)],
    ['export', (channel, _, data) => exportVariable(channel, data)],
    ['multiset', (channel, _, data) => assignAll(channel, data)],
    ['unset', (channel, _, data) => channel.setVariable(data.trim(), undefined)],
    ['playback', (channel, execution, data) => playback(files, channel, execution, data)],
    ['play_and_get_digits', (channel, execution, data) => playAndGetDigits(files, channel, execution, data)],
    ['sleep', (_, execution, data) => waitMs(execution, Number.parseInt(data, 10))],
    ['park', park],
    ['conference', conference],
    ['hangup', (channel, _, data) => channel.hangUp(toHangupCause(data))],
    ['send_dtmf', (channel, _, data) => sendDigits(channel, data)],
    ['record', record],
    ['set_mute', (channel, _, data) => setMute(channel, data)],
  ]);
}

function assign(channel: Channel, data: string): void {
  const at = data.indexOf('=');
  const name = (at < 0 ? data : data.slice(0, at)).trim();
  const value = at < 0 ? '' : data.slice(at + 1);
  if (name !== '') channel.setVariable(name, value === '' || value === '_undef_' ? undefined : value);
}

function exportVariable(channel: Channel, data: string): void {
  const text = data.replace(/^nolocal:/, '');
  assign(channel, text);
  const name = text.split('=')[0]?.trim() ?? '';
  const exported = channel.variables.get('export_vars');
  channel.setVariable('export_vars', exported === undefined ? name : `${exported},${name}`);
}

function assignAll(channel: Channel, data: string): void {
  for (const piece of splitArguments(data, 1_000)) assign(channel, piece);
}

async function waitMs(execution: Execution, ms: number): Promise<void> {
  await execution.wait(ms >= 0 ? ms : 0);
}

async function park(channel: Channel, execution: Execution): Promise<void> {
  channel.fire('CHANNEL_PARK');
  await execution.wait();
  channel.fire('CHANNEL_UNPARK');
}

function sendDigits(channel: Channel, data: string): void {
  const [keys = '', durationMs] = data.trim().split('@');
  const samples = durationMs === undefined ? defaultDigitSamples : Number.parseInt(durationMs, 10) * 8;
  channel.leg?.sendDigits(keys, samples > 0 ? samples : defaultDigitSamples);
}

function setMute(channel: Channel, data: string): void {
  const [side, on = 'true'] = data.trim().split(/\s+/);
  const mute = /^(true|yes|on|1)$/i.test(on);
  if (!channel.leg) return;
  if (side === 'read' || side === 'both') channel.leg.muteInput = mute;
  if (side === 'write' || side === 'both') channel.leg.muteOutput = mute;
}

async function conference(channel: Channel, execution: Execution, data: string): Promise<void> {
  let target: ConferenceTarget = parseConferenceTarget(data);
  for (;;) {
    const next = await attend(channel.core, channel, execution, target);
    if (next === undefined || !execution.alive) return;
    target = { ...target, name: next, pin: '' };
  }
}

/** Stays in one conference until let go; gives the name of the next one when the member was transferred. */
async function attend(
  core: Core,
  channel: Channel,
  execution: Execution,
  target: ConferenceTarget,
): Promise<string | undefined> {
  const member = core.conferences.join(core, channel, execution, target);
  if (typeof member === 'string') {
    core.log.warn('conference not joined', {
      conference: target.name,
      reason: member,
      channel: channel.uuid,
    });
    return undefined;
  }
  execution.onDigit = (key) => {
    if (member.flags.has('dist-dtmf')) member.conference.distributeDigit(member, key, defaultDigitSamples);
    return true;
  };
  let end = await execution.play(member);
  while (end.startsWith('break') && execution.alive) end = await execution.play(member);
  member.conference.leave(member);
  return member.transferTo;
}

/**
 * `record <file> [seconds] [silence level] [silence seconds]`: ends by limit, silence, a terminator key, or hang-up. Without a level
 * silence ends nothing; without seconds of it three do. A file that cannot be made ends the call, as in FreeSWITCH.
 */
async function record(channel: Channel, execution: Execution, data: string): Promise<void> {
  const [path, limit = '', threshold = '', hits = ''] = splitArguments(data);
  const { leg } = channel;
  if (path === undefined || !leg) return;
  const recorder = await openRecorder(channel, path);
  if (!recorder) return;
  const limitSeconds = Number.parseInt(limit.replace('+', ''), 10);
  const level = Number.parseInt(threshold, 10) || 0;
  const silentSlotsMax = (Number.parseInt(hits, 10) || silenceSecondsDefault) * slotsPerSecond;
  let silentSlots = 0;
  channel.setVariable('playback_terminator_used', '');
  channel.setVariable('silence_hits_exhausted', 'false');
  leg.onInput = (input) => {
    recorder.take(input);
    silentSlots = leg.inputActive && meanMagnitude(input) >= level ? 0 : silentSlots + 1;
    if (level === 0 || silentSlots < silentSlotsMax) return;
    channel.setVariable('silence_hits_exhausted', 'true');
    execution.end('done');
  };
  execution.onDigit = (key) => {
    if (!playbackTerminators(channel).includes(key)) return true;
    channel.setVariable('playback_terminator_used', key);
    execution.end('digit');
    return true;
  };
  await execution.wait(
    (limitSeconds > 0 ? Math.min(limitSeconds, recordSecondsMax) : recordSecondsMax) * 1_000,
  );
  leg.onInput = undefined;
  channel.setVariable('record_samples', String(recorder.samples));
  channel.setVariable('record_ms', String(Math.floor(recorder.samples / 8)));
  channel.setVariable('record_seconds', String(Math.floor(recorder.samples / 8_000)));
  await recorder.close();
}

async function openRecorder(channel: Channel, path: string): Promise<WavRecorder | undefined> {
  try {
    return await WavRecorder.create(path);
  } catch (error) {
    channel.core.log.error('recording cannot be written', { path, error: String(error) });
    channel.hangUp('DESTINATION_OUT_OF_ORDER');
    return undefined;
  }
}
