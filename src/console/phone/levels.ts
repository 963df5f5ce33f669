/** How loud both sides are, 0 to 1, and how the far side's sound arrives. */
export type Levels = {
  readonly mine: number;
  readonly theirs: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly jitterMs: number;
  readonly roundTripMs: number | null;
};

type Report = Readonly<Record<string, unknown>>;

/** Reads the statistics of a connection (W3C webrtc-stats). */
export function levelOf(stats: RTCStatsReport): Levels {
  const reports: Report[] = [];
  stats.forEach((report) => reports.push(report as Report));
  const audio = (type: string) =>
    reports.find((report) => report.type === type && report.kind === 'audio') ?? {};
  const inbound = audio('inbound-rtp');
  const pair = reports.find((report) => report.type === 'candidate-pair' && report.nominated === true);
  const roundTrip = pair?.currentRoundTripTime;
  return {
    mine: figure(audio('media-source').audioLevel),
    theirs: figure(inbound.audioLevel),
    packetsReceived: figure(inbound.packetsReceived),
    packetsLost: figure(inbound.packetsLost),
    jitterMs: Math.round(figure(inbound.jitter) * 1000),
    roundTripMs: typeof roundTrip === 'number' ? Math.round(roundTrip * 1000) : null,
  };
}

function figure(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
