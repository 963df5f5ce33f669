/**
 * The system under test of conference.js: in mode `rooms` the embedded media server's engine with all participants in rooms of ten,
 * in mode `echo` a bare Node program that sends every datagram back. Told what to do by IPC; runs pinned to one core.
 */
const { createSocket } = require('node:dgram');
const { join } = require('node:path');

const [mode, dist] = process.argv.slice(2);
const roomSize = 10;

function bind(port) {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', () => resolve(socket));
  });
}

/** Echo on `count` sockets; counts what went back. */
async function startEcho(count) {
  const state = { packets: 0 };
  const ports = [];
  for (let made = 0; made < count; made += 1) {
    const socket = await bind(0);
    socket.on('message', (datagram, from) => {
      state.packets += 1;
      socket.send(datagram, from.port, from.address);
    });
    ports.push(socket.address().port);
  }
  return { ports, facts: () => ({ packets: state.packets }) };
}

function load(path) {
  return require(join(dist, path));
}

/** The product without its SIP side: engine, channels and conferences as start-freeswitch puts them together. */
function makeCore() {
  const { systemClock } = load('kernel/clock.js');
  const { silentLog } = load('kernel/log.js');
  const { MediaEngine } = load('embedded/media/media-engine.js');
  const { AudioFiles } = load('embedded/freeswitch/audio-files.js');
  const { applicationTable } = load('embedded/freeswitch/applications.js');
  const { ChannelRegistry } = load('embedded/freeswitch/channel-registry.js');
  const { Conferences } = load('embedded/freeswitch/conferences.js');
  const { EventBus } = load('embedded/freeswitch/event-bus.js');
  return {
    clock: systemClock,
    log: silentLog,
    bus: new EventBus(systemClock, '127.0.0.1'),
    media: new MediaEngine({
      clock: systemClock,
      log: silentLog,
      rtpHost: '127.0.0.1',
      rtpPortMin: 20_000,
      rtpPortMax: 39_998,
      rtpTimeoutMs: 20_000,
    }),
    channels: new ChannelRegistry(100_000),
    conferences: new Conferences(),
    applications: applicationTable(new AudioFiles()),
    sipAddress: '127.0.0.1:0',
    startedMs: systemClock.nowMs(),
  };
}

async function startRooms(remotePorts) {
  const { Channel } = load('embedded/freeswitch/channel.js');
  const { parseSdp } = load('embedded/media/sdp.js');
  const core = makeCore();
  const state = { digits: 0, silent: 0 };
  const legs = [];
  for (const [index, remotePort] of remotePorts.entries()) {
    const call = { hangUp: () => Promise.resolve() };
    const channel = new Channel(core, call, {
      name: '',
      number: String(index),
      destination: '',
      networkAddress: '127.0.0.1',
    });
    const leg = await core.media.openLeg({
      onDigit: (digit, origin) => {
        state.digits += 1;
        channel.receiveDigit(digit, origin);
      },
      onSilent: () => {
        state.silent += 1;
      },
    });
    const offer = parseSdp(
      `c=IN IP4 127.0.0.1\nm=audio ${remotePort} RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n`,
    );
    leg.negotiate(offer.audio, '127.0.0.1');
    channel.leg = leg;
    leg.source = channel;
    channel.markAnswered();
    channel.execute('conference', `room${Math.floor(index / roomSize)}`, String(index));
    legs.push(leg);
  }
  core.media.start();
  const sum = (pick) => legs.reduce((total, leg) => total + pick(leg), 0);
  return {
    ports: legs.map((leg) => leg.localPort),
    facts: () => ({
      ...state,
      packets: sum((leg) => leg.received.packets),
      lost: sum((leg) => leg.received.lost()),
      late: sum((leg) => leg.jitter.latePackets),
      concealed: sum((leg) => leg.jitter.concealedSlots),
      foreign: sum((leg) => leg.lock.dropped),
      rtcp: sum((leg) => leg.rtcp.packetsReceived),
      skippedSlots: core.media.skippedSlots,
      rooms: core.conferences.all().length,
    }),
  };
}

let running;

process.on('message', async (message) => {
  if (message.type === 'start') {
    running = mode === 'echo' ? await startEcho(message.sockets) : await startRooms(message.remotePorts);
    process.send({ type: 'ready', ports: running.ports });
  }
  if (message.type === 'facts') process.send({ type: 'facts', ...running.facts(), cpu: process.cpuUsage() });
});
process.on('disconnect', () => process.exit());
