/**
 * The telephones of conference.js: every participant sends G.711 each 20 ms, spread over the frame, a key now and then, and RTCP.
 * What comes back is timed for one participant in `sampleEvery`; the others' packets go to a socket nobody reads, so that the
 * generator keeps its headroom. In mode `echo` it keeps a fixed number of datagrams on their way.
 */
const { createSocket } = require('node:dgram');

const frameMs = 20;
const spreads = 20;
const senderSockets = 16;
const sampleEvery = 4;
/** Each participant presses a key once in so many frames. */
const keyEveryFrames = 400;
const keyFrames = 6;
const rtcpEveryFrames = 250;

function bind() {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: 'udp4',
      lookup: (host, _options, done) => done(null, host, 4),
      recvBufferSize: 4_000_000,
    });
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => resolve(socket));
  });
}

const now = () => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** Arrival gaps and losses of the sampled participants. */
class Listener {
  constructor() {
    this.legs = new Map();
    this.reset();
  }

  reset() {
    this.gaps = 0;
    this.over25 = 0;
    this.over40 = 0;
    this.received = 0;
    this.missed = 0;
    for (const leg of this.legs.values()) leg.lastMs = undefined;
  }

  take(datagram, from) {
    if ((datagram[1] & 0x7f) >= 72) return;
    const arrivedMs = now();
    let leg = this.legs.get(from.port);
    if (leg === undefined) this.legs.set(from.port, (leg = { lastMs: undefined, timestamp: 0 }));
    const timestamp = datagram.readUInt32BE(4);
    if (leg.lastMs !== undefined) {
      const gapMs = arrivedMs - leg.lastMs;
      this.gaps += 1;
      if (gapMs > 25) this.over25 += 1;
      if (gapMs > 40) this.over40 += 1;
      // A slot that never came shows as a jump of the timestamp, whether the packet was lost or not made.
      this.missed += Math.max(0, Math.round(((timestamp - leg.timestamp) | 0) / 160) - 1);
    }
    this.received += 1;
    leg.lastMs = arrivedMs;
    leg.timestamp = timestamp;
  }

  facts() {
    const share = (count) => (this.gaps === 0 ? 1 : count / this.gaps);
    return {
      legs: this.legs.size,
      received: this.received,
      over25: share(this.over25),
      over40: share(this.over40),
      lost: this.missed / Math.max(1, this.missed + this.received),
    };
  }
}

class Telephones {
  constructor(ports, senders) {
    this.frame = 0;
    this.keysSent = 0;
    this.lateMs = 0;
    this.stopped = false;
    this.phones = ports.map((port, index) => {
      const audio = Buffer.alloc(172);
      audio[0] = 0x80;
      audio.writeUInt32BE(index + 1, 8);
      // Speech-like noise in mu-law, other for each participant.
      for (let at = 12; at < 172; at += 1) audio[at] = (at * 37 + index * 101) & 0xff;
      const key = Buffer.alloc(16);
      key[0] = 0x80;
      key.writeUInt32BE(index + 1, 8);
      return { port, audio, key, index, sequence: index, socket: senders[index % senders.length] };
    });
  }

  /** Sends what one of the twenty parts of a frame has to send. */
  sendPart(part, frame) {
    const { phones } = this;
    for (let at = part; at < phones.length; at += spreads) {
      const phone = phones[at];
      const timestamp = (frame * 160) >>> 0;
      const phase = (frame + phone.index * 13) % keyEveryFrames;
      phone.sequence = (phone.sequence + 1) & 0xffff;
      if (phase < keyFrames) {
        if (phase === 0 || frame === 0) this.keysSent += 1;
        this.sendKey(phone, phase, (timestamp - phase * 160) >>> 0);
      } else {
        phone.audio.writeUInt16BE(phone.sequence, 2);
        phone.audio.writeUInt32BE(timestamp, 4);
        phone.socket.send(phone.audio, phone.port, '127.0.0.1');
      }
      if ((frame + phone.index * 7) % rtcpEveryFrames === 0) this.sendRtcp(phone, timestamp);
    }
  }

  sendKey(phone, phase, timestamp) {
    const { key } = phone;
    key[1] = phase === 0 ? 0x80 | 101 : 101;
    key.writeUInt16BE(phone.sequence, 2);
    key.writeUInt32BE(timestamp, 4);
    key[12] = phone.index % 12;
    key[13] = phase >= keyFrames - 3 ? 0x8a : 10;
    key.writeUInt16BE(Math.min(phase + 1, keyFrames - 2) * 160, 14);
    phone.socket.send(key, phone.port, '127.0.0.1');
  }

  sendRtcp(phone, timestamp) {
    const report = Buffer.alloc(28);
    report[0] = 0x80;
    report[1] = 200;
    report.writeUInt16BE(6, 2);
    report.writeUInt32BE(phone.index + 1, 4);
    report.writeUInt32BE(timestamp, 16);
    phone.socket.send(report, phone.port + 1, '127.0.0.1');
  }

  start() {
    const startedMs = now();
    let done = 0;
    const step = () => {
      const due = Math.floor(((now() - startedMs) / frameMs) * spreads);
      this.lateMs = Math.max(this.lateMs, (due - done) * (frameMs / spreads));
      if (this.stopped) return;
      for (; done < due; done += 1) this.sendPart(done % spreads, Math.floor(done / spreads));
      setTimeout(step, 1);
    };
    step();
  }
}

const state = { listener: new Listener(), telephones: undefined, echoed: 0 };

/** Opens sockets for `count` participants; gives the port each shall be reached under. */
async function open(count) {
  const senders = await Promise.all(Array.from({ length: senderSockets }, bind));
  senders.forEach((socket, index) => {
    // Socket 0, 4, 8 … read; the kernel throws away what the others get once their buffers are full.
    if (index % sampleEvery === 0)
      socket.on('message', (datagram, from) => state.listener.take(datagram, from));
    else socket.setRecvBufferSize(2_048);
  });
  state.senders = senders;
  return Array.from({ length: count }, (_, index) => senders[index % senders.length].address().port);
}

/** Keeps `window` datagrams on their way to each port and counts what comes back. */
async function flood(ports, window) {
  const datagram = Buffer.alloc(172);
  for (const port of ports) {
    const socket = await bind();
    const target = { port };
    socket.on('message', () => {
      state.echoed += 1;
      socket.send(datagram, target.port, '127.0.0.1');
    });
    for (let sent = 0; sent < window; sent += 1) socket.send(datagram, port, '127.0.0.1');
  }
}

process.on('message', async (message) => {
  if (message.type === 'open') process.send({ type: 'opened', ports: await open(message.count) });
  if (message.type === 'call') {
    state.telephones = new Telephones(message.ports, state.senders);
    state.telephones.start();
    process.send({ type: 'calling' });
  }
  if (message.type === 'flood') {
    await flood(message.ports, message.window);
    process.send({ type: 'flooding' });
  }
  if (message.type === 'reset') {
    state.listener.reset();
    if (state.telephones) state.telephones.lateMs = 0;
    process.send({ type: 'facts', echoed: state.echoed, cpu: process.cpuUsage() });
  }
  if (message.type === 'stop') {
    state.telephones.stopped = true;
    process.send({ type: 'stopped', keysSent: state.telephones.keysSent });
  }
  if (message.type === 'facts') {
    const { lateMs } = state.telephones ?? {};
    process.send({
      type: 'facts',
      ...state.listener.facts(),
      lateMs,
      echoed: state.echoed,
      cpu: process.cpuUsage(),
    });
  }
});
process.on('disconnect', () => process.exit());
