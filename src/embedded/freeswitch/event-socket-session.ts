import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Timer } from '../../kernel/clock';
import { randomId } from '../../kernel/ids';
import type { ApiCommands } from './api-commands';
import type { Channel, Controller } from './channel';
import { fullChannelHeaders } from './channel-headers';
import { type Command, CommandReader } from './command-reader';
import type { Core } from './core';
import { type EventHeaders, type FreeswitchEvent, headerLines, serializeEvent } from './event';
import type { EventListener } from './event-bus';
import { toHangupCause } from './hangup-causes';
import { Subscription } from './subscription';

/** Bytes waiting for a client that does not read; beyond it the connection is cut, as the real server does with lost events. */
const backlogBytesMax = 16 * 1_024 * 1_024;
/** A client that connects must log in within this time. */
const loginTimeoutMs = 25_000;
/** Commands waiting behind a slow one. */
const waitingCommandsMax = 5_000;
/** How long `linger` alone keeps the socket after the call. */
const lingerMsMax = 600_000;

export type SessionOptions = {
  core: Core;
  api: ApiCommands;
  /** Undefined: no login wanted, the connection controls `channel`. */
  password: string | undefined;
  channel: Channel | undefined;
  /** Runs when a client subscribes to HEARTBEAT. */
  onHeartbeatWanted: ((listener: EventListener) => void) | undefined;
};

/**
 * One event socket connection, in either direction: reads commands in order, answers each, and carries events. A connection made
 * for a channel (outbound mode `async full`) ends with it.
 */
export class EventSocketSession implements EventListener, Controller {
  private readonly reader = new CommandReader();
  private readonly subscription = new Subscription();
  private readonly waiting: Command[] = [];
  private busy = false;
  private endWhenIdle = false;
  private authenticated: boolean;
  private lingerMs: number | undefined;
  private loginTimer: Timer | undefined;
  private lingerTimer: Timer | undefined;
  private closed = false;

  constructor(
    private readonly socket: Socket,
    private readonly options: SessionOptions,
  ) {
    this.authenticated = options.password === undefined;
  }

  /** Takes the socket over: asks for the password, or waits for `connect`. */
  start(): void {
    const { socket, options } = this;
    const { core, channel } = options;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    socket.on('data', (chunk: Buffer) => this.takeBytes(chunk));
    socket.on('error', (error) => core.log.debug('event socket error', { error: error.message }));
    socket.on('close', () => this.stop());
    core.bus.add(this);
    channel?.controllers.add(this);
    if (this.authenticated) return;
    this.send('Content-Type: auth/request\n\n');
    this.loginTimer = core.clock.after(loginTimeoutMs, () => this.end());
  }

  wants(name: string, subclass: string | undefined): boolean {
    return this.authenticated && this.subscription.wants(name, subclass);
  }

  deliver(event: FreeswitchEvent): void {
    if (this.subscription.passes(event)) this.send(serializeEvent(event, this.subscription.format));
  }

  /** The controlled channel is gone: says so and closes, later when the client asked to linger. */
  channelEnded(): void {
    const { core, channel } = this.options;
    if (this.lingerMs === undefined) {
      // The command that ended the channel gets its answer first.
      if (this.busy) this.endWhenIdle = true;
      else this.end();
      return;
    }
    const seconds = this.lingerMs < 0 ? -1 : Math.floor(this.lingerMs / 1_000);
    this.send(
      `Content-Type: text/disconnect-notice\nControlled-Session-UUID: ${channel?.uuid ?? ''}\n` +
        `Content-Disposition: linger\nLinger-Time: ${seconds}\nContent-Length: 0\n\n`,
    );
    this.lingerTimer = core.clock.after(this.lingerMs < 0 ? lingerMsMax : this.lingerMs, () => this.end());
  }

