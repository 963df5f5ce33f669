import { samplesPerFrame } from './audio-frame';
import { encodeTables } from './g711';
import { Mixer, type MixerPort } from './mixer';

type Port = MixerPort & { inputActive: boolean; canSpeak: boolean };

function portOf(level: number): Port {
  return {
    input: new Int16Array(samplesPerFrame).fill(level),
    inputActive: true,
    canSpeak: true,
    mixed: false,
  };
}

function roomOf(...ports: Port[]): Mixer<Port> {
  const mixer = new Mixer<Port>();
  for (const port of ports) mixer.add(port);
  return mixer;
}

function heardBy(mixer: Mixer<Port>, port: Port): number {
  const frame = new Int16Array(samplesPerFrame);
  mixer.hear(port, frame);
  return frame[77] as number;
}

describe('conference mix', () => {
  it('lets each hear exactly the sum of all others and never itself', () => {
    const ports = [100, 20_000, -3_000, 7].map(portOf);
    const mixer = roomOf(...ports);
    mixer.mix(undefined);
    expect(ports.map((port) => heardBy(mixer, port))).toEqual([17_007, -2_893, 20_107, 17_100]);
    expect(mixer.everyone()[0]).toBe(17_107);
  });

  it('encodes exactly what it would let be heard, for speakers and listeners, by any table', () => {
    const ports = [100, 20_000, -3_000, 0].map(portOf) as [Port, Port, Port, Port];
    ports[3].inputActive = false;
    const mixer = roomOf(...ports);
    mixer.mix(undefined);
    for (const table of [encodeTables.PCMU, encodeTables.PCMA, encodeTables.PCMU]) {
      for (const port of ports) {
        const packet = new Uint8Array(samplesPerFrame + 12);
        mixer.hearEncoded(port, table, packet, 12);
        expect(packet[12 + 77]).toBe(table[heardBy(mixer, port) & 0xffff]);
        expect(packet[11]).toBe(0);
      }
    }
  });

  it('subtracts before it clips, so a loud room stays exact for the quiet ones', () => {
    const [loud, louder, quiet] = [30_000, 30_000, 1].map(portOf) as [Port, Port, Port];
    const mixer = roomOf(loud, louder, quiet);
    mixer.mix(undefined);
    expect(heardBy(mixer, loud)).toBe(30_001);
    expect(heardBy(mixer, quiet)).toBe(32_767);
  });

  it('clips to the range of 16 bits, both ways', () => {
    const ports = [-32_768, -32_768, -32_768].map(portOf);
    const mixer = roomOf(...ports);
    mixer.mix(undefined);
    expect(ports.map((port) => heardBy(mixer, port))).toEqual([-32_768, -32_768, -32_768]);
  });

  it('keeps the muted out of the mix and lets them hear', () => {
    const [one, muted] = [1_000, 5_000].map(portOf) as [Port, Port];
    muted.canSpeak = false;
    const mixer = roomOf(one, muted);
    mixer.mix(undefined);
    expect([heardBy(mixer, one), heardBy(mixer, muted)]).toEqual([0, 1_000]);
  });

  it('subtracts from nobody who was silent in this slot', () => {
    const [one, other] = [1_000, 5_000].map(portOf) as [Port, Port];
    const mixer = roomOf(one, other);
    mixer.mix(undefined);
    other.inputActive = false;
    mixer.mix(undefined);
    expect([heardBy(mixer, one), heardBy(mixer, other)]).toEqual([0, 1_000]);
  });

  it('plays a room file to everybody and says when it has ended', () => {
    const [one] = [1_000].map(portOf) as [Port];
    const mixer = roomOf(one);
    let left = 1;
    const file = {
      read: (into: Int16Array): boolean => {
        into.fill(333);
        left -= 1;
        return left >= 0;
      },
    };
    expect(mixer.mix(file)).toBe(true);
    expect(heardBy(mixer, one)).toBe(333);
    expect(mixer.mix(file)).toBe(false);
    expect(heardBy(mixer, one)).toBe(0);
  });

  it('forgets a participant that left', () => {
    const [one, other] = [1_000, 5_000].map(portOf) as [Port, Port];
    const mixer = roomOf(one, other);
    mixer.remove(other);
    mixer.mix(undefined);
    expect(heardBy(mixer, one)).toBe(0);
  });

  it('leaves one out for those who shall not hear it, encoded too, and for nobody else', () => {
    const [moderator, speaker, coach, listener] = [100, 20, 3_000, 0].map(portOf) as [Port, Port, Port, Port];
    listener.inputActive = false;
    const mixer = roomOf(moderator, speaker, coach, listener);
    for (const deaf of [speaker, listener]) mixer.setHeard(deaf, coach, false);
    mixer.mix(undefined);
    const heard = [moderator, speaker, coach, listener].map((port) => heardBy(mixer, port));
    expect(heard).toEqual([3_020, 100, 120, 120]);
    for (const port of [speaker, listener, moderator]) {
      const packet = new Uint8Array(samplesPerFrame);
      mixer.hearEncoded(port, encodeTables.PCMU, packet, 0);
      expect(packet[77]).toBe(encodeTables.PCMU[heardBy(mixer, port) & 0xffff]);
    }
    expect(mixer.everyone()[0]).toBe(3_120);
  });

  it('lets all be heard again when told so, and forgets exceptions of those who left', () => {
    const [one, coach] = [100, 3_000].map(portOf) as [Port, Port];
    const mixer = roomOf(one, coach);
    mixer.setHeard(one, coach, false);
    mixer.setHeard(one, coach, true);
    mixer.mix(undefined);
    expect(heardBy(mixer, one)).toBe(3_000);
    mixer.setHeard(one, coach, false);
    mixer.remove(coach);
    mixer.add(coach);
    mixer.mix(undefined);
    expect(heardBy(mixer, one)).toBe(3_000);
  });

  it('leaves out exactly, however loud the one left out was', () => {
    const [one, loud, coach] = [1, 30_000, 30_000].map(portOf) as [Port, Port, Port];
    const mixer = roomOf(one, loud, coach);
    mixer.setHeard(one, coach, false);
    mixer.mix(undefined);
    expect(heardBy(mixer, one)).toBe(30_000);
  });
});
