import { FakeClock } from './fake-clock';
import { silentLog } from '../../src/kernel/log';
import type { MediaEngine } from '../../src/embedded/media/media-engine';
import type { IncomingCall } from '../../src/embedded/user-agent/incoming-call';
import { applicationTable } from '../../src/embedded/freeswitch/applications';
import { AudioFiles } from '../../src/embedded/freeswitch/audio-files';
import { Channel } from '../../src/embedded/freeswitch/channel';
import { ChannelRegistry } from '../../src/embedded/freeswitch/channel-registry';
import { Conferences } from '../../src/embedded/freeswitch/conferences';
import type { Core } from '../../src/embedded/freeswitch/core';
import type { FreeswitchEvent } from '../../src/embedded/freeswitch/event';
import { EventBus } from '../../src/embedded/freeswitch/event-bus';

/** A channel without SIP and sockets; its audio moves on when the test reads a slot. */
export function aChannel() {
  const clock = new FakeClock();
  const events: FreeswitchEvent[] = [];
  const byes: (string | undefined)[] = [];
  const bus = new EventBus(clock, '127.0.0.1');
  bus.add({ wants: () => true, deliver: (event) => events.push(event) });
  const core: Core = {
    clock,
    log: silentLog,
    bus,
    media: { host: '127.0.0.1', addWorker: () => {}, removeWorker: () => {} } as unknown as MediaEngine,
    channels: new ChannelRegistry(10),
    conferences: new Conferences(),
    applications: applicationTable(new AudioFiles()),
    sipAddress: '127.0.0.1:5080',
    startedMs: clock.nowMs(),
  };
  const call = {
    hangUp: (reason?: string) => {
      byes.push(reason);
      return Promise.resolve();
    },
  } as unknown as IncomingCall;
  const make = (): Channel => {
    const channel = new Channel(core, call, {
      name: 'Ann',
      number: '100',
      destination: '200',
      networkAddress: '127.0.0.1',
    });
    core.channels.add(channel, clock.nowMs());
    channel.markAnswered();
    return channel;
  };
  const frame = new Int16Array(160);
  const slots = async (channel: Channel, count: number): Promise<void> => {
    for (let slot = 0; slot < count; slot += 1) {
      channel.read(frame);
      await clock.advance(20);
    }
  };
  const told = (name: string): FreeswitchEvent[] => events.filter((event) => event.name === name);
  return { clock, core, events, byes, make, slots, told, channel: make() };
}
