import type { ReceptionReport } from './reception-stats';

/** Sub-packets read from one compound datagram; the rest is ignored. */
const subPacketsMax = 16;
/** Seconds between 1900 (NTP) and 1970 (Unix). */
const ntpEpochSeconds = 2_208_988_800;

/** What the far end says about the stream we send it. */
export type RemoteView = {
  fractionLost: number;
  packetsLost: number;
  jitterSamples: number;
  roundTripMs: number | undefined;
};

/** What one RTCP datagram held for us. */
export type RtcpReading = {
  senderSsrc: number;
  /** Middle 32 bits of the sender report's NTP time (RFC 3550 section 6.4.1, LSR); 0 without a sender report. */
  senderReportNtp: number;
  remoteView: RemoteView | undefined;
  bye: boolean;
};

/** Middle 32 bits of the NTP time of `unixMs`: the unit of LSR and DLSR, 1/65536 s. */
export function compactNtp(unixMs: number): number {
  return Math.floor((unixMs / 1_000 + ntpEpochSeconds) * 65_536) % 2 ** 32;
}

/**
 * Reads a compound RTCP datagram (RFC 3550 section 6); undefined when it is none.
 * `ourSsrc` picks the report block about our stream, `nowMs` (Unix) serves for the round trip time.
 */
export function parseRtcp(datagram: Buffer, ourSsrc: number, nowMs: number): RtcpReading | undefined {
  if (datagram.length < 8 || (datagram[0] as number) >> 6 !== 2) return undefined;
  const reading: RtcpReading = { senderSsrc: 0, senderReportNtp: 0, remoteView: undefined, bye: false };
  let at = 0;
  for (let count = 0; count < subPacketsMax && at + 8 <= datagram.length; count += 1) {
    const first = datagram[at] as number;
    const type = datagram[at + 1] as number;
    const end = at + (datagram.readUInt16BE(at + 2) + 1) * 4;
    if (first >> 6 !== 2 || end > datagram.length) return count === 0 ? undefined : reading;
    if (type === 200 && end - at >= 28) {
      reading.senderSsrc = datagram.readUInt32BE(at + 4);
      reading.senderReportNtp = datagram.readUInt32BE(at + 10);
      readReportBlocks(datagram, at + 28, end, first & 0x1f, ourSsrc, nowMs, reading);
    } else if (type === 201) {
      reading.senderSsrc = datagram.readUInt32BE(at + 4);
      readReportBlocks(datagram, at + 8, end, first & 0x1f, ourSsrc, nowMs, reading);
    } else if (type === 203) {
      reading.bye = true;
    }
    at = end;
  }
  return reading;
}

function readReportBlocks(
  datagram: Buffer,
  start: number,
  end: number,
  count: number,
  ourSsrc: number,
  nowMs: number,
  reading: RtcpReading,
): void {
  for (let block = 0, at = start; block < count && at + 24 <= end; block += 1, at += 24) {
    if (datagram.readUInt32BE(at) !== ourSsrc >>> 0) continue;
    const lastReport = datagram.readUInt32BE(at + 16);
    const delay = datagram.readUInt32BE(at + 20);
    const roundTrip = (compactNtp(nowMs) - lastReport - delay) | 0;
    reading.remoteView = {
      fractionLost: datagram[at + 4] as number,
      packetsLost: datagram.readIntBE(at + 5, 3),
      jitterSamples: datagram.readUInt32BE(at + 12),
      roundTripMs: lastReport === 0 || roundTrip < 0 ? undefined : (roundTrip * 1_000) / 65_536,
    };
  }
}

export type ReportFacts = {
  ssrc: number;
  cname: string;
  /** Milliseconds since 1970, for the NTP time. */
  nowMs: number;
  /** Undefined when we sent nothing: then a receiver report goes out. */
  sent: { timestamp: number; packets: number; bytes: number } | undefined;
  received: ReceptionReport | undefined;
  /** LSR and DLSR of the last sender report of the peer, units of RFC 3550 section 6.4.1. */
  lastSenderReport: { ntp: number; delay: number };
};

/** One compound datagram: SR or RR, then SDES with the CNAME (RFC 3550 sections 6.4.1, 6.4.2, 6.5). */
export function buildReport(facts: ReportFacts): Buffer {
  const blocks = facts.received ? 1 : 0;
  const headBytes = (facts.sent ? 28 : 8) + blocks * 24;
  const cname = Buffer.from(facts.cname).subarray(0, 64);
  const sdesBytes = Math.ceil((8 + 2 + cname.length + 1) / 4) * 4;
  const datagram = Buffer.alloc(headBytes + sdesBytes);
  datagram[0] = 0x80 | blocks;
  datagram[1] = facts.sent ? 200 : 201;
  datagram.writeUInt16BE(headBytes / 4 - 1, 2);
  datagram.writeUInt32BE(facts.ssrc >>> 0, 4);
  if (facts.sent) {
    const seconds = facts.nowMs / 1_000 + ntpEpochSeconds;
    datagram.writeUInt32BE(Math.floor(seconds) >>> 0, 8);
    datagram.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32) >>> 0, 12);
    datagram.writeUInt32BE(facts.sent.timestamp >>> 0, 16);
    datagram.writeUInt32BE(facts.sent.packets >>> 0, 20);
    datagram.writeUInt32BE(facts.sent.bytes >>> 0, 24);
  }
  if (facts.received) writeReportBlock(datagram, headBytes - 24, facts.received, facts.lastSenderReport);
  datagram[headBytes] = 0x81;
  datagram[headBytes + 1] = 202;
  datagram.writeUInt16BE(sdesBytes / 4 - 1, headBytes + 2);
  datagram.writeUInt32BE(facts.ssrc >>> 0, headBytes + 4);
  datagram[headBytes + 8] = 1;
  datagram[headBytes + 9] = cname.length;
  cname.copy(datagram, headBytes + 10);
  return datagram;
}

function writeReportBlock(
  datagram: Buffer,
  at: number,
  received: ReceptionReport,
  lastSenderReport: { ntp: number; delay: number },
): void {
  datagram.writeUInt32BE(received.ssrc >>> 0, at);
  datagram[at + 4] = received.fractionLost;
  datagram.writeIntBE(Math.min(received.packetsLost, 0x7fffff), at + 5, 3);
  datagram.writeUInt32BE(received.highestSequence, at + 8);
  datagram.writeUInt32BE(received.jitterSamples >>> 0, at + 12);
  datagram.writeUInt32BE(lastSenderReport.ntp >>> 0, at + 16);
  datagram.writeUInt32BE(lastSenderReport.delay >>> 0, at + 20);
}
