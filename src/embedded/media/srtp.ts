import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { rtpHeaderBytes } from './rtp';

/** The two suites of RFC 4568 section 6.2 that we speak; they differ in the length of the tag on RTP. */
export type SrtpSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32';

const rtpTagBytes: Readonly<Record<SrtpSuite, number>> = {
  AES_CM_128_HMAC_SHA1_80: 10,
  AES_CM_128_HMAC_SHA1_32: 4,
};
/** RFC 4568 section 6.2.2: also the short suite has the long tag on RTCP. */
const rtcpTagBytes = 10;
const keyBytes = 16;
const saltBytes = 14;
/** A master key with its salt, as SDES carries them. */
export const srtpKeyBytes = keyBytes + saltBytes;

/** RFC 3711 section 4.3.1. */
const labels = { rtpCipher: 0, rtpAuth: 1, rtpSalt: 2, rtcpCipher: 3, rtcpAuth: 4, rtcpSalt: 5 } as const;
const authKeyBytes = 20;
const replayWindow = 64;
/** Sources of one peer whose packet counts are remembered. */
const sourcesMax = 4;
const rtcpHeaderBytes = 8;
const rtcpIndexBytes = 4;
const encryptedFlag = 0x8000_0000;
const rollOver = 0x1_0000;

/** One direction of one suite: what is derived from a master key. */
type SessionKeys = { cipher: Buffer; auth: Buffer; salt: Buffer };

/** Derives the six session keys (RFC 3711 section 4.3; no re-keying, so the index is 0). */
export function deriveSessionKeys(master: Buffer): { rtp: SessionKeys; rtcp: SessionKeys } {
  const key = master.subarray(0, keyBytes);
  const derive = (label: number, length: number): Buffer => {
    const iv = Buffer.alloc(16);
    master.copy(iv, 0, keyBytes, srtpKeyBytes);
    iv[7] = (iv[7] as number) ^ label;
    return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(length));
  };
  return {
    rtp: {
      cipher: derive(labels.rtpCipher, keyBytes),
      auth: derive(labels.rtpAuth, authKeyBytes),
      salt: derive(labels.rtpSalt, saltBytes),
    },
    rtcp: {
      cipher: derive(labels.rtcpCipher, keyBytes),
      auth: derive(labels.rtcpAuth, authKeyBytes),
      salt: derive(labels.rtcpSalt, saltBytes),
    },
  };
}

/** AES in counter mode over `data` (RFC 3711 section 4.1.1); the same both ways. `index` is the packet's, below 2^48. */
function crypt(keys: SessionKeys, ssrc: number, index: number, data: Buffer): Buffer {
  const iv = Buffer.alloc(16);
  keys.salt.copy(iv);
  iv.writeUInt32BE((iv.readUInt32BE(4) ^ ssrc) >>> 0, 4);
  const high = Math.floor(index / rollOver);
  iv.writeUInt32BE((iv.readUInt32BE(8) ^ high) >>> 0, 8);
  iv.writeUInt16BE((iv.readUInt16BE(12) ^ (index % rollOver)) & 0xffff, 12);
  return createCipheriv('aes-128-ctr', keys.cipher, iv).update(data);
}

