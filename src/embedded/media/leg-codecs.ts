import { samplesPerSecond } from './audio-frame';
import { type AudioCodec, clockHzOf } from './codecs';
import { decodeTables } from './g711';
import { opusClockHz, OpusVoice } from './opus';
import { RtpClock } from './rtp-clock';
import type { RtpPacket } from './rtp';
import type { RemoteAudio } from './sdp';

const payloadTypes = 128;
const opusScale = opusClockHz / samplesPerSecond;

/** What one leg speaks and under which payload types: what the last SDP said, and the Opus of it. */
export class LegCodecs {
  /** The codec in use, both ways. */
  codec: AudioCodec = 'PCMU';
  payloadType = 0;
  /** Units of the RTP time we send in one of our samples. */
  clockScale = 1;
  digitPayloadType = 101;
  /** Indexed by payload type: how to decode it. */
  private readonly decoders: (Int16Array | 'opus' | undefined)[] = Array.from({ length: payloadTypes });
  /** Indexed by payload type: units of its clock in one of our samples, 0 for what carries no keys. */
  private readonly digitScales = new Uint8Array(payloadTypes);
  private readonly clock = new RtpClock();
  private opus: OpusVoice | undefined;

  negotiate(remote: RemoteAudio): void {
    this.decoders.fill(undefined);
    this.digitScales.fill(0);
    for (const { payloadType, codec } of remote.codecs)
      this.decoders[payloadType] = codec === 'opus' ? 'opus' : decodeTables[codec];
    for (const { payloadType, clockHz } of remote.digits)
      this.digitScales[payloadType] = Math.max(1, Math.min(255, Math.round(clockHz / samplesPerSecond)));
    const preferred = remote.codecs[0];
    if (preferred) {
      this.codec = preferred.codec;
      this.payloadType = preferred.payloadType;
      this.clockScale = clockHzOf(preferred.codec) / samplesPerSecond;
    }
    this.digitPayloadType = remote.digits[0]?.payloadType ?? 101;
  }

  decoderOf(payloadType: number): Int16Array | 'opus' | undefined {
    return this.decoders[payloadType];
  }

  digitScaleOf(payloadType: number): number {
    return this.digitScales[payloadType] as number;
  }

  /** When a packet's audio begins, in our samples. */
  samplesAt({ payloadType, timestamp }: RtpPacket): number {
    return this.clock.toSamples(timestamp, this.decoders[payloadType] === 'opus' ? opusScale : 1);
  }

  /** Made when it is first needed. */
  get voice(): OpusVoice {
    this.opus ??= new OpusVoice();
    return this.opus;
  }

  close(): void {
    this.opus?.close();
    this.opus = undefined;
  }
}
