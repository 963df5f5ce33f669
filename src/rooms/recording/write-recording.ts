import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { type Clock, TimedOut, within } from '../../kernel/clock';
import { newId } from '../../kernel/ids';
import type { Log } from '../../kernel/log';
import type { Database } from '../../kernel/unit-of-work';
import { endFromFile, fileOf, type RecordingPlace } from './end-recordings';
import type { Recording } from './recording';
import {
  type ChunkKind,
  type ChunkPlace,
  headerBytes,
  MAX_CHUNK_BYTES,
  SALT_BYTES,
  sealChunk,
} from './recording-format';
import { dataKey } from './recording-keys';
import { insertRecording, recordingById, storeEnd } from './recordings-store';
import type { RetentionClass } from './retention';

/** Seconds of sound that may wait for a slow disk; more ends the recording: memory is not where recordings are kept. */
export const MAX_WAITING_CHUNKS = 30;
/** How long the end of a recording waits for a disk that does not answer. */
const CLOSE_LIMIT_MS = 10_000;

/** What a recording needs of a file. */
export type RecordingFile = {
  append(bytes: Buffer): Promise<unknown>;
  sync(): Promise<void>;
  close(): Promise<void>;
};

export type RecordingParts = {
  readonly database: Database;
  readonly place: RecordingPlace;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes a new file, never opens an old one; the machine's own file system unless a test brings another. */
  readonly createFile?: (file: string) => Promise<RecordingFile>;
};

/** Begins a recording: its row, its file and its header are there when this resolves. @throws what database and file system throw */
export async function openRecording(
  parts: RecordingParts,
  wanted: {
    readonly roomId: string;
    readonly roomSessionId: string;
    readonly retentionClass: RetentionClass;
    /** Told once when the recording ends by a fault of ours. */
    readonly onFault?: (fault: unknown) => void;
  },
): Promise<RecordingWriter> {
  const { database, place, clock } = parts;
  const startedAtMs = clock.nowMs();
  const id = newId(startedAtMs);
  const keyId = place.keys.currentId;
  const { onFault, ...about } = wanted;
  const begun = { id, ...about, nodeId: place.nodeId, startedAtMs, keyId, fileName: `${id}.rec` };
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  // The row first: a file without one would never be deleted.
  await insertRecording(database, begun);
  const salt = randomBytes(SALT_BYTES);
  const header = headerBytes({ recordingId: id, keyId, salt, startedAtMs });
  try {
    const file = await (parts.createFile ?? createFile)(fileOf(place, begun));
    await file.append(header);
    const writer = new RecordingWriter(parts, id, file, header, dataKey(place.keys.byId(keyId), id, salt));
    if (onFault) writer.onFault = onFault;
    return writer;
  } catch (error) {
    await endFromFile(parts, await recordingById(database.read, id));
    throw error;
  }
}

async function createFile(file: string): Promise<RecordingFile> {
  const handle = await open(file, 'wx', 0o600);
  return {
    append: (bytes) => handle.appendFile(bytes),
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

/** Takes the sound of one room and writes it down encrypted; nothing of it touches the disk in the clear. */
export class RecordingWriter {
  readonly #parts: RecordingParts;
  readonly #file: RecordingFile;
  readonly #place: Omit<ChunkPlace, 'index'>;
  readonly #hash = createHash('sha256');
  readonly #second = Buffer.alloc(MAX_CHUNK_BYTES);
  #filled = 0;
  #index = 0;
  #audioBytes = 0;
  #fileBytes: number;
  #waiting: Buffer[] = [];
  #writing: Promise<void> | null = null;
  #state: 'running' | 'paused' | 'ending' = 'running';
  #fault: unknown = null;
  #ended: Promise<Recording> | null = null;
  onFault: (fault: unknown) => void = () => undefined;

  constructor(
    parts: RecordingParts,
    readonly id: string,
    file: RecordingFile,
    header: Buffer,
    key: Buffer,
  ) {
    this.#parts = parts;
    this.#file = file;
    this.#place = { key, header };
    this.#hash.update(header);
    this.#fileBytes = header.length;
  }

  /** Takes some sound (PCMU, 160 bytes are 20 ms). Never waits and never throws; during a pause and after the end it is left out. */
  write(frame: Buffer): void {
    if (this.#state !== 'running') return;
    let from = 0;
    while (from < frame.length) {
      const copied = frame.copy(this.#second, this.#filled, from);
      from += copied;
      this.#filled += copied;
      if (this.#filled === MAX_CHUNK_BYTES) this.#sealSecond('audio');
    }
  }

  /** Leaves out what comes until `resume`; the moment is marked in the recording. */
  pause(): void {
    if (this.#state !== 'running') return;
    this.#sealSecond('audio');
    this.#seal('paused', this.#moment());
    this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    this.#seal('resumed', this.#moment());
  }

  /** Ends the recording and gives it as it is stored; again, the same. */
  close(): Promise<Recording> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  #sealSecond(kind: 'audio' | 'last'): void {
    if (this.#filled === 0 && kind === 'audio') return;
    this.#audioBytes += this.#filled;
    this.#seal(kind, this.#second.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #seal(kind: ChunkKind, plain: Buffer): void {
    if (this.#fault !== null) return;
    // The end always fits: it is one, and without it all before would count as cut short.
    if (this.#waiting.length >= MAX_WAITING_CHUNKS && kind !== 'last') {
      this.#fail(new Error(`${MAX_WAITING_CHUNKS} chunks wait for the disk`));
      return;
    }
    this.#waiting.push(sealChunk({ ...this.#place, index: this.#index }, kind, plain));
    this.#index++;
    this.#writing ??= this.#writeWaiting();
  }

  async #writeWaiting(): Promise<void> {
    try {
      // Not at once, so that `#writing` is set before it can be cleared.
      await Promise.resolve();
      while (this.#waiting.length > 0 && this.#fault === null) {
        const bytes = Buffer.concat(this.#waiting.splice(0));
        await this.#file.append(bytes);
        this.#hash.update(bytes);
        this.#fileBytes += bytes.length;
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#writing = null;
    }
  }

  /** Ends it with what is on the disk; the room goes on. */
  #fail(fault: unknown): void {
    if (this.#fault !== null) return;
    this.#fault = fault;
    this.#waiting = [];
    this.#parts.log.error('a recording ends by a fault', { recordingId: this.id, error: fault });
    if (this.#state === 'ending') return;
    this.onFault(fault);
    // Whoever closes hears of it too; unheard it must not end the process.
    this.close().catch(() => undefined);
  }

  async #end(): Promise<Recording> {
    const { database, clock } = this.#parts;
    this.#state = 'ending';
    if (this.#fault === null) this.#sealSecond('last');
    const endedAtMs = clock.nowMs();
    try {
      await within(clock, CLOSE_LIMIT_MS, 'writing the end of a recording', this.#finishFile());
    } catch (error) {
      // A disk that does not answer may still write: measuring waits for the next start.
      if (error instanceof TimedOut) throw error;
      this.#fault ??= error;
    }
    if (this.#fault !== null) return endFromFile(this.#parts, await recordingById(database.read, this.id));
    return storeEnd(database, this.id, {
      state: 'done',
      endedAtMs,
      audioBytes: this.#audioBytes,
      fileBytes: this.#fileBytes,
      sha256: this.#hash.digest('hex'),
    });
  }

  async #finishFile(): Promise<void> {
    while (this.#writing) await this.#writing;
    try {
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  #moment(): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(this.#parts.clock.nowMs()));
    return bytes;
  }
}
