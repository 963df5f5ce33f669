import { createCipheriv, createDecipheriv } from 'node:crypto';
import { RecordingDamaged } from './recording';

/*
 * The file: a header, then chunks.
 *   header  "123VREC1" · recording id (36) · key id (16) · salt (16) · started at, ms (8, big endian)
 *   chunk   length of the ciphertext (4, big endian) · kind (1) · ciphertext · tag (16)
 * AES-256-GCM (NIST SP 800-38D) under the recording's own key; the nonce is the chunk's number, which is not written: a chunk read in
 * another place does not open. Header, number, kind and length are authenticated with each chunk.
 */
const MAGIC = Buffer.from('123VREC1');
const ID_BYTES = 36;
const KEY_ID_BYTES = 16;
export const SALT_BYTES = 16;
const TIME_BYTES = 8;
export const HEADER_BYTES = MAGIC.length + ID_BYTES + KEY_ID_BYTES + SALT_BYTES + TIME_BYTES;
/** Length and kind. */
export const CHUNK_HEAD_BYTES = 5;
export const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** Most that a chunk may hold: one second of sound. */
export const MAX_CHUNK_BYTES = 8_000;

const KINDS = { audio: 0, last: 1, paused: 2, resumed: 3 } as const;
/** `last` is sound too, perhaps none; `paused` and `resumed` hold the moment, ms since 1970 UTC in 8 bytes. */
export type ChunkKind = keyof typeof KINDS;

export type RecordingHeader = {
  readonly recordingId: string;
  readonly keyId: string;
  readonly salt: Buffer;
  readonly startedAtMs: number;
};

export function headerBytes(header: RecordingHeader): Buffer {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(header.startedAtMs));
  return Buffer.concat([
    MAGIC,
    Buffer.from(header.recordingId.padEnd(ID_BYTES).slice(0, ID_BYTES), 'ascii'),
    Buffer.from(header.keyId.padEnd(KEY_ID_BYTES).slice(0, KEY_ID_BYTES), 'ascii'),
    header.salt,
    time,
  ]);
}

/** @throws RecordingDamaged when it is no header of ours */
export function parseHeader(bytes: Buffer): RecordingHeader {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new RecordingDamaged('it does not begin with a header');
  const idEnd = MAGIC.length + ID_BYTES;
  const keyEnd = idEnd + KEY_ID_BYTES;
  const saltEnd = keyEnd + SALT_BYTES;
  return {
    recordingId: bytes.toString('ascii', MAGIC.length, idEnd).trimEnd(),
    keyId: bytes.toString('ascii', idEnd, keyEnd).trimEnd(),
    salt: Buffer.from(bytes.subarray(keyEnd, saltEnd)),
    startedAtMs: Number(bytes.readBigUInt64BE(saltEnd)),
  };
}

/** Where a chunk belongs: what it is authenticated with. */
export type ChunkPlace = { readonly key: Buffer; readonly header: Buffer; readonly index: number };

/** A chunk as it goes into the file. */
export function sealChunk(place: ChunkPlace, kind: ChunkKind, plain: Buffer): Buffer {
  const head = Buffer.alloc(CHUNK_HEAD_BYTES);
  head.writeUInt32BE(plain.length);
  head.writeUInt8(KINDS[kind], 4);
  const cipher = createCipheriv('aes-256-gcm', place.key, nonce(place.index));
  cipher.setAAD(bound(place, head));
  return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** What the head of a chunk promises. @throws RecordingDamaged */
export function parseChunkHead(head: Buffer, index: number): { length: number; kind: ChunkKind } {
  const length = head.readUInt32BE(0);
  const number = head.readUInt8(4);
  const kind = (Object.keys(KINDS) as ChunkKind[]).find((name) => KINDS[name] === number);
  if (length > MAX_CHUNK_BYTES || !kind)
    throw new RecordingDamaged('a chunk has no head of ours', { chunk: index });
  return { length, kind };
}

/** The plain content of a chunk; `body` is ciphertext and tag. @throws RecordingDamaged when it was not written here, so */
export function openChunk(place: ChunkPlace, head: Buffer, body: Buffer): Buffer {
  const tagStart = body.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', place.key, nonce(place.index), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(bound(place, head));
  decipher.setAuthTag(body.subarray(tagStart));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, tagStart)), decipher.final()]);
  } catch {
    throw new RecordingDamaged('a chunk does not open', { chunk: place.index });
  }
}

function nonce(index: number): Buffer {
  const bytes = Buffer.alloc(NONCE_BYTES);
  bytes.writeBigUInt64BE(BigInt(index), NONCE_BYTES - 8);
  return bytes;
}

function bound({ header, index }: ChunkPlace, head: Buffer): Buffer {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(index));
  return Buffer.concat([header, number, head]);
}
