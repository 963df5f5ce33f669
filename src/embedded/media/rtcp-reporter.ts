import type { ReceptionStats } from './reception-stats';
import { buildReport, compactNtp, parseRtcp, type RemoteView } from './rtcp';
import type { PacketPort } from './rtp-port';
import type { RemoteAudio } from './sdp';
import type { SocketAddress } from './source-lock';

/** RFC 3550 section 6.2: mean time between reports, milliseconds. */
const reportEveryMs = 5_000;

/** The RTCP of one leg: what we report, and what the peer reports of us. */
export class RtcpReporter {
  /** The peer's last view of our stream. */
  remoteView: RemoteView | undefined;
  packetsReceived = 0;
  private lastSenderReport = { ntp: 0, atMs: 0 };
  private nextReportMs: number | undefined;
  private mux = false;
  private rtcpPort = 0;
  private rtpPort = 0;

  constructor(
    private readonly ssrc: number,
    private readonly received: ReceptionStats,
  ) {}

  /** Takes the RTCP part of the remote SDP. */
  expect(remote: RemoteAudio): void {
    this.mux = remote.rtcpMux;
    this.rtcpPort = remote.rtcpPort;
    this.rtpPort = remote.port;
  }

  /** Takes one RTCP datagram of the peer. */
  take(datagram: Buffer, unixMs: number): void {
    const reading = parseRtcp(datagram, this.ssrc, unixMs);
    if (!reading) return;
    this.packetsReceived += 1;
    if (reading.senderReportNtp !== 0) this.lastSenderReport = { ntp: reading.senderReportNtp, atMs: unixMs };
    if (reading.remoteView) this.remoteView = reading.remoteView;
  }

  /** The report that is due at `nowMs` (monotonic), undefined when none is. */
  nextReport(
    nowMs: number,
    unixMs: number,
    sent: { packets: number; bytes: number; timestamp: number },
  ): Buffer | undefined {
    // Half an interval spread by the SSRC, so that legs started together do not report together (section 6.3.1).
    this.nextReportMs ??= nowMs + reportEveryMs / 2 + (this.ssrc % (reportEveryMs / 2));
    if (nowMs < this.nextReportMs) return undefined;
    this.nextReportMs = nowMs + reportEveryMs;
    const { ntp, atMs } = this.lastSenderReport;
    const delay = ntp === 0 ? 0 : Math.round((compactNtp(unixMs) - compactNtp(atMs)) % 2 ** 32);
    return buildReport({
      ssrc: this.ssrc,
      cname: this.ssrc.toString(16),
      nowMs: unixMs,
      sent: sent.packets > 0 ? sent : undefined,
      received: this.received.packets > 0 ? this.received.report() : undefined,
      lastSenderReport: { ntp, delay },
    });
  }

  /** Sends a report beside RTP: same port when multiplexed, else the SDP's, or one above a learned port. */
  send(port: PacketPort, report: Buffer, target: SocketAddress): void {
    if (this.mux) port.sendRtp(report, target.address, target.port);
    else
      port.sendRtcp(
        report,
        target.address,
        target.port === this.rtpPort ? this.rtcpPort : (target.port + 1) % 65_536,
      );
  }
}
