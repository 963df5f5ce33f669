import { samplesPerFrame, samplesPerSecond } from './audio-frame';
import { opusBytesMax, opusSamplesMax, OpusVoice } from './opus';

function tone(hertz: number, slot: number): Int16Array {
  return Int16Array.from({ length: samplesPerFrame }, (_, at) =>
    Math.round(8_000 * Math.sin((2 * Math.PI * hertz * (slot * samplesPerFrame + at)) / samplesPerSecond)),
  );
}

/** Energy of a tone in a slot and of all there is. */
function share(samples: Int16Array, hertz: number): { tone: number; all: number } {
  let [sine, cosine, all] = [0, 0, 0];
  samples.forEach((value, at) => {
    const angle = (2 * Math.PI * hertz * at) / samplesPerSecond;
    sine += value * Math.sin(angle);
    cosine += value * Math.cos(angle);
    all += value * value;
  });
  return { tone: (2 * (sine * sine + cosine * cosine)) / samples.length, all };
}

describe('Opus at telephone bandwidth', () => {
  it('gives back a tone as a tone, slot by slot, also when hundreds of others speak', () => {
    const others = Array.from({ length: 300 }, () => new OpusVoice());
    const [speaker, listener] = [new OpusVoice(), new OpusVoice()];
    const packet = Buffer.alloc(opusBytesMax + 12);
    const heard = new Int16Array(opusSamplesMax);
    const total = { tone: 0, all: 0 };
    for (let slot = 0; slot < 50; slot += 1) {
      others[slot]?.encode(tone(1_000, slot), packet, 12);
      const length = speaker.encode(tone(600, slot), packet, 12);
      expect(listener.decode(packet, 12, 12 + length, heard)).toBe(samplesPerFrame);
      if (slot < 10) continue;
      const found = share(heard.subarray(0, samplesPerFrame), 600);
      total.tone += found.tone;
      total.all += found.all;
    }
    expect(total.tone / total.all).toBeGreaterThan(0.98);
    expect(Math.sqrt(total.all / (40 * samplesPerFrame))).toBeGreaterThan(4_500);
    for (const voice of [...others, speaker, listener]) voice.close();
  });

  it('takes nothing that is no packet', () => {
    const voice = new OpusVoice();
    const into = new Int16Array(opusSamplesMax);
    expect(voice.decode(Buffer.alloc(0), 0, 0, into)).toBe(0);
    expect(voice.decode(Buffer.alloc(2_000), 0, 2_000, into)).toBe(0);
    expect(voice.decode(Buffer.from([0xff, 0xff, 0xff]), 0, 3, into)).toBe(0);
    voice.close();
    voice.close();
  });
});