function tagOf(keys: SessionKeys, message: Buffer, trailer: Buffer | undefined, length: number): Buffer {
  const hmac = createHmac('sha1', keys.auth).update(message);
  if (trailer) hmac.update(trailer);
  return hmac.digest().subarray(0, length);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Bytes before the payload: fixed header, contributing sources, extension; undefined when they do not fit. */
function rtpPayloadStart(packet: Buffer, end: number): number | undefined {
  const first = packet[0] as number;
  let start = rtpHeaderBytes + (first & 0x0f) * 4;
  if (first & 0x10) {
    if (start + 4 > end) return undefined;
    start += 4 + packet.readUInt16BE(start + 2) * 4;
  }
  return start <= end ? start : undefined;
}

/** Encrypts and signs what one source sends (RFC 3711). Its RTP sequence numbers go up by one from packet to packet. */
export class SrtpSender {
  private readonly rtp: SessionKeys;
  private readonly rtcp: SessionKeys;
  private rollOvers = 0;
  private lastSequence: number | undefined;
  private rtcpIndex = 0;

  constructor(
    private readonly suite: SrtpSuite,
    master: Buffer,
  ) {
    ({ rtp: this.rtp, rtcp: this.rtcp } = deriveSessionKeys(master));
  }

  /** A new packet for this RTP packet, which stays as it is. */
  protectRtp(packet: Buffer): Buffer {
    const sequence = packet.readUInt16BE(2);
    if (this.lastSequence !== undefined && sequence < this.lastSequence) this.rollOvers += 1;
    this.lastSequence = sequence;
    const index = this.rollOvers * rollOver + sequence;
    const start = rtpPayloadStart(packet, packet.length) ?? packet.length;
    const body = crypt(this.rtp, packet.readUInt32BE(8), index, packet.subarray(start));
    const message = Buffer.concat([packet.subarray(0, start), body]);
    const tag = tagOf(this.rtp, message, uint32(this.rollOvers), rtpTagBytes[this.suite]);
    return Buffer.concat([message, tag]);
  }

  /** A new packet for this compound RTCP packet. */
  protectRtcp(packet: Buffer): Buffer {
    this.rtcpIndex = (this.rtcpIndex + 1) % encryptedFlag;
    const body = crypt(this.rtcp, packet.readUInt32BE(4), this.rtcpIndex, packet.subarray(rtcpHeaderBytes));
    const index = uint32(encryptedFlag + this.rtcpIndex);
    const message = Buffer.concat([packet.subarray(0, rtcpHeaderBytes), body, index]);
    return Buffer.concat([message, tagOf(this.rtcp, message, undefined, rtcpTagBytes)]);
  }
}

/** Which of the last packets have been seen (RFC 3711 section 3.3.2). */
class ReplayList {
  private readonly seen = new Uint8Array(replayWindow);
  highest = -1;

  isNew(index: number): boolean {
    if (index > this.highest) return true;
    return this.highest - index < replayWindow && this.seen[index % replayWindow] === 0;
  }

  add(index: number): void {
    for (let at = Math.max(this.highest + 1, index - replayWindow + 1); at < index; at += 1)
      this.seen[at % replayWindow] = 0;
    this.seen[index % replayWindow] = 1;
    this.highest = Math.max(this.highest, index);
  }
}

/**
 * Checks and decrypts what a peer sends (RFC 3711). What is not signed with its key, or comes a second time, is nothing. The first packet
 * of a source is taken to have rolled over never.
 */
export class SrtpReceiver {
  private readonly rtp: SessionKeys;
  private readonly rtcp: SessionKeys;
  private readonly rtpSeen = new Map<number, ReplayList>();
  private readonly rtcpSeen = new Map<number, ReplayList>();
  /** Packets that were not the peer's, or old. */
  refused = 0;

  constructor(
    private readonly suite: SrtpSuite,
    master: Buffer,
  ) {
    ({ rtp: this.rtp, rtcp: this.rtcp } = deriveSessionKeys(master));
  }

  /** The RTP packet, or undefined. */
  unprotectRtp(datagram: Buffer): Buffer | undefined {
    const tagBytes = rtpTagBytes[this.suite];
    const end = datagram.length - tagBytes;
    if (end < rtpHeaderBytes) return this.refuse();
    const start = rtpPayloadStart(datagram, end);
    if (start === undefined) return this.refuse();
    const ssrc = datagram.readUInt32BE(8);
    const list = this.rtpSeen.get(ssrc) ?? new ReplayList();
    const index = likelyIndex(list.highest, datagram.readUInt16BE(2));
    const message = datagram.subarray(0, end);
    const trailer = uint32(Math.floor(index / rollOver));
    if (!list.isNew(index) || !this.isSigned(this.rtp, message, trailer, datagram.subarray(end)))
      return this.refuse();
    remember(this.rtpSeen, ssrc, list, index);
    const body = crypt(this.rtp, ssrc, index, message.subarray(start));
    return Buffer.concat([message.subarray(0, start), body]);
  }

  /** The compound RTCP packet, or undefined. */
  unprotectRtcp(datagram: Buffer): Buffer | undefined {
    const end = datagram.length - rtcpTagBytes;
    const indexAt = end - rtcpIndexBytes;
    if (indexAt < rtcpHeaderBytes) return this.refuse();
    const word = datagram.readUInt32BE(indexAt);
    const index = word % encryptedFlag;
    const ssrc = datagram.readUInt32BE(4);
    const list = this.rtcpSeen.get(ssrc) ?? new ReplayList();
    const message = datagram.subarray(0, end);
    if (!list.isNew(index) || !this.isSigned(this.rtcp, message, undefined, datagram.subarray(end)))
      return this.refuse();
    remember(this.rtcpSeen, ssrc, list, index);
    const body = datagram.subarray(rtcpHeaderBytes, indexAt);
    const plain = word >= encryptedFlag ? crypt(this.rtcp, ssrc, index, body) : body;
    return Buffer.concat([datagram.subarray(0, rtcpHeaderBytes), plain]);
  }

  private isSigned(keys: SessionKeys, message: Buffer, trailer: Buffer | undefined, tag: Buffer): boolean {
    return timingSafeEqual(tagOf(keys, message, trailer, tag.length), tag);
  }

  private refuse(): undefined {
    this.refused += 1;
    return undefined;
  }
}

/** The packet's index out of its 16 bits, near the highest one so far (RFC 3711 section 3.3.1). */
function likelyIndex(highest: number, sequence: number): number {
  if (highest < 0) return sequence;
  const rollOvers = Math.floor(highest / rollOver);
  const last = highest % rollOver;
  const half = rollOver / 2;
  if (last < half && sequence - last > half && rollOvers > 0) return (rollOvers - 1) * rollOver + sequence;
  if (last >= half && last - half > sequence) return (rollOvers + 1) * rollOver + sequence;
  return rollOvers * rollOver + sequence;
}

function remember(seen: Map<number, ReplayList>, ssrc: number, list: ReplayList, index: number): void {
  list.add(index);
  seen.set(ssrc, list);
  for (const oldest of seen.keys()) {
    if (seen.size <= sourcesMax) return;
    seen.delete(oldest);
  }
}
