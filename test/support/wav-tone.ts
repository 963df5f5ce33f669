import { pcmOfMulaw } from '../../src/media/mulaw';
import { toneAmplitude } from './tone-amplitude';

const SAMPLE_RATE_HZ = 8_000;
const MULAW = 7;

/** Amplitude of a tone in the loudest second of a WAV (8 kHz, mono, 16 bit or G.711 µ-law). */
export function amplitudeInWav(wav: Buffer, hz: number): number {
  const bytes = wav.subarray(wav.indexOf('data') + 8);
  const pcm = wav.readUInt16LE(20) === MULAW ? pcmOfMulaw(bytes) : bytes;
  const samples = Int16Array.from({ length: Math.floor(pcm.length / 2) }, (_, n) => pcm.readInt16LE(2 * n));
  let loudest = 0;
  for (let at = 0; at + SAMPLE_RATE_HZ <= samples.length; at += SAMPLE_RATE_HZ)
    loudest = Math.max(loudest, toneAmplitude(samples.subarray(at, at + SAMPLE_RATE_HZ), hz));
  return loudest;
}
