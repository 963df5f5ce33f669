import type { AudioFiles } from './audio-files';
import { bridgeChannels, parkChannel } from './bridge';
import type { Channel } from './channel';
import { fullChannelHeaders } from './channel-headers';
import { setMediaStats } from './channel-statistics';
import { conferenceCommand } from './conference-commands';
import type { Core } from './core';
import { headerLines } from './event';
import { toHangupCause } from './hangup-causes';
import { show } from './show';
import { splitArguments } from './split-arguments';
import { sofiaStatus, status } from './status';

const noSuchChannel = '-ERR No such channel!\n';

type ApiCommand = (core: Core, argument: string) => string | Promise<string>;

/** The api commands by name; replies are those of mod_commands, mod_sofia and mod_conference. */
export class ApiCommands {
  private readonly table: ReadonlyMap<string, ApiCommand>;

  constructor(
    private readonly core: Core,
    files: AudioFiles,
  ) {
    this.table = new Map<string, ApiCommand>([
      ['sofia', sofiaStatus],
      ['status', status],
      ['show', show],
      ['conference', (core, argument) => conferenceCommand(core, files, argument)],
      ['uuid_dump', withChannel((channel) => headerLines(fullChannelHeaders(channel)))],
      ['uuid_set_media_stats', setStats],
      ['uuid_bridge', bridge],
      ['uuid_transfer', transfer],
      ['uuid_displace', (core, argument) => displace(core, files, argument)],
      ['uuid_media_reneg', renegotiate],
      ['uuid_kill', withChannel(kill)],
      ['uuid_exists', (core, argument) => String(core.channels.find(argument.trim()) !== undefined)],
      ['uuid_getvar', withChannel((channel, [name]) => getVariable(channel, name))],
      ['uuid_setvar', withChannel((channel, [name, value]) => setVariable(channel, name, value), 3)],
      ['uuid_recv_dtmf', receiveDigits],
      ['uuid_send_dtmf', withChannel(sendDigits)],
      ['uuid_break', withChannel(breakChannel)],
      ['hupall', hangUpAll],
    ]);
  }

  /** Runs `verb arguments`; an unknown verb is refused as the real server does, and logged. Never rejects. */
  async run(text: string): Promise<string> {
    const [, verb = '', argument = ''] = /^\s*(\S+)\s?(.*)$/s.exec(text) ?? [];
    const command = this.table.get(verb.toLowerCase());
    if (!command) {
      this.core.log.error('unknown api command', { command: verb });
      return `-ERR ${verb} Command not found!\n`;
    }
    try {
      return (await command(this.core, argument)) || '-ERR no reply\n';
    } catch (error) {
      this.core.log.error('api command failed', { command: verb, error: String(error) });
      return '-ERR internal error\n';
    }
  }
}

/** Finds the channel named first; the words after it go to `run`. */
function withChannel(
  run: (channel: Channel, words: readonly string[]) => string,
  piecesMax = 100,
): ApiCommand {
  return (core, argument) => {
    const [uuid = '', ...words] = splitArguments(argument, piecesMax);
    const channel = core.channels.find(uuid);
    return channel ? run(channel, words) : noSuchChannel;
  };
}

function setStats(core: Core, argument: string): string {
  const channel = core.channels.find(argument.trim());
  if (!channel) return `-ERR No such channel ${argument.trim()}!\n`;
  setMediaStats(channel);
  return '+OK:\n';
}

function bridge(core: Core, argument: string): string {
  const [one = '', other = ''] = splitArguments(argument);
  if (other === '') return '-USAGE: <uuid> <other_uuid>\n';
  const first = core.channels.find(one);
  const second = core.channels.find(other);
  if (!first || !second || first === second || !bridgeChannels(first, second)) return '-ERR Invalid uuid\n';
  return `+OK ${other}\n`;
}

