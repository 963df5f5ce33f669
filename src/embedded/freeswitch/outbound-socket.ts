import { connect } from 'node:net';
import type { ApiCommands } from './api-commands';
import type { Channel } from './channel';
import type { Core } from './core';
import { EventSocketSession } from './event-socket-session';

/** A controller that does not answer within this time is not there. */
const connectTimeoutMs = 4_000;

/** An address in the form `host:port`. */
export type ControllerAddress = { host: string; port: number };

/** Reads `X-esl-outbound`; undefined when it names no address. */
export function parseControllerAddress(text: string): ControllerAddress | undefined {
  const [, host = '', portText] = /^\s*\[?([\w.:-]+?)\]?:(\d{1,5})\s*$/.exec(text) ?? [];
  const port = Number(portText);
  return host !== '' && port > 0 && port < 65_536 ? { host, port } : undefined;
}

/**
 * Connects to the program that will control the channel (mod_event_socket's application `socket … async full`). When that fails the
 * dialplan ends and with it the call; a connection that is lost later leaves the call parked, as in FreeSWITCH.
 */
export function openControlSocket(
  core: Core,
  api: ApiCommands,
  channel: Channel,
  address: ControllerAddress,
): void {
  const socket = connect({ host: address.host, port: address.port });
  const giveUp = (reason: string): void => {
    core.log.warn('controller not reached', {
      address: `${address.host}:${address.port}`,
      reason,
      channel: channel.uuid,
    });
    socket.destroy();
    channel.hangUp('NORMAL_CLEARING');
  };
  const timer = core.clock.after(connectTimeoutMs, () => giveUp('no answer'));
  const onError = (error: Error): void => {
    timer.cancel();
    giveUp(error.message);
  };
  socket.once('error', onError);
  socket.once('connect', () => {
    timer.cancel();
    socket.removeListener('error', onError);
    if (!channel.alive) {
      socket.destroy();
      return;
    }
    new EventSocketSession(socket, {
      core,
      api,
      password: undefined,
      channel,
      onHeartbeatWanted: undefined,
    }).start();
  });
}
