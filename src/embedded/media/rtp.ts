/** Longest datagram we read as RTP, bytes: more than any Ethernet frame holds. */
export const rtpBytesMax = 2_048;
/** RFC 3550 section 5.1: the fixed header. */
export const rtpHeaderBytes = 12;

/** What one RTP packet says. One object is filled again and again, so that reading allocates nothing. */
export type RtpPacket = {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payloadStart: number;
  payloadEnd: number;
};

/** An empty packet to give to `parseRtp`. */
export function emptyRtpPacket(): RtpPacket {
  return {
    payloadType: 0,
    marker: false,
    sequence: 0,
    timestamp: 0,
    ssrc: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
}

/** True when a datagram on a multiplexed port is RTCP (RFC 5761 section 4: packet types 192 to 223). */
export function isRtcp(datagram: Uint8Array): boolean {
  const type = datagram[1];
  return datagram.length >= 8 && type !== undefined && type >= 192 && type <= 223;
}

/**
 * Reads RTP (RFC 3550 section 5.1) into `into`; false when the datagram is not RTP or its lengths do not add up.
 * Header extensions (section 5.3.1) are skipped, padding is taken off.
 */
export function parseRtp(datagram: Buffer, into: RtpPacket): boolean {
  const size = datagram.length;
  if (size < rtpHeaderBytes || size > rtpBytesMax) return false;
  const first = datagram[0] as number;
  if (first >> 6 !== 2) return false;
  let start = rtpHeaderBytes + (first & 0x0f) * 4;
  if (first & 0x10) {
    if (start + 4 > size) return false;
    start += 4 + datagram.readUInt16BE(start + 2) * 4;
  }
  let end = size;
  if (first & 0x20) {
    const padding = datagram[size - 1] as number;
    if (padding === 0) return false;
    end -= padding;
  }
  if (start > end) return false;
  const second = datagram[1] as number;
  into.payloadType = second & 0x7f;
  into.marker = (second & 0x80) !== 0;
  into.sequence = ((datagram[2] as number) << 8) | (datagram[3] as number);
  into.timestamp = datagram.readUInt32BE(4);
  into.ssrc = datagram.readUInt32BE(8);
  into.payloadStart = start;
  into.payloadEnd = end;
  return true;
}

/** Writes the twelve bytes of RFC 3550 section 5.1 at the start of `into`. */
export function writeRtpHeader(
  into: Buffer,
  header: { payloadType: number; marker: boolean; sequence: number; timestamp: number; ssrc: number },
): void {
  into[0] = 0x80;
  into[1] = header.payloadType | (header.marker ? 0x80 : 0);
  into.writeUInt16BE(header.sequence & 0xffff, 2);
  into.writeUInt32BE(header.timestamp >>> 0, 4);
  into.writeUInt32BE(header.ssrc >>> 0, 8);
}
