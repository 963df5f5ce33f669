/** What the media server measured of a leg; loss in packets, jitter in ms, MOS 1.0 to 4.5. */
export type MeasuredQuality = {
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly jitterMs: number;
  readonly mos: number;
};

/** Reads FreeSWITCH's RTP statistics out of CHANNEL_HANGUP_COMPLETE; null when the leg never had media. */
export function measuredQuality(variable: (name: string) => string | undefined): MeasuredQuality | null {
  const number = (name: string) => Number(variable(`variable_rtp_audio_in_${name}`) ?? Number.NaN);
  const packetsReceived = number('media_packet_count');
  if (!(packetsReceived > 0)) return null;
  return {
    packetsReceived,
    packetsLost: orZero(number('skip_packet_count')),
    jitterMs: orZero(Math.sqrt(number('jitter_max_variance'))),
    mos: orZero(number('mos')),
  };
}

function orZero(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 100) / 100 : 0;
}
