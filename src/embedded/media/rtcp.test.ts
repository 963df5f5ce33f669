import fc from 'fast-check';
import { ReceptionStats } from './reception-stats';
import { buildReport, compactNtp, parseRtcp } from './rtcp';

const nowMs = Date.UTC(2026, 0, 15);

describe('RTCP', () => {
  it('writes a sender report that reads back, with its view of the other side', () => {
    const report = buildReport({
      ssrc: 1,
      cname: 'leg',
      nowMs,
      sent: { timestamp: 160, packets: 10, bytes: 1_600 },
      received: { ssrc: 2, fractionLost: 64, packetsLost: 5, highestSequence: 70_000, jitterSamples: 24 },
      lastSenderReport: { ntp: 0, delay: 0 },
    });
    const reading = parseRtcp(report, 2, nowMs);
    expect(reading).toMatchObject({ senderSsrc: 1, senderReportNtp: compactNtp(nowMs), bye: false });
    expect(reading?.remoteView).toMatchObject({ fractionLost: 64, packetsLost: 5, jitterSamples: 24 });
  });

  it('works the round trip time out from the echo of our report', () => {
    const echo = buildReport({
      ssrc: 1,
      cname: 'leg',
      nowMs,
      sent: undefined,
      received: { ssrc: 2, fractionLost: 0, packetsLost: 0, highestSequence: 1, jitterSamples: 0 },
      lastSenderReport: { ntp: compactNtp(nowMs - 1_080), delay: 65_536 },
    });
    expect(parseRtcp(echo, 2, nowMs)?.remoteView?.roundTripMs).toBeCloseTo(80, 0);
  });

  it('reads BYE', () => {
    expect(parseRtcp(Buffer.from([0x81, 203, 0, 1, 0, 0, 0, 9]), 1, nowMs)?.bye).toBe(true);
  });

  it('survives any bytes', () => {
    const datagrams = fc.property(fc.uint8Array({ minLength: 2, maxLength: 120 }), (bytes) => {
      const datagram = Buffer.from(bytes);
      datagram[0] = ((datagram[0] as number) & 0x3f) | 0x80;
      datagram[1] = 200 + ((datagram[1] as number) % 5);
      parseRtcp(datagram, 7, nowMs);
    });
    expect(() => fc.assert(datagrams, { numRuns: 5_000 })).not.toThrow();
  });
});

function feed(stats: ReceptionStats, sequences: readonly number[], spacingMs = 20): void {
  for (const [index, sequence] of sequences.entries()) {
    stats.take(1, sequence & 0xffff, index * 160, index * spacingMs, 160);
  }
}

describe('what a receiver knows of a stream', () => {
  it('counts losses across the wrap-around of the sequence number', () => {
    const stats = new ReceptionStats();
    feed(stats, [65_533, 65_534, 65_536, 65_537, 65_540]);
    expect(stats.lost()).toBe(3);
  });

  it('counts no loss for packets out of order', () => {
    const stats = new ReceptionStats();
    feed(stats, [1, 3, 2, 4]);
    expect(stats.lost()).toBe(0);
  });

  it('reports the fraction lost since the last report in 1/256', () => {
    const stats = new ReceptionStats();
    feed(stats, [1, 2, 4]);
    expect(stats.report().fractionLost).toBe(64);
    expect(stats.report().fractionLost).toBe(0);
  });

  it('measures no jitter in a steady stream and some in an unsteady one', () => {
    const steady = new ReceptionStats();
    feed(
      steady,
      Array.from({ length: 100 }, (_, index) => index),
    );
    expect(steady.jitterMs()).toBe(0);
    const unsteady = new ReceptionStats();
    for (let index = 0; index < 200; index += 1)
      unsteady.take(1, index, index * 160, index * 20 + (index % 2) * 10, 160);
    expect(unsteady.jitterMs()).toBeGreaterThan(8);
    expect(unsteady.jitterMs()).toBeLessThan(11);
  });

  it('takes the packets of a key, which share a timestamp, for no jitter, even between those of audio', () => {
    const stats = new ReceptionStats();
    for (let index = 0; index < 100; index += 1) {
      const isKey = index > 20 && index < 40 && index % 2 === 0;
      stats.take(1, index, (isKey ? 20 : index) * 160, index * 20, 160, isKey);
    }
    expect(stats.jitterMs()).toBe(0);
    expect(stats.packets).toBe(100);
  });

  it('keeps what was lost before when the stream starts anew', () => {
    const stats = new ReceptionStats();
    feed(stats, [1, 2, 5]);
    stats.take(99, 40_000, 0, 100, 160);
    expect(stats.lost()).toBe(2);
  });
});
