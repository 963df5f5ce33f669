import { frameMs, samplesPerSecond } from '../media/audio-frame';
import { estimateMos } from '../media/reception-stats';
import type { Channel } from './channel';
import { microseconds } from './channel-headers';

/** Sets the variables `rtp_audio_in_*` and `rtp_audio_out_*` from the leg's counters, under FreeSWITCH's names. */
export function setMediaStats(channel: Channel): void {
  const { leg } = channel;
  if (!leg) return;
  const { received, jitter, sent } = leg;
  const lost = received.lost();
  const mediaPackets = received.packets - leg.digitPacketsReceived - leg.comfortNoisePackets;
  const lossRatio = lost + received.packets > 0 ? lost / (lost + received.packets) : 0;
  const { mos, ratingFactor } = estimateMos(lossRatio, received.jitterMs());
  const numbers: Readonly<Record<string, number>> = {
    in_raw_bytes: received.bytes + received.packets * 12,
    in_media_bytes: received.bytes,
    in_packet_count: received.packets,
    in_media_packet_count: mediaPackets,
    // Slots in which there was nothing to hear: FreeSWITCH counts them here, lost or never sent.
    in_skip_packet_count: jitter.concealedSlots,
    in_jitter_packet_count: jitter.latePackets,
    in_dtmf_packet_count: leg.digitPacketsReceived,
    in_cng_packet_count: leg.comfortNoisePackets,
    in_flush_packet_count: jitter.resyncs,
    in_largest_jb_size: Math.ceil(jitter.delayMs() / frameMs),
    in_flaw_total: lost,
    out_raw_bytes: sent.bytes + sent.packets * 12,
    out_media_bytes: sent.bytes,
    out_packet_count: sent.packets,
    out_media_packet_count: sent.packets - sent.digitPackets,
    out_skip_packet_count: 0,
    out_dtmf_packet_count: sent.digitPackets,
    out_cng_packet_count: 0,
    rtcp_packet_count: leg.rtcp.packetsReceived,
    rtcp_octet_count: 0,
  };
  for (const [name, value] of Object.entries(numbers))
    channel.setVariable(`rtp_audio_${name}`, String(value));
  const largestJitterMs = (received.largestJitterSamples * 1_000) / samplesPerSecond;
  const decimals: Readonly<Record<string, number>> = {
    in_jitter_min_variance: received.jitterMs() ** 2,
    in_jitter_max_variance: largestJitterMs ** 2,
    in_jitter_burst_rate: 0,
    in_mean_interval: frameMs,
    in_quality_percentage: (ratingFactor / 93.2) * 100,
    in_mos: mos,
  };
  for (const [name, value] of Object.entries(decimals))
    channel.setVariable(`rtp_audio_${name}`, value.toFixed(2));
  // A fraction of what was received, as in FreeSWITCH, which gives two decimals of it: that hides a loss below 0.5 %.
  const lossRate = mediaPackets > 0 ? lost / mediaPackets : 0;
  channel.setVariable('rtp_audio_in_jitter_loss_rate', lossRate.toFixed(5));
  channel.setVariable('rtp_audio_in_foreign_packet_count', String(leg.lock.dropped));
}

/** Sets start, answer and end times and the durations made of them: what CDR writers read from CHANNEL_HANGUP_COMPLETE. */
export function setCallTimes(channel: Channel): void {
  const { createdMs, answeredMs, endedMs = createdMs } = channel;
  for (const [name, ms] of [
    ['start', createdMs],
    ['answer', answeredMs],
    ['end', endedMs],
  ] as const) {
    channel.setVariable(`${name}_epoch`, String(ms === undefined ? 0 : Math.floor(ms / 1_000)));
    channel.setVariable(`${name}_uepoch`, microseconds(ms));
    if (ms !== undefined)
      channel.setVariable(`${name}_stamp`, new Date(ms).toISOString().slice(0, 19).replace('T', ' '));
  }
  const totalMs = Math.max(0, endedMs - createdMs);
  const talkMs = answeredMs === undefined ? 0 : Math.max(0, endedMs - answeredMs);
  const waitMs = totalMs - talkMs;
  for (const [prefix, ms] of [
    ['bill', talkMs],
    ['wait', waitMs],
  ] as const) {
    channel.setVariable(`${prefix}sec`, String(Math.floor(ms / 1_000)));
    channel.setVariable(`${prefix}msec`, String(Math.round(ms)));
    channel.setVariable(`${prefix}usec`, microseconds(ms));
  }
  channel.setVariable('duration', String(Math.floor(totalMs / 1_000)));
  channel.setVariable('mduration', String(Math.round(totalMs)));
  channel.setVariable('uduration', microseconds(totalMs));
}
