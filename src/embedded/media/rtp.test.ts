import fc from 'fast-check';
import { emptyRtpPacket, isRtcp, parseRtp, writeRtpHeader } from './rtp';

function packetOf(first: number, ...rest: number[]): Buffer {
  const packet = Buffer.alloc(12 + rest.length);
  writeRtpHeader(packet, {
    payloadType: 8,
    marker: true,
    sequence: 65_535,
    timestamp: 2 ** 32 - 1,
    ssrc: 0xdeadbeef,
  });
  packet[0] = first;
  Buffer.from(rest).copy(packet, 12);
  return packet;
}

describe('RTP packets', () => {
  it('reads back what was written', () => {
    const into = emptyRtpPacket();
    expect(parseRtp(packetOf(0x80, 1, 2, 3), into)).toBe(true);
    expect(into).toEqual({
      payloadType: 8,
      marker: true,
      sequence: 65_535,
      timestamp: 2 ** 32 - 1,
      ssrc: 0xdeadbeef,
      payloadStart: 12,
      payloadEnd: 15,
    });
  });

  it('skips contributing sources and a header extension', () => {
    const into = emptyRtpPacket();
    expect(parseRtp(packetOf(0x91, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 9, 9, 9, 9, 42), into)).toBe(true);
    expect([into.payloadStart, into.payloadEnd]).toEqual([24, 25]);
  });

  it('takes padding off', () => {
    const into = emptyRtpPacket();
    expect(parseRtp(packetOf(0xa0, 7, 0, 0, 3), into)).toBe(true);
    expect(into.payloadEnd - into.payloadStart).toBe(1);
  });

  it.each([
    ['a short packet', Buffer.alloc(11, 0x80)],
    ['another version', packetOf(0x40, 1)],
    ['more sources than bytes', packetOf(0x8f, 1)],
    ['an extension longer than the packet', packetOf(0x90, 0, 0, 0xff, 0xff)],
    ['more padding than payload', packetOf(0xa0, 200)],
    ['padding of zero', packetOf(0xa0, 0)],
    ['more than a datagram should hold', Buffer.alloc(3_000, 0x80)],
  ])('refuses %s', (_, packet) => {
    expect(parseRtp(packet, emptyRtpPacket())).toBe(false);
  });

  it('survives any bytes and never points outside of them', () => {
    const into = emptyRtpPacket();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const packet = Buffer.from(bytes);
        if (packet.length > 0) packet[0] = ((packet[0] as number) & 0x3f) | 0x80;
        if (!parseRtp(packet, into)) return;
        expect(into.payloadStart).toBeLessThanOrEqual(into.payloadEnd);
        expect(into.payloadEnd).toBeLessThanOrEqual(packet.length);
      }),
      { numRuns: 5_000 },
    );
  });

  it('tells RTCP on a shared port by its packet type', () => {
    expect(isRtcp(Buffer.from([0x80, 200, 0, 1, 0, 0, 0, 0]))).toBe(true);
    expect(isRtcp(packetOf(0x80, 1))).toBe(false);
  });
});
