import type { G711Codec } from './g711';
import { opusClockHz } from './opus';
import { samplesPerSecond } from './audio-frame';

/** What a leg can speak. */
export type AudioCodec = G711Codec | 'opus';

/** Units of RTP time in a second. */
export function clockHzOf(codec: AudioCodec): number {
  return codec === 'opus' ? opusClockHz : samplesPerSecond;
}

/** As an SDP names it. */
export function rtpmapOf(codec: AudioCodec): string {
  return codec === 'opus' ? 'opus/48000/2' : `${codec}/8000`;
}

/** The codec an `a=rtpmap` names, undefined for one that is not spoken. */
export function codecNamed(rtpmap: string): AudioCodec | undefined {
  const name = rtpmap.toUpperCase();
  if (name.startsWith('PCMU/8000')) return 'PCMU';
  if (name.startsWith('PCMA/8000')) return 'PCMA';
  return name === 'OPUS/48000/2' ? 'opus' : undefined;
}
