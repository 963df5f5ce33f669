import type { Clock } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import { MediaEngine } from '../media/media-engine';
import { receiveCalls } from '../user-agent/receive-calls';
import { ApiCommands } from './api-commands';
import { applicationTable } from './applications';
import { AudioFiles } from './audio-files';
import { ChannelRegistry } from './channel-registry';
import { Conferences } from './conferences';
import type { Core } from './core';
import { EventBus } from './event-bus';
import { EventSocketServer } from './event-socket-server';
import { Heartbeat } from './heartbeat';
import { SipProfile } from './sip-profile';
import { version } from './status';

/** FreeSWITCH's published password: everybody knows it. */
const publishedPassword = 'ClueCon';
/** BYEs are given this long to go out when the server closes. */
const closeWaitMs = 200;

export type FreeswitchSettings = {
  eventSocketHost: string;
  /** 0 picks a free port. */
  eventSocketPort: number;
  password: string;
  sipHost: string;
  /** 0 picks a free port, the same for UDP and TCP. */
  sipPort: number;
  /** Address in SDP and of all RTP sockets. */
  rtpHost: string;
  /** Address in SDP when it is not rtpHost: a public one in front of a NAT. */
  externalHost?: string;
  rtpPortMin: number;
  rtpPortMax: number;
  /** A leg that should send and does not for this long is hung up with MEDIA_TIMEOUT; 20,000 when not given. */
  rtpTimeoutMs?: number;
  /** Calls at once; 1,000 when not given. */
  maxSessions?: number;
  /** Time between HEARTBEAT events; 20,000 when not given. */
  heartbeatMs?: number;
  /** Hosts besides the sender of an INVITE that `X-esl-outbound` may name. */
  controllerHosts?: readonly string[];
};

export type FreeswitchOptions = FreeswitchSettings & { clock: Clock; log: Log };

export type RunningFreeswitch = {
  readonly eventSocketPort: number;
  readonly sipPort: number;
  /** Hangs every call up and closes all sockets. */
  close(): Promise<void>;
};

/** The event socket would be open to everybody who can read a manual. */
export class PublishedPassword extends Error {
  constructor(host: string) {
    super(
      `the published password ${publishedPassword} is only accepted on a loopback address, not on ${host}`,
    );
    this.name = 'PublishedPassword';
  }
}

/**
 * Starts the embedded media server: SIP and RTP on one side, the event socket on the other.
 * Rejects with PublishedPassword, or when an address cannot be had.
 */
export async function startFreeswitch(options: FreeswitchOptions): Promise<RunningFreeswitch> {
  if (options.password === publishedPassword && !/^(127\.|::1$|localhost$)/.test(options.eventSocketHost)) {
    throw new PublishedPassword(options.eventSocketHost);
  }
  const files = new AudioFiles();
  const core = makeCore(options, files);
  const api = new ApiCommands(core, files);
  const profile = new SipProfile({ core, api, controllerHosts: options.controllerHosts ?? [] });
  const receiver = await receiveCalls({
    host: options.sipHost,
    port: options.sipPort,
    product: `FreeSWITCH-mod_sofia/${version}`,
    onCall: (call) => profile.take(call),
    clock: options.clock,
    log: options.log,
  });
  const sipPort = receiver.addresses[0]?.port ?? options.sipPort;
  core.sipAddress = `${options.sipHost}:${sipPort}`;
  const heartbeat = new Heartbeat(core, options.heartbeatMs ?? 20_000);
  const eventSocket = new EventSocketServer({
    core,
    api,
    host: options.eventSocketHost,
    port: options.eventSocketPort,
    password: options.password,
    onHeartbeatWanted: (listener) => heartbeat.greet(listener),
  });
  try {
    const eventSocketPort = await eventSocket.listen();
    core.media.start();
    heartbeat.start();
    return { eventSocketPort, sipPort, close: () => closeAll(core, [heartbeat, eventSocket, receiver]) };
  } catch (error) {
    await receiver.close();
    throw error;
  }
}

function makeCore(options: FreeswitchOptions, files: AudioFiles): Core {
  const { clock, log } = options;
  return {
    clock,
    log,
    bus: new EventBus(clock, options.sipHost),
    media: new MediaEngine({
      clock,
      log,
      rtpHost: options.rtpHost,
      ...(options.externalHost === undefined ? {} : { advertisedHost: options.externalHost }),
      rtpPortMin: options.rtpPortMin,
      rtpPortMax: options.rtpPortMax,
      rtpTimeoutMs: options.rtpTimeoutMs ?? 20_000,
    }),
    channels: new ChannelRegistry(options.maxSessions ?? 1_000),
    conferences: new Conferences(),
    applications: applicationTable(files),
    sipAddress: '',
    startedMs: clock.nowMs(),
  };
}

async function closeAll(
  core: Core,
  [heartbeat, eventSocket, receiver]: readonly [Heartbeat, EventSocketServer, { close(): Promise<void> }],
): Promise<void> {
  heartbeat.stop();
  for (const channel of core.channels.all()) channel.hangUp('SYSTEM_SHUTDOWN');
  await new Promise<void>((resolve) => {
    core.clock.after(closeWaitMs, resolve);
  });
  core.media.close();
  await Promise.all([eventSocket.close(), receiver.close()]);
}
