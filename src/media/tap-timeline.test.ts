import fc from 'fast-check';
import { readAudioPacket, SILENT_BYTE, silentPacket } from './rtp-packet';
import { TapTimeline } from './tap-timeline';

/** A frame whose bytes say which one it is, at its place in the line. */
const packetOf = (frame: number, options: { ssrc?: number; firstTimestamp?: number } = {}) => ({
  timestamp: ((options.firstTimestamp ?? 5_000) + frame * 160) >>> 0,
  ssrc: options.ssrc ?? 1,
  payload: Buffer.alloc(160, frame),
});

/** A timeline with what it gave: the number in each frame, 'silence' for silence. */
function aTimeline() {
  const given: (number | 'silence')[] = [];
  const timeline = new TapTimeline((frame) => {
    expect(frame.length).toBe(160);
    const byte = frame[0] as number;
    given.push(byte === SILENT_BYTE ? 'silence' : byte);
  });
  return { timeline, given };
}

describe('the line of a tap', () => {
  it('gives frames in order as they come', () => {
    const { timeline, given } = aTimeline();
    for (const frame of [0, 1, 2]) timeline.take(packetOf(frame), frame * 20);
    expect(given).toEqual([0, 1, 2]);
  });

  it('puts frames right that came in the wrong order', () => {
    const { timeline, given } = aTimeline();
    for (const frame of [0, 2, 3, 1, 4]) timeline.take(packetOf(frame), 60);
    expect(given).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes a frame for lost when five later ones wait, and drops it when it comes after all', () => {
    const { timeline, given } = aTimeline();
    for (const frame of [0, 2, 3, 4, 5, 6]) timeline.take(packetOf(frame), frame * 20);
    expect(given).toEqual([0]);
    for (const frame of [7, 1, 8]) timeline.take(packetOf(frame), 160);
    expect(given).toEqual([0, 'silence', 2, 3, 4, 5, 6, 7, 8]);
    expect([timeline.filledFrames, timeline.lateFrames]).toEqual([1, 1]);
  });

  it('takes a frame for lost when its time is over, and gives what waits behind it', () => {
    const { timeline, given } = aTimeline();
    timeline.take(packetOf(0), 0);
    timeline.take(packetOf(2), 40);
    timeline.tick(119);
    expect(given).toEqual([0]);
    timeline.tick(120);
    expect(given).toEqual([0, 'silence', 2]);
  });

  it('is silent while nothing comes, and goes on at the right place afterwards', () => {
    const { timeline, given } = aTimeline();
    timeline.take(packetOf(0), 0);
    for (let nowMs = 20; nowMs < 1_000; nowMs += 20) timeline.tick(nowMs);
    timeline.take(packetOf(50), 1_000);
    timeline.take(packetOf(51), 1_020);
    for (let nowMs = 1_020; nowMs < 1_100; nowMs += 20) timeline.tick(nowMs);
    timeline.end();
    expect(given).toHaveLength(52);
    expect(given.slice(1, 50).every((frame) => frame === 'silence')).toBe(true);
    expect(given.slice(50)).toEqual([50, 51]);
  });

  it('drops what was held up too long: its place is filled', () => {
    const { timeline, given } = aTimeline();
    timeline.take(packetOf(0), 0);
    for (let nowMs = 20; nowMs <= 600; nowMs += 20) timeline.tick(nowMs);
    const filled = given.length;
    for (let frame = 1; frame < filled; frame += 1) timeline.take(packetOf(frame), 600);
    expect(given).toHaveLength(filled);
    timeline.take(packetOf(filled), 620);
    expect(given.at(-1)).toBe(filled);
  });

  it('goes on without a gap when the sender begins to count anew', () => {
    const { timeline, given } = aTimeline();
    timeline.take(packetOf(0), 0);
    timeline.take(packetOf(1, { ssrc: 2, firstTimestamp: 4_000_000_000 }), 20);
    timeline.take(packetOf(2, { ssrc: 2, firstTimestamp: 4_000_000_000 }), 40);
    timeline.take(packetOf(3, { ssrc: 2, firstTimestamp: 77 }), 60);
    expect(given).toEqual([0, 1, 2, 3]);
  });

  it('goes on when timestamps pass 2^32', () => {
    const { timeline, given } = aTimeline();
    const firstTimestamp = 2 ** 32 - 320;
    for (const frame of [0, 1, 3, 2, 4]) timeline.take(packetOf(frame, { firstTimestamp }), frame * 20);
    expect(given).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes a packet of several frames apart', () => {
    const { timeline, given } = aTimeline();
    const payload = Buffer.concat([Buffer.alloc(160, 1), Buffer.alloc(160, 2), Buffer.alloc(7, 3)]);
    timeline.take({ timestamp: 0, ssrc: 1, payload }, 0);
    expect(given).toEqual([1, 2]);
  });

  it('makes up nothing for a machine that slept', () => {
    const { timeline, given } = aTimeline();
    timeline.take(packetOf(0), 0);
    timeline.tick(3_600_000);
    timeline.take(packetOf(180_000), 3_600_000);
    expect(given.length).toBeLessThan(4);
  });

  it('is never more than the waiting time away from the clock, whatever is lost, late or doubled', () => {
    const fates = fc.array(fc.constantFrom('comes', 'lost', 'late', 'twice'), {
      minLength: 50,
      maxLength: 250,
    });
    fc.assert(
      fc.property(fates, (fate) => {
        const { timeline, given } = aTimeline();
        timeline.take(packetOf(0), 0);
        fate.forEach((what, index) => {
          const frame = index + 1;
          const nowMs = frame * 20;
          if (what === 'comes' || what === 'twice') timeline.take(packetOf(frame), nowMs);
          if (what === 'twice') timeline.take(packetOf(frame), nowMs);
          if (what === 'late') timeline.take(packetOf(index), nowMs);
          timeline.tick(nowMs);
        });
        const due = fate.length + 1;
        expect(due - given.length).toBeGreaterThanOrEqual(0);
        expect(due - given.length).toBeLessThanOrEqual(6);
      }),
    );
  });
});

