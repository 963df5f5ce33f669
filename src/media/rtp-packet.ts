/** RFC 3550 section 5.1. */
const HEADER_BYTES = 12;
const PCMU = 0;
/** μ-law silence. */
export const SILENT_BYTE = 0xff;

/** One PCMU packet: timestamp in samples of 1/8000 s, payload a view into the datagram. */
export type AudioPacket = { readonly timestamp: number; readonly ssrc: number; readonly payload: Buffer };

/** Reads an RTP packet of PCMU; null for anything else, RTCP included. */
export function readAudioPacket(datagram: Buffer): AudioPacket | null {
  if (datagram.length <= HEADER_BYTES) return null;
  const first = datagram.readUInt8(0);
  if (first >> 6 !== 2 || (datagram.readUInt8(1) & 0x7f) !== PCMU) return null;
  let start = HEADER_BYTES + (first & 0x0f) * 4;
  if (first & 0x10) start += datagram.length >= start + 4 ? 4 + datagram.readUInt16BE(start + 2) * 4 : 0xffff;
  const end = datagram.length - (first & 0x20 ? datagram.readUInt8(datagram.length - 1) : 0);
  if (start >= end) return null;
  const payload = datagram.subarray(start, end);
  return { timestamp: datagram.readUInt32BE(4), ssrc: datagram.readUInt32BE(8), payload };
}

/** A packet of silence: it keeps the media server from taking us for dead. */
export function silentPacket(packet: { sequence: number; timestamp: number; ssrc: number }): Buffer {
  const datagram = Buffer.alloc(HEADER_BYTES + 160, SILENT_BYTE);
  datagram.writeUInt16BE(0x8000 | PCMU, 0);
  datagram.writeUInt16BE(packet.sequence & 0xffff, 2);
  datagram.writeUInt32BE(packet.timestamp >>> 0, 4);
  datagram.writeUInt32BE(packet.ssrc >>> 0, 8);
  return datagram;
}
