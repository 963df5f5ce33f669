import { DigitReceiver, DigitSender, parseInfoDigit, writeDigitPayload } from './dtmf';

type Sent = { timestamp: number; payload: Buffer };

/** All RFC 4733 packets of the given keys, as our own sender makes them. */
function packetsOf(keys: string): Sent[] {
  const sender = new DigitSender();
  sender.enqueue(keys, 800);
  const packets: Sent[] = [];
  let keyTimestamp = 0;
  for (let slot = 0; sender.busy; slot += 1) {
    const packet = sender.next();
    if (!packet) continue;
    if (packet.firstOfKey) keyTimestamp = slot * 160;
    const payload = Buffer.alloc(4);
    writeDigitPayload(payload, 0, packet);
    packets.push({ timestamp: keyTimestamp, payload });
  }
  return packets;
}

function receiveAll(packets: readonly Sent[]): string {
  const receiver = new DigitReceiver();
  return packets
    .map(({ timestamp, payload }) => receiver.take(1, timestamp, payload, 0, 4)?.key ?? '')
    .join('');
}

/** A small repeatable generator of numbers in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('keys received as RFC 4733 events', () => {
  it('gives each key once although its end is sent three times', () => {
    expect(receiveAll(packetsOf('0123456789*#ABCD'))).toBe('0123456789*#ABCD');
  });

  it('tells the same key pressed twice apart', () => {
    expect(receiveAll(packetsOf('11122'))).toBe('11122');
  });

  it('needs no end packet', () => {
    expect(receiveAll(packetsOf('42').filter(({ payload }) => ((payload[1] as number) & 0x80) === 0))).toBe(
      '42',
    );
  });

  it('needs no start packet', () => {
    expect(receiveAll(packetsOf('42').filter(({ payload }) => ((payload[1] as number) & 0x80) !== 0))).toBe(
      '42',
    );
  });

  it('takes a doubled packet for what it is', () => {
    expect(receiveAll(packetsOf('9876').flatMap((packet) => [packet, packet]))).toBe('9876');
  });

  it('ignores a packet of an older key that was overtaken', () => {
    const packets = packetsOf('12');
    const [first] = packets;
    expect(receiveAll([...packets, first as Sent])).toBe('12');
  });

  it('holds on to one key across the segments of a long press', () => {
    const receiver = new DigitReceiver();
    const payload = Buffer.from([5, 10, 0xff, 0xff]);
    expect(receiver.take(1, 1_000, payload, 0, 4)?.key).toBe('5');
    expect(receiver.take(1, 1_000 + 0xffff, Buffer.from([5, 10, 0, 160]), 0, 4)).toBeUndefined();
  });

  it('knows no key for flash and other events', () => {
    expect(new DigitReceiver().take(1, 1, Buffer.from([16, 10, 0, 160]), 0, 4)).toBeUndefined();
  });

  it('ignores a payload that is too short', () => {
    expect(new DigitReceiver().take(1, 1, Buffer.from([5, 10]), 0, 2)).toBeUndefined();
  });

  it.each([0, 5, 10, 20, 30])('never doubles a key at %i %% loss with reordering', (lossPercent) => {
    const random = randomFrom(lossPercent + 1);
    const pin = '4711';
    let right = 0;
    const rounds = 2_000;
    for (let round = 0; round < rounds; round += 1) {
      const kept = packetsOf(pin).filter(() => random() * 100 >= lossPercent);
      for (let at = 1; at < kept.length; at += 1) {
        if (random() < 0.05) [kept[at - 1], kept[at]] = [kept[at] as Sent, kept[at - 1] as Sent];
      }
      const heard = receiveAll(kept);
      expect(heard.length).toBeLessThanOrEqual(pin.length);
      if (heard === pin) right += 1;
    }
    expect(right / rounds).toBeGreaterThanOrEqual(lossPercent <= 5 ? 0.999 : 0.98);
  });
});

describe('keys sent as RFC 4733 events', () => {
  it('marks the first packet, grows the duration and repeats the end three times', () => {
    const sender = new DigitSender();
    sender.enqueue('5', 480);
    const packets = Array.from({ length: 5 }, () => ({ ...sender.next() }));
    expect(packets.map((packet) => packet.firstOfKey)).toEqual([true, false, false, false, false]);
    expect(packets.map((packet) => packet.durationSamples)).toEqual([160, 320, 480, 480, 480]);
    expect(packets.map((packet) => packet.end)).toEqual([false, false, true, true, true]);
  });

  it('leaves a pause between keys', () => {
    const sender = new DigitSender();
    sender.enqueue('12', 160);
    const events = Array.from({ length: 9 }, () => sender.next()?.event);
    expect(events).toEqual([1, 1, 1, undefined, undefined, undefined, 2, 2, 2]);
  });

  it('keeps no more than 128 keys waiting', () => {
    const sender = new DigitSender();
    sender.enqueue('1'.repeat(10_000), 160);
    let packets = 0;
    for (let slot = 0; sender.busy && slot < 100_000; slot += 1) packets += sender.next() ? 1 : 0;
    expect(packets).toBe(128 * 3);
  });
});

describe('keys in SIP INFO', () => {
  it('reads application/dtmf-relay with its duration in milliseconds', () => {
    expect(parseInfoDigit('application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n')).toEqual({
      key: '5',
      durationSamples: 1_280,
    });
  });

  it('reads application/dtmf, the bare key', () => {
    expect(parseInfoDigit('application/dtmf', '#')?.key).toBe('#');
  });

  it('reads event numbers and lower case letters', () => {
    expect(parseInfoDigit('application/dtmf-relay', 'Signal=11')?.key).toBe('#');
    expect(parseInfoDigit('application/dtmf', 'b')?.key).toBe('B');
  });

  it('ignores other bodies and other keys', () => {
    expect(parseInfoDigit('text/plain', '5')).toBeUndefined();
    expect(parseInfoDigit('application/dtmf', '55')).toBeUndefined();
    expect(parseInfoDigit('application/dtmf-relay', 'Signal=!')).toBeUndefined();
  });
});

describe('keys of another clock than our samples', () => {
  it('are told once each, as long as they were, and are sent with lengths of that clock', () => {
    const receiver = new DigitReceiver();
    const payload = Buffer.alloc(4);
    const packet = { event: 5, end: false, durationSamples: 160, firstOfKey: true, slotsSinceStart: 0 };
    writeDigitPayload(payload, 0, packet, 6);
    expect(payload.readUInt16BE(2)).toBe(960);
    expect(receiver.take(1, 48_000, payload, 0, 4, 6)).toEqual({ key: '5', durationSamples: 160 });
    writeDigitPayload(payload, 0, { ...packet, durationSamples: 20_000 }, 6);
    expect(payload.readUInt16BE(2)).toBe(0xffff);
    expect(receiver.take(1, 48_000, payload, 0, 4, 6)).toBeUndefined();
  });
});
