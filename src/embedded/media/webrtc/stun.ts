import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

const headerBytes = 20;
const magicCookie = 0x2112_a442;
const bindingRequest = 0x0001;
const bindingSuccess = 0x0101;
const attributes = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  xorMappedAddress: 0x0020,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
} as const;
const integrityBytes = 20;
/** RFC 8489 section 14.7. */
const fingerprintXor = 0x5354_554e;
/** RFC 8489 section 14.3 allows 508; ICE has two fragments of at most 256 and a colon. */
const usernameBytesMax = 513;
const attributesMax = 40;

/** A connectivity check (RFC 8445 section 7): a binding request with name and proof. */
export type Check = {
  readonly transactionId: Buffer;
  readonly username: string;
  readonly useCandidate: boolean;
  /** Whether it was signed with this password. */
  isSigned(password: string): boolean;
};

/** True when a datagram on a multiplexed port is STUN (RFC 7983 section 7). */
export function isStun(datagram: Buffer): boolean {
  return (datagram[0] ?? 255) <= 3;
}

/** True when it is DTLS. */
export function isDtls(datagram: Buffer): boolean {
  const first = datagram[0] ?? 0;
  return first >= 20 && first <= 63;
}

/** Reads a check; undefined for anything else. Lengths that do not add up are nothing. */
export function parseCheck(datagram: Buffer): Check | undefined {
  if (datagram.length < headerBytes || datagram.readUInt16BE(0) !== bindingRequest) return undefined;
  if (datagram.readUInt32BE(4) !== magicCookie || datagram.readUInt16BE(2) !== datagram.length - headerBytes)
    return undefined;
  let username: string | undefined;
  let useCandidate = false;
  let integrityAt: number | undefined;
  let at = headerBytes;
  for (let count = 0; at + 4 <= datagram.length; count += 1) {
    const type = datagram.readUInt16BE(at);
    const length = datagram.readUInt16BE(at + 2);
    if (at + 4 + length > datagram.length || count >= attributesMax) return undefined;
    const value = datagram.subarray(at + 4, at + 4 + length);
    if (type === attributes.username && length <= usernameBytesMax) username ??= value.toString('utf8');
    if (type === attributes.useCandidate) useCandidate = true;
    // What stands behind the proof is not proven: it is not read (RFC 8489 section 14.5).
    if (type === attributes.messageIntegrity && length === integrityBytes) {
      integrityAt = at;
      break;
    }
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  if (username === undefined || integrityAt === undefined) return undefined;
  const signedAt = integrityAt;
  return {
    transactionId: datagram.subarray(8, headerBytes),
    username,
    useCandidate,
    isSigned: (password) => {
      const proof = datagram.subarray(signedAt + 4, signedAt + 4 + integrityBytes);
      return timingSafeEqual(proofOf(datagram.subarray(0, signedAt), password), proof);
    },
  };
}

/** The answer to a check: who asked is told which address it was seen from. IPv4. */
export function checkAnswer(
  { transactionId }: Pick<Check, 'transactionId'>,
  from: { readonly address: string; readonly port: number },
  password: string,
): Buffer {
  const head = Buffer.alloc(headerBytes);
  head.writeUInt16BE(bindingSuccess, 0);
  head.writeUInt32BE(magicCookie, 4);
  transactionId.copy(head, 8);
  const mapped = Buffer.alloc(12);
  mapped.writeUInt16BE(attributes.xorMappedAddress, 0);
  mapped.writeUInt16BE(8, 2);
  mapped[5] = 1;
  mapped.writeUInt16BE(from.port ^ (magicCookie >>> 16), 6);
  const address = from.address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  mapped.writeUInt32BE((address ^ magicCookie) >>> 0, 8);
  const unsigned = Buffer.concat([head, mapped]);
  const integrity = Buffer.alloc(4 + integrityBytes);
  integrity.writeUInt16BE(attributes.messageIntegrity, 0);
  integrity.writeUInt16BE(integrityBytes, 2);
  proofOf(unsigned, password).copy(integrity, 4);
  return withFingerprint(Buffer.concat([unsigned, integrity]));
}

/** A check of ours: what the tests of a browser's part send. */
export function checkRequest(
  transactionId: Buffer,
  username: string,
  password: string,
  useCandidate: boolean,
): Buffer {
  const name = Buffer.from(username, 'utf8');
  const padded = Buffer.alloc(4 + name.length + ((4 - (name.length % 4)) % 4));
  padded.writeUInt16BE(attributes.username, 0);
  padded.writeUInt16BE(name.length, 2);
  name.copy(padded, 4);
  const head = Buffer.alloc(headerBytes);
  head.writeUInt16BE(bindingRequest, 0);
  head.writeUInt32BE(magicCookie, 4);
  transactionId.copy(head, 8);
  const flag = Buffer.alloc(useCandidate ? 4 : 0);
  if (useCandidate) flag.writeUInt16BE(attributes.useCandidate, 0);
  const unsigned = Buffer.concat([head, padded, flag]);
  const integrity = Buffer.alloc(4 + integrityBytes);
  integrity.writeUInt16BE(attributes.messageIntegrity, 0);
  integrity.writeUInt16BE(integrityBytes, 2);
  proofOf(unsigned, password).copy(integrity, 4);
  return withFingerprint(Buffer.concat([unsigned, integrity]));
}

/** HMAC over the message as if it ended with the proof (RFC 8489 section 14.5). */
function proofOf(unsigned: Buffer, password: string): Buffer {
  const copy = Buffer.from(unsigned);
  copy.writeUInt16BE(unsigned.length - headerBytes + 4 + integrityBytes, 2);
  return createHmac('sha1', password).update(copy).digest();
}

function withFingerprint(message: Buffer): Buffer {
  const copy = Buffer.concat([message, Buffer.alloc(8)]);
  copy.writeUInt16BE(copy.length - headerBytes, 2);
  copy.writeUInt16BE(attributes.fingerprint, message.length);
  copy.writeUInt16BE(4, message.length + 2);
  const sum = crc32(copy.subarray(0, message.length));
  copy.writeUInt32BE((sum ^ fingerprintXor) >>> 0, message.length + 4);
  return copy;
}