  /** Says goodbye and closes. */
  end(): void {
    if (this.closed) return;
    const { channel } = this.options;
    const message = 'Disconnected, goodbye.\n';
    const about = channel
      ? `Controlled-Session-UUID: ${channel.uuid}\nContent-Disposition: disconnect\n`
      : '';
    this.send(
      `Content-Type: text/disconnect-notice\n${about}Content-Length: ${message.length}\n\n${message}`,
    );
    this.socket.end();
    this.stop();
  }

  private stop(): void {
    if (this.closed) return;
    this.closed = true;
    this.loginTimer?.cancel();
    this.lingerTimer?.cancel();
    this.options.core.bus.remove(this);
    this.options.channel?.controllers.delete(this);
  }

  private send(text: string): void {
    if (this.closed || this.socket.destroyed) return;
    if (this.socket.writableLength > backlogBytesMax) {
      this.options.core.log.error('event socket client does not read, connection cut', {});
      this.socket.destroy();
      return;
    }
    this.socket.write(text);
  }

  private takeBytes(chunk: Buffer): void {
    try {
      this.waiting.push(...this.reader.take(chunk));
      if (this.waiting.length > waitingCommandsMax) throw new Error('too many commands waiting');
    } catch (error) {
      this.options.core.log.warn('event socket command refused', { error: String(error) });
      this.socket.destroy();
      return;
    }
    if (!this.busy) void this.workThrough();
  }

  private async workThrough(): Promise<void> {
    this.busy = true;
    for (
      let command = this.waiting.shift();
      command !== undefined && !this.closed;
      command = this.waiting.shift()
    ) {
      try {
        const reply = this.authenticated ? this.answer(command) : this.login(command);
        const text = typeof reply === 'object' ? await reply : reply;
        if (text !== undefined) this.reply(text);
      } catch (error) {
        this.options.core.log.error('event socket command failed', { error: String(error) });
        this.reply('-ERR internal error');
      }
    }
    this.busy = false;
    if (this.endWhenIdle) this.end();
  }

  /** A reply is one line: what came from outside must not add lines, and clients URL-decode it. */
  private reply(text: string): void {
    const line = text.replace(/\p{Cc}/gu, ' ');
    this.send(`Content-Type: command/reply\nReply-Text: ${line.replaceAll('%', '%25')}\n\n`);
    if (text === '+OK bye' || text === '-ERR invalid') this.end();
  }

  private login(command: Command): string {
    const [, given = ''] = /^auth (.*)$/i.exec(command.line) ?? [];
    if (/^(exit|\.\.\.)/i.test(command.line)) return '+OK bye';
    if (!/^auth /i.test(command.line)) return '-ERR command not found';
    if (!sameSecret(given, this.options.password ?? '')) {
      this.options.core.log.warn('event socket login refused', { address: this.socket.remoteAddress });
      return '-ERR invalid';
    }
    this.loginTimer?.cancel();
    this.authenticated = true;
    return '+OK accepted';
  }

