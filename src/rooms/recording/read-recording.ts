import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { RecordingDamaged } from './recording';
import {
  CHUNK_HEAD_BYTES,
  type ChunkKind,
  HEADER_BYTES,
  openChunk,
  parseChunkHead,
  parseHeader,
  type RecordingHeader,
  TAG_BYTES,
} from './recording-format';
import { dataKey, type RecordingKeys } from './recording-keys';

const HASHED_AT_ONCE_BYTES = 64 * 1024;

/** One chunk of a file, opened; `endOffset` is where the next one begins. */
export type ReadChunk = { readonly kind: ChunkKind; readonly plain: Buffer; readonly endOffset: number };

/**
 * Reads a recording chunk by chunk, one in memory at a time.
 * @throws RecordingDamaged where it is not as written; without its last chunk, unless `mayBeCutShort`, and then still when a whole chunk is
 * wrong: only a torn end is passed over. UnknownRecordingKey. What the file system throws.
 */
export async function* readRecording(
  file: string,
  keys: RecordingKeys,
  wanted: { readonly recordingId: string; readonly mayBeCutShort: boolean },
): AsyncGenerator<ReadChunk, void, undefined> {
  const handle = await open(file, 'r');
  try {
    const head = await readFully(handle, HEADER_BYTES, 0);
    const header = parseHeader(head);
    if (header.recordingId !== wanted.recordingId) throw new RecordingDamaged('it is another recording');
    const ended = yield* readChunks(handle, head, header, keys);
    if (!ended && !wanted.mayBeCutShort) throw new RecordingDamaged('its end is missing');
  } finally {
    await handle.close();
  }
}

/** All whole chunks; gives whether the last one was among them. */
async function* readChunks(
  handle: FileHandle,
  headerBytes: Buffer,
  header: RecordingHeader,
  keys: RecordingKeys,
): AsyncGenerator<ReadChunk, boolean, undefined> {
  const key = dataKey(keys.byId(header.keyId), header.recordingId, header.salt);
  let offset = HEADER_BYTES;
  for (let index = 0; ; index++) {
    const head = await readFully(handle, CHUNK_HEAD_BYTES, offset);
    if (head.length < CHUNK_HEAD_BYTES) return false;
    const { length, kind } = parseChunkHead(head, index);
    const body = await readFully(handle, length + TAG_BYTES, offset + CHUNK_HEAD_BYTES);
    if (body.length < length + TAG_BYTES) return false;
    const plain = openChunk({ key, header: headerBytes, index }, head, body);
    offset += CHUNK_HEAD_BYTES + body.length;
    yield { kind, plain, endOffset: offset };
    if (kind !== 'last') continue;
    if ((await readFully(handle, 1, offset)).length > 0)
      throw new RecordingDamaged('something was added after its end');
    return true;
  }
}

/** The sound alone, PCMU. */
export async function* readAudio(
  ...wanted: Parameters<typeof readRecording>
): AsyncGenerator<Buffer, void, undefined> {
  for await (const { kind, plain } of readRecording(...wanted))
    if (kind === 'audio' || kind === 'last') yield plain;
}

/** SHA-256 in hex of a file's first `bytes` bytes (all of it without), and how many there were. */
export async function hashFile(
  file: string,
  bytes = Number.POSITIVE_INFINITY,
): Promise<{ sha256: string; bytes: number }> {
  const handle = await open(file, 'r');
  const hash = createHash('sha256');
  let offset = 0;
  try {
    for (;;) {
      const part = await readFully(handle, Math.min(HASHED_AT_ONCE_BYTES, bytes - offset), offset);
      hash.update(part);
      offset += part.length;
      if (part.length < HASHED_AT_ONCE_BYTES) return { sha256: hash.digest('hex'), bytes: offset };
    }
  } finally {
    await handle.close();
  }
}

/** As many bytes as there are, up to `length`: one read may give fewer than the file has. */
async function readFully(handle: FileHandle, length: number, position: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
