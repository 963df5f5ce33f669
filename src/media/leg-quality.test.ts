import { measuredQuality } from './leg-quality';

/** Statistics under the names of CHANNEL_HANGUP_COMPLETE. */
const quality = (values: Readonly<Record<string, string>>) =>
  measuredQuality((name) => values[name.replace(/^variable_rtp_audio_in_/, '')]);

/** As FreeSWITCH 1.10 told them of legs that lost nothing, every twentieth packet, and two bursts. */
const CLEAN = {
  media_packet_count: '254',
  skip_packet_count: '6',
  flaw_total: '0',
  jitter_loss_rate: '0.00',
  jitter_min_variance: '7.62',
  jitter_max_variance: '27.59',
  mos: '4.50',
};
const LOSSY = {
  ...CLEAN,
  media_packet_count: '280',
  skip_packet_count: '29',
  flaw_total: '45',
  jitter_loss_rate: '0.05',
  mos: '4.13',
};

describe('the quality of a leg', () => {
  it('is that which FreeSWITCH measured; slots without a packet are no loss', () => {
    expect(quality(CLEAN)).toEqual({ packetsReceived: 254, packetsLost: 0, jitterMs: 2.76, mos: 4.5 });
  });

  it('has the losses without the penalties that FreeSWITCH adds for gaps', () => {
    expect(quality(LOSSY)?.packetsLost).toBe(15);
  });

  it.each([
    ['a loss too small for two decimals', { flaw_total: '3', jitter_loss_rate: '0.00' }, 1],
    ['a burst', { flaw_total: '12', jitter_loss_rate: '0.04' }, 11],
    ['a loss rate that counts a burst twice', { flaw_total: '12', jitter_loss_rate: '0.20' }, 12],
    ['a server that tells no loss rate', { flaw_total: '3', jitter_loss_rate: 'nan' }, 1],
  ])('keeps the loss within what the flaws allow: %s', (_, told, lost) => {
    expect(quality({ ...LOSSY, ...told })?.packetsLost).toBe(lost);
  });

  it('is unknown for a leg that never had media', () => {
    expect(quality({ ...CLEAN, media_packet_count: '0' })).toBeNull();
    expect(quality({})).toBeNull();
  });
});