  /** Undefined when the command sent its own answer. */
  private answer(command: Command): string | undefined | Promise<undefined> {
    const [, verb = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(command.line) ?? [];
    const { channel } = this.options;
    switch (verb.toLowerCase()) {
      case 'exit':
      case '...':
        return '+OK bye';
      case 'api':
        return this.runApi(rest);
      case 'bgapi':
        return this.runInBackground(rest, command);
      case 'event':
      case 'events':
        return this.subscribe(rest);
      case 'nixevent':
        return this.subscription.disable(words(rest));
      case 'noevents':
        return this.subscription.disableAll();
      case 'filter':
        return this.subscription.filter(rest);
      case 'myevents':
        return this.subscription.enableOwn(channel?.uuid ?? (words(rest)[0] as string));
      case 'sendmsg':
        return this.sendMessage(rest, command);
      case 'connect':
        return channel ? this.showChannel(channel) : this.unknown(verb);
      case 'getvar':
        return channel ? (channel.variables.get(rest) ?? '') : this.unknown(verb);
      case 'linger':
        return channel ? this.linger(rest) : '-ERR not controlling a session';
      case 'nolinger':
        this.lingerMs = undefined;
        return channel ? '+OK will not linger' : '-ERR not controlling a session';
      default:
        return this.unknown(verb);
    }
  }

  private unknown(verb: string): string {
    this.options.core.log.error('unknown event socket command', { command: verb });
    return '-ERR command not found';
  }

  private async runApi(text: string): Promise<undefined> {
    const body = await this.options.api.run(text);
    this.send(`Content-Type: api/response\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`);
  }

  private runInBackground(text: string, command: Command): undefined {
    const given = command.headers.get('job-uuid');
    const jobUuid = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomId();
    this.send(`Content-Type: command/reply\nReply-Text: +OK Job-UUID: ${jobUuid}\nJob-UUID: ${jobUuid}\n\n`);
    const [, verb = '', argument = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
    void this.runJob(text, {
      'Job-UUID': jobUuid,
      'Job-Command': verb,
      ...(argument ? { 'Job-Command-Arg': argument } : {}),
    });
    return undefined;
  }

  private async runJob(text: string, headers: EventHeaders): Promise<void> {
    const { core, api, channel } = this.options;
    const body = await api.run(text);
    core.bus.fire('BACKGROUND_JOB', () => ({ ...headers, 'Job-Owner-UUID': channel?.uuid ?? '' }), { body });
  }

  private subscribe(rest: string): string {
    const before = this.subscription.wants('HEARTBEAT', undefined);
    const reply = this.subscription.enable(words(rest));
    if (!before && this.subscription.wants('HEARTBEAT', undefined)) {
      queueMicrotask(() => this.options.onHeartbeatWanted?.(this));
    }
    return reply;
  }

  private showChannel(channel: Channel): undefined {
    const headers = {
      ...this.options.core.bus.coreHeaders('CHANNEL_DATA'),
      'Channel-Unique-ID': channel.uuid,
      ...fullChannelHeaders(channel),
      'Content-Type': 'command/reply',
      'Reply-Text': '+OK\n',
      'Socket-Mode': 'async',
      Control: 'full',
    };
    this.send(
      `${headerLines(headers).replace('Content-Type: command%2Freply', 'Content-Type: command/reply')}\n`,
    );
    return undefined;
  }

  private linger(rest: string): string {
    const seconds = Number.parseInt(rest, 10);
    if (!(seconds >= 0)) {
      this.lingerMs = -1;
      return '+OK will linger';
    }
    this.lingerMs = Math.min(seconds * 1_000, lingerMsMax);
    return `+OK will linger ${seconds} seconds`;
  }

  private sendMessage(rest: string, command: Command): string {
    const { core, channel: own } = this.options;
    const uuid = rest || (command.headers.get('session-id') ?? '');
    const channel = uuid === '' || uuid === own?.uuid ? own : core.channels.find(uuid);
    if (!channel) return `-ERR invalid session id [${uuid}]`;
    // The reply comes first: what the message starts may fire events at once.
    queueMicrotask(() => perform(core, channel, command));
    return '+OK';
  }
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Compares in constant time, whatever the lengths. */
function sameSecret(given: string, wanted: string): boolean {
  const [one, other] = [given, wanted].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(one as Buffer, other as Buffer);
}

function perform(core: Core, channel: Channel, command: Command): void {
  const { headers } = command;
  const verb = headers.get('call-command')?.toLowerCase();
  if (verb === 'hangup') {
    channel.hangUp(toHangupCause(headers.get('hangup-cause') ?? ''));
    return;
  }
  if (verb !== 'execute') {
    core.log.error('unknown call command', { command: verb ?? '' });
    return;
  }
  const argument = command.body !== '' ? command.body : (headers.get('execute-app-arg') ?? '');
  const uuid = headers.get('event-uuid') ?? randomId();
  const loops = Math.min(Number.parseInt(headers.get('loops') ?? '1', 10) || 1, 100);
  for (let count = 0; count < loops; count += 1) {
    channel.execute(headers.get('execute-app-name') ?? '', argument, uuid);
  }
}
