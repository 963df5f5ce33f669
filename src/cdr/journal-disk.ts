import { mkdirSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** An open journal file. Whatever fails, `truncate` to a length that was once synced makes it whole again. */
export type JournalFile = {
  append(text: string): Promise<void>;
  /** Resolves when all that was appended or cut off is on the disk itself. */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
};

/** The few things a journal asks of a disk; each may fail at any time (full, unplugged, read only). */
export type JournalDisk = {
  /** A new, empty file; what an earlier try left under this name goes. */
  create(path: string): Promise<JournalFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** A file's name is safe only when its folder is synced too. */
  syncFolder(folder: string): Promise<void>;
};

/** The machine's own disk. */
export const machineDisk: JournalDisk = {
  async create(path) {
    await rm(path, { force: true });
    // Appending, not writing at a place: after a cut the next record must follow the last whole one.
    return fileOver(await open(path, 'ax', 0o600));
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncFolder(folder) {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

function fileOver(handle: FileHandle): JournalFile {
  return {
    append: (text) => handle.appendFile(text),
    sync: () => handle.datasync(),
    truncate: (bytes) => handle.truncate(bytes),
    close: () => handle.close(),
  };
}

/** Makes the journal's folder with its archive, readable by the service alone. */
export function makeJournalFolder(folder: string): void {
  mkdirSync(join(folder, 'archive'), { recursive: true, mode: 0o700 });
}
