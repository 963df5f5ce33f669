import type { Clock } from '../../kernel/clock';
import { samplesPerFrame } from './audio-frame';
import { encodeTables } from './g711';
import { type DigitOrigin, MediaLeg } from './media-leg';
import { emptyRtpPacket, parseRtp, writeRtpHeader } from './rtp';
import type { PacketPort } from './rtp-port';
import { type Direction, parseSdp, type RemoteAudio } from './sdp';

const peer = { address: '192.0.2.1', family: 'IPv4', port: 4_000, size: 172 } as const;
const stranger = { ...peer, address: '203.0.113.66' } as const;
const timeoutMs = 20_000;

function remoteAudio(direction: Direction = 'sendrecv', payloads = '0 101'): RemoteAudio {
  const sdp = parseSdp(
    `v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP ${payloads}\r\na=rtpmap:96 telephone-event/8000\r\na=rtpmap:101 telephone-event/8000\r\na=${direction}\r\n`,
  );
  if (!sdp) throw new Error('the test offer must be readable');
  return sdp.audio;
}

/** A leg with a port that keeps what is sent and a clock that the test moves. */
function aLeg(direction: Direction = 'sendrecv', payloads = '0 101') {
  const time = { ms: 1_000 };
  const digits: [string, DigitOrigin][] = [];
  const sent: Buffer[] = [];
  const pins: string[] = [];
  const state = { silent: 0 };
  const clock: Clock = {
    nowMs: () => time.ms,
    monotonicMs: () => time.ms,
    after: () => ({ cancel: () => {} }),
    every: () => ({ cancel: () => {} }),
  };
  const port: PacketPort = {
    port: 30_000,
    sendRtp: (datagram) => sent.push(Buffer.from(datagram)),
    sendRtcp: () => {},
    pin: (address, port) => pins.push(`${address}:${port}`),
    unpin: () => pins.push('unpinned'),
    close: () => {},
  };
  const leg = new MediaLeg({
    clock,
    rtpTimeoutMs: timeoutMs,
    handlers: {
      onDigit: (digit, origin) => digits.push([digit.key, origin]),
      onSilent: () => (state.silent += 1),
    },
  });
  leg.attach(port);
  leg.negotiate(remoteAudio(direction, payloads), '192.0.2.10');
  return { leg, time, digits, sent, state, pins };
}

function audioPacket(index: number, level: number): Buffer {
  const packet = Buffer.alloc(12 + samplesPerFrame, encodeTables.PCMU[level & 0xffff]);
  writeRtpHeader(packet, { payloadType: 0, marker: false, sequence: index, timestamp: index * 160, ssrc: 5 });
  return packet;
}

function digitPacket(event: number, timestamp: number, payloadType = 101): Buffer {
  const packet = Buffer.alloc(16);
  writeRtpHeader(packet, { payloadType, marker: true, sequence: 1, timestamp, ssrc: 5 });
  packet[12] = event;
  packet.writeUInt16BE(160, 14);
  return packet;
}