async function displace(core: Core, files: AudioFiles, argument: string): Promise<string> {
  const [uuid = '', action = '', path = '', , flags = ''] = splitArguments(argument, 5);
  if (path === '' || !/^(start|stop)$/i.test(action))
    return '-USAGE: <uuid> [start|stop] <path> [<limit>] [mux]\n';
  const channel = core.channels.find(uuid);
  if (!channel) return '-ERR Cannot locate session!\n';
  if (/^stop$/i.test(action))
    return channel.displacement.stop(path) ? '+OK Success\n' : '-ERR Cannot stop displace session!\n';
  const audio = await files.open(path);
  const begun = audio && channel.alive && channel.displacement.start(path, audio.source, flags.includes('m'));
  return begun ? '+OK Success\n' : '-ERR Cannot displace session!\n';
}

/** Only `park inline` is known of the dialplans: it is how a bridge is taken apart. */
function transfer(core: Core, argument: string): string {
  const words = splitArguments(argument);
  const channel = core.channels.find(words[0] ?? '');
  if (!channel) return noSuchChannel;
  const [leg, ...destination] = words[1]?.startsWith('-') ? words.slice(1) : ['', ...words.slice(1)];
  if (destination[0] !== 'park' || destination[1] !== 'inline') {
    core.log.error('unknown transfer destination', { destination: destination.join(' ') });
    return '-ERR\n';
  }
  const peer = channel.bridged;
  if (leg === '-bleg') parkChannel(peer ?? channel);
  else {
    if (leg === '-both' && peer) parkChannel(peer);
    parkChannel(channel);
  }
  return '+OK\n';
}

function renegotiate(core: Core, argument: string): string {
  const [uuid = ''] = splitArguments(argument);
  if (uuid === '') return '-USAGE: <uuid>[ <codec_string>]\n';
  return core.channels.find(uuid)?.renegotiate?.() ? '+OK Success\n' : '-ERR Operation Failed\n';
}

function kill(channel: Channel, [cause]: readonly string[]): string {
  channel.hangUp(toHangupCause(cause ?? ''));
  return '+OK\n';
}

function getVariable(channel: Channel, name: string | undefined): string {
  if (name === undefined) return '-ERR No variable name specified!\n';
  return channel.variables.get(name) ?? '_undef_';
}

function setVariable(channel: Channel, name: string | undefined, value: string | undefined): string {
  if (name === undefined) return '-ERR No variable specified\n';
  channel.setVariable(name, value === '' ? undefined : value);
  return '+OK\n';
}

function receiveDigits(core: Core, argument: string): string {
  const [uuid = '', keys = ''] = splitArguments(argument);
  const channel = core.channels.find(uuid);
  if (!channel) return '-ERR Cannot locate session!\n';
  const [digits = '', duration] = keys.split('@');
  const durationSamples = Number.parseInt(duration ?? '', 10) || 2_000;
  for (const key of digits) channel.receiveDigit({ key, durationSamples }, 'APP');
  return `+OK ${uuid} received DTMF ${digits}.\n`;
}

function sendDigits(channel: Channel, [keys = '']: readonly string[]): string {
  channel.leg?.sendDigits(keys.split('@')[0] ?? '', 2_000);
  return `+OK ${channel.uuid} sent DTMF ${keys}.\n`;
}

function breakChannel(channel: Channel, flags: readonly string[]): string {
  channel.breakNewest(flags.includes('all'));
  return '+OK\n';
}

function hangUpAll(core: Core, argument: string): string {
  const [causeText = 'MANAGER_REQUEST', name, value] = splitArguments(argument);
  const cause = toHangupCause(causeText);
  for (const channel of core.channels.all()) {
    if (name === undefined || channel.variables.get(name) === value) channel.hangUp(cause);
  }
  if (name === undefined) return `+OK hangup all channels with cause ${cause}\n`;
  return `+OK hangup all channels matching [${name}]=[${value ?? ''}] with cause: ${cause}\n`;
}
