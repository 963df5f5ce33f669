import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';

const FINISHED_FORM = /^journal-\d{10}\.log$/;
const PACKED_FORM = /^journal-\d{10}\.log\.gz$/;
const DRAFT_FORM = /\.draft$/;
const DAY_MS = 86_400_000;
const SWEEP_EVERY_MS = 3_600_000;

/** What a sweep did. */
export type SweptArchive = { readonly packed: number; readonly removed: number };

/**
 * Packs every finished journal file of an archive (gzip, with its SHA-256 beside it in the form of `sha256sum`) and removes those that
 * are older than `keepDays`. A crash in between costs nothing: the unpacked file goes only when the packed one is on disk.
 */
export async function sweepArchive(
  folder: string,
  { keepDays, nowMs }: { readonly keepDays: number; readonly nowMs: number },
): Promise<SweptArchive> {
  const names = await readdir(folder);
  for (const name of names) if (DRAFT_FORM.test(name)) await rm(join(folder, name), { force: true });
  let packed = 0;
  for (const name of names.filter((one) => FINISHED_FORM.test(one))) {
    await pack(join(folder, name));
    packed++;
  }
  let removed = 0;
  for (const name of (await readdir(folder)).filter((one) => PACKED_FORM.test(one))) {
    const path = join(folder, name);
    if ((await stat(path)).mtimeMs >= nowMs - keepDays * DAY_MS) continue;
    await rm(checksumFile(path), { force: true });
    await rm(path, { force: true });
    removed++;
  }
  return { packed, removed };
}

async function pack(path: string): Promise<void> {
  const { atime, mtime } = await stat(path);
  const target = `${path}.gz`;
  const draft = `${target}.draft`;
  await pipeline(createReadStream(path), createGzip(), createWriteStream(draft, { mode: 0o600 }));
  const sum = await sha256(draft);
  await writeFile(checksumFile(target), `${sum}  ${basename(target)}\n`, { mode: 0o600 });
  for (const file of [draft, checksumFile(target)]) await syncFile(file);
  // Its age is that of its last record, not of its packing.
  await utimes(draft, atime, mtime);
  await rename(draft, target);
  await rm(path);
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Where the SHA-256 of a packed journal stands. */
export function checksumFile(packed: string): string {
  return `${packed}.sha256`;
}

/** Whether a packed journal is as it was packed; null when no checksum lies beside it. */
export async function matchesItsChecksum(packed: string): Promise<boolean | null> {
  const line = await readFile(checksumFile(packed), 'utf8').catch(() => null);
  return line === null ? null : line.slice(0, 64) === (await sha256(packed));
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Sweeps an archive at its start, whenever a file was finished, and every hour; one sweep at a time. */
export class ArchiveSweeper {
  #timer: Timer | null = null;
  #sweeping: Promise<void> | null = null;

  constructor(
    private readonly options: {
      readonly folder: string;
      readonly keepDays: number;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  start(): void {
    this.#timer = this.options.clock.every(SWEEP_EVERY_MS, () => this.sweep());
    this.sweep();
  }

  sweep(): void {
    const { folder, keepDays, clock, log } = this.options;
    this.#sweeping ??= sweepArchive(folder, { keepDays, nowMs: clock.nowMs() })
      .then(({ packed, removed }) => {
        if (packed + removed > 0) log.info('journal archive swept', { packed, removed });
      })
      .catch((error: unknown) => log.warn('the journal archive was not swept', { error }))
      .finally(() => {
        this.#sweeping = null;
      });
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#sweeping;
  }
}