describe('a media leg', () => {
  it('hears the peer after the jitter buffer and nothing of a stranger', () => {
    const { leg } = aLeg();
    for (let index = 0; index < 5; index += 1) {
      leg.take(audioPacket(index, 8_000), peer, false);
      leg.take(audioPacket(index, -20_000), stranger, false);
      leg.receive(1);
    }
    expect(leg.inputActive).toBe(true);
    expect(leg.input[80]).toBeGreaterThan(7_000);
    expect(leg.lock.dropped).toBe(5);
  });

  it('sends one packet each slot, sequence and timestamp without gaps', () => {
    const { leg, sent } = aLeg();
    for (let slot = 0; slot < 3; slot += 1) leg.transmit(1);
    const headers = sent.map((datagram) => {
      const into = emptyRtpPacket();
      parseRtp(datagram, into);
      return into;
    });
    const [first, second, third] = headers;
    expect(headers.map(({ marker }) => marker)).toEqual([true, false, false]);
    expect(((second?.sequence ?? 0) - (first?.sequence ?? 0)) & 0xffff).toBe(1);
    expect(((third?.timestamp ?? 0) - (second?.timestamp ?? 0)) >>> 0).toBe(160);
  });

  it('moves the timestamp by the slots a stall skipped, with one packet', () => {
    const { leg, sent } = aLeg();
    leg.transmit(1);
    leg.transmit(6);
    const [first, second] = sent.map((datagram) => datagram.readUInt32BE(4));
    expect(((second as number) - (first as number)) >>> 0).toBe(6 * 160);
    expect(sent).toHaveLength(2);
  });

  it.each(['sendonly', 'inactive'] as const)(
    'sends nothing to a peer that said %s, yet its source runs on',
    (direction) => {
      const { leg, sent } = aLeg(direction);
      let read = 0;
      leg.source = { read: () => (read += 1) > 0 };
      leg.transmit(1);
      expect(sent).toHaveLength(0);
      expect(read).toBe(1);
    },
  );

  it('never sends to itself when a peer gives our own SDP back', () => {
    const { leg, sent } = aLeg();
    leg.negotiate({ ...remoteAudio(), address: '192.0.2.10', port: 30_000 }, '192.0.2.10');
    leg.transmit(1);
    expect(sent).toHaveLength(0);
  });

  it('tells each key once and takes any negotiated payload type for it', () => {
    const { leg, digits } = aLeg('sendrecv', '0 96');
    for (const timestamp of [800, 800, 800, 4_000]) leg.take(digitPacket(5, timestamp, 96), peer, false);
    expect(digits).toEqual([
      ['5', 'RTP'],
      ['5', 'RTP'],
    ]);
  });

  it('believes the first way a peer sends keys and ignores their copies in the other', () => {
    const { leg, digits } = aLeg();
    leg.take(digitPacket(1, 800), peer, false);
    leg.takeInfo('application/dtmf-relay', 'Signal=1\r\nDuration=100\r\n');
    expect(digits).toEqual([['1', 'RTP']]);
  });

  it('takes keys from INFO when none come in RTP', () => {
    const { leg, digits } = aLeg();
    leg.takeInfo('application/dtmf', '7');
    expect(digits).toEqual([['7', 'ENDPOINT']]);
  });

  it('sends keys as events in place of audio, and as tones when the peer did not negotiate events', () => {
    const { leg, sent } = aLeg();
    leg.sendDigits('5', 160);
    leg.transmit(1);
    expect((sent[0]?.[1] ?? 0) & 0x7f).toBe(101);
    expect(sent[0]).toHaveLength(16);
    const plain = aLeg('sendrecv', '0');
    plain.leg.sendDigits('5', 800);
    plain.leg.transmit(1);
    expect(new Set(plain.sent[0]?.subarray(12)).size).toBeGreaterThan(20);
  });

  it('tells once that the peer is silent, after the time-out and not before', () => {
    const { leg, time, state } = aLeg();
    leg.take(audioPacket(0, 100), peer, false);
    time.ms += timeoutMs;
    leg.sweep(time.ms);
    expect(state.silent).toBe(0);
    time.ms += 1;
    leg.sweep(time.ms);
    leg.sweep(time.ms + 1_000);
    expect(state.silent).toBe(1);
  });

  it('counts comfort noise as a sign of life', () => {
    const { leg, time, state } = aLeg();
    time.ms += timeoutMs;
    const noise = Buffer.alloc(13);
    writeRtpHeader(noise, { payloadType: 13, marker: false, sequence: 1, timestamp: 1, ssrc: 5 });
    leg.take(noise, peer, false);
    time.ms += timeoutMs;
    leg.sweep(time.ms);
    expect(state.silent).toBe(0);
  });

  it('waits as long as the last SDP was given, and for ever with 0', () => {
    const { leg, time, state } = aLeg();
    leg.negotiate(remoteAudio('sendonly'), '192.0.2.10', 10 * timeoutMs);
    time.ms += 10 * timeoutMs;
    leg.sweep(time.ms);
    leg.negotiate(remoteAudio('recvonly'), '192.0.2.10', 0);
    time.ms += 100 * timeoutMs;
    leg.sweep(time.ms);
    expect(state.silent).toBe(0);
    leg.negotiate(remoteAudio(), '192.0.2.10');
    time.ms += timeoutMs + 1;
    leg.sweep(time.ms);
    expect(state.silent).toBe(1);
  });

  it.each(['sendonly', 'inactive'] as const)('hears nothing of a peer that said %s', (direction) => {
    const { leg } = aLeg(direction);
    for (let index = 0; index < 5; index += 1) {
      leg.take(audioPacket(index, 8_000), peer, false);
      leg.receive(1);
    }
    expect(leg.inputActive).toBe(false);
  });

  it('does not let a stranger keep a dead call alive', () => {
    const { leg, time, state } = aLeg();
    leg.take(audioPacket(0, 100), peer, false);
    time.ms += timeoutMs + 1;
    leg.take(audioPacket(1, 100), stranger, false);
    leg.sweep(time.ms);
    expect(state.silent).toBe(1);
  });

  it('lets the kernel keep strangers away once the peer spoke from the address in its SDP, until a new SDP', () => {
    const { leg, pins } = aLeg();
    leg.take(audioPacket(0, 100), stranger, false);
    expect(pins).toEqual([]);
    leg.take(audioPacket(0, 100), peer, false);
    leg.take(audioPacket(1, 100), peer, false);
    expect(pins).toEqual(['192.0.2.1:4000']);
    leg.negotiate({ ...remoteAudio(), port: 4_444 }, '192.0.2.10');
    expect(pins.at(-1)).toBe('unpinned');
  });

  it('does not pin a source it merely learned: the one in the SDP may still come', () => {
    const { leg, pins } = aLeg();
    for (let index = 0; index < 20; index += 1) leg.take(audioPacket(index, 100), stranger, false);
    expect(leg.lock.isLocked).toBe(true);
    expect(pins).toEqual([]);
  });

  it('survives any datagram', () => {
    const { leg } = aLeg();
    for (let round = 0; round < 20_000; round += 1) {
      const datagram = Buffer.alloc((round * 31) % 300, round & 0xff);
      if (datagram.length > 1 && round % 2 === 0) datagram[0] = 0x80 | (round & 0x3f);
      leg.take(datagram, peer, round % 7 === 0);
      if (round % 10 === 0) leg.receive(1);
    }
    expect(leg.input).toHaveLength(samplesPerFrame);
  });
});
