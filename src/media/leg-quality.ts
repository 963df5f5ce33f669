/** What the media server measured of a leg; loss in packets, jitter in ms, MOS 1.0 to 4.5. */
export type MeasuredQuality = {
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly jitterMs: number;
  readonly mos: number;
};

/** Flaws that FreeSWITCH counts at most for one lost packet: the packet itself, and two more for the gap it leaves. */
const FLAWS_PER_GAP = 3;

/** Reads FreeSWITCH's RTP statistics out of CHANNEL_HANGUP_COMPLETE; null when the leg never had media. */
export function measuredQuality(variable: (name: string) => string | undefined): MeasuredQuality | null {
  const number = (name: string) => Number(variable(`variable_rtp_audio_in_${name}`) ?? Number.NaN);
  const packetsReceived = number('media_packet_count');
  if (!(packetsReceived > 0)) return null;
  return {
    packetsReceived,
    packetsLost: packetsLost(packetsReceived, orZero(number('flaw_total')), number('jitter_loss_rate')),
    // The variance is a running mean over the whole leg: its greatest value is one pause at the start, its least what it settles at.
    jitterMs: orZero(Math.sqrt(number('jitter_min_variance'))),
    mos: orZero(number('mos')),
  };
}

/**
 * FreeSWITCH does not tell how many packets were lost. It tells the loss as a fraction, rounded and up to five seconds old, and flaws,
 * which are the losses and a penalty for every gap: the fraction is believed as far as the flaws allow.
 */
function packetsLost(received: number, flaws: number, lossRate: number): number {
  const estimate = Math.round(received * (Number.isFinite(lossRate) ? lossRate : 0));
  return Math.min(flaws, Math.max(estimate, Math.ceil(flaws / FLAWS_PER_GAP)));
}

function orZero(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 100) / 100 : 0;
}