describe('packets of a tap', () => {
  it('reads PCMU with contributing sources, an extension and padding', () => {
    const head = Buffer.from('b180000a0000000a0000000b', 'hex');
    const source = Buffer.alloc(4);
    const extension = Buffer.from('bede000100000000', 'hex');
    const datagram = Buffer.concat([head, source, extension, Buffer.from([1, 2, 3, 0, 0, 3])]);
    expect(readAudioPacket(datagram)).toEqual({
      timestamp: 10,
      ssrc: 11,
      payload: Buffer.from([1, 2, 3]),
    });
  });

  it.each([
    ['nothing', ''],
    ['a header alone', '800000010000000000000000'],
    ['another version', '40000001000000000000000001'],
    ['another codec', '80080001000000000000000001'],
    ['RTCP', '80c80006000000000000000000000000'],
    ['an extension longer than the packet', '9000000100000000000000000000ffff01'],
    ['more padding than packet', 'a00000010000000000000000ff'],
    ['more sources than packet', '8f0000010000000000000000aabb'],
  ])('takes %s for none', (_, hex) => {
    expect(readAudioPacket(Buffer.from(hex, 'hex'))).toBeNull();
  });

  it('never throws, whatever arrives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => readAudioPacket(Buffer.from(bytes))).not.toThrow();
      }),
    );
  });

  it('writes silence that it reads back', () => {
    const datagram = silentPacket({ sequence: 70_000, timestamp: 2 ** 32 + 5, ssrc: 9 });
    const payload = Buffer.alloc(160, SILENT_BYTE);
    expect(readAudioPacket(datagram)).toEqual({ timestamp: 5, ssrc: 9, payload });
  });
});
