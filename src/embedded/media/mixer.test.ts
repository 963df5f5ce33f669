import { samplesPerFrame } from './audio-frame';
import { Mixer, type MixerPort } from './mixer';

type Port = MixerPort & { inputActive: boolean; canSpeak: boolean; canHear: boolean };

function portOf(level: number): Port {
  return {
    input: new Int16Array(samplesPerFrame).fill(level),
    inputActive: true,
    canSpeak: true,
    canHear: true,
    output: new Int16Array(samplesPerFrame),
  };
}

function roomOf(...ports: Port[]): Mixer<Port> {
  const mixer = new Mixer<Port>();
  for (const port of ports) mixer.add(port);
  return mixer;
}

const heardBy = (port: Port): number => port.output[77] as number;

describe('conference mix', () => {
  it('lets each hear exactly the sum of all others and never itself', () => {
    const ports = [100, 20_000, -3_000, 7].map(portOf);
    roomOf(...ports).mix(undefined);
    expect(ports.map(heardBy)).toEqual([17_007, -2_893, 20_107, 17_100]);
  });

  it('subtracts before it clips, so a loud room stays exact for the quiet ones', () => {
    const [loud, louder, quiet] = [30_000, 30_000, 1].map(portOf) as [Port, Port, Port];
    roomOf(loud, louder, quiet).mix(undefined);
    expect(heardBy(loud)).toBe(30_001);
    expect(heardBy(quiet)).toBe(32_767);
  });

  it('clips to the range of 16 bits, both ways', () => {
    const ports = [-32_768, -32_768, -32_768].map(portOf);
    roomOf(...ports).mix(undefined);
    expect(ports.map(heardBy)).toEqual([-32_768, -32_768, -32_768]);
  });

  it('keeps the muted out of the mix and lets them hear', () => {
    const [one, muted] = [1_000, 5_000].map(portOf) as [Port, Port];
    muted.canSpeak = false;
    roomOf(one, muted).mix(undefined);
    expect([heardBy(one), heardBy(muted)]).toEqual([0, 1_000]);
  });

  it('gives the deaf silence and lets them be heard', () => {
    const [one, deaf] = [1_000, 5_000].map(portOf) as [Port, Port];
    deaf.canHear = false;
    deaf.output.fill(9);
    roomOf(one, deaf).mix(undefined);
    expect([heardBy(one), heardBy(deaf)]).toEqual([5_000, 0]);
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
    expect(heardBy(one)).toBe(333);
    expect(mixer.mix(file)).toBe(false);
    expect(heardBy(one)).toBe(0);
  });

  it('forgets a participant that left', () => {
    const [one, other] = [1_000, 5_000].map(portOf) as [Port, Port];
    const mixer = roomOf(one, other);
    mixer.remove(other);
    mixer.mix(undefined);
    expect(heardBy(one)).toBe(0);
  });
});
