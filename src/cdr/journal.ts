import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Log } from '../kernel/log';
import { ofThisVersion } from './journal-records-of-old';
import { afterRecord, EMPTY_STATE, type JournalRecord, type JournalState } from './journal-records';

const FILE_FORM = /^journal-(\d{10})\.log$/;

/** A journal file that has grown past this is followed by a new one, which begins with all that still matters. */
const ROTATE_AT_BYTES = 64 * 1024 * 1024;

/** The journal's disk took no record: no new call may be answered until it does again. */
export class JournalUnavailable extends Error {
  constructor(cause: unknown) {
    super('the CDR journal cannot be written', { cause });
    this.name = 'JournalUnavailable';
  }
}

/** A record in the middle of a journal does not match its checksum; `line` counts from 1. */
export class JournalDamaged extends Error {
  constructor(
    readonly file: string,
    readonly line: number,
  ) {
    super(
      `${file}, line ${line}: the checksum does not match; restore the file, or move it away to begin a new journal without the calls that it alone knows`,
    );
    this.name = 'JournalDamaged';
  }
}

type Waiting = { record: JournalRecord; written: () => void; failed: (error: Error) => void };

/**
 * The append-only record of calls outside the database: one line a record, "<crc32> <json>". `append` resolves when the record is
 * on disk (fsync); records that arrive while one fsync runs share the next.
 */
export class Journal {
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  #bytes = 0;

  private constructor(
    private readonly folder: string,
    private readonly rotateAtBytes: number,
    private current: JournalState,
    private file: FileHandle,
    private number: number,
  ) {}

  /** What the records on disk add up to. */
  get state(): JournalState {
    return this.current;
  }

  /**
   * Reads what earlier runs left in `folder` and begins a new file with a checkpoint of it; the old ones go to `folder/archive`. A
   * torn last line (a crash while writing it) is reported and left out: it was never confirmed to anybody.
   * @throws JournalDamaged when an earlier line is broken
   */
  static async open(folder: string, log: Log, rotateAtBytes = ROTATE_AT_BYTES): Promise<Journal> {
    mkdirSync(join(folder, 'archive'), { recursive: true, mode: 0o700 });
    const files = journalFiles(folder);
    let state = EMPTY_STATE;
    for (const [index, name] of files.entries())
      state = readJournal(join(folder, name), state, index === files.length - 1, log);
    const number = Number(FILE_FORM.exec(files.at(-1) ?? '')?.[1] ?? 0) + 1;
    const file = await beginFile(folder, number, state);
    return new Journal(folder, rotateAtBytes, state, file, number);
  }

  /** Resolves when the record is on disk. @throws JournalUnavailable */
  append(record: JournalRecord): Promise<void> {
    return new Promise((written, failed) => {
      this.#waiting.push({ record, written, failed });
      this.#flushing ??= this.#flush();
    });
  }

  /** Resolves when everything appended so far is on disk and the file is closed. */
  async close(): Promise<void> {
    await this.#flushing;
    await this.file.close();
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const lines = batch.map(({ record }) => lineOf(record)).join('');
        await this.file.appendFile(lines);
        await this.file.datasync();
        for (const { record } of batch) this.current = afterRecord(this.current, record);
        this.#bytes += lines.length;
        if (this.#bytes > this.rotateAtBytes) await this.#rotate();
        for (const { written } of batch) written();
      } catch (error) {
        for (const { failed } of batch) failed(new JournalUnavailable(error));
      }
    }
    this.#flushing = null;
  }

  async #rotate(): Promise<void> {
    const full = this.file;
    this.number++;
    this.file = await beginFile(this.folder, this.number, this.current);
    this.#bytes = 0;
    await full.close();
  }
}

/** Starts a file with a checkpoint and archives the files before it; until the checkpoint is on disk they are the only record. */
async function beginFile(folder: string, number: number, state: JournalState): Promise<FileHandle> {
  const before = journalFiles(folder);
  const path = join(folder, `journal-${String(number).padStart(10, '0')}.log`);
  const file = await open(path, 'ax', 0o600);
  await file.appendFile(lineOf({ type: 'checkpoint', state }));
  await file.sync();
  await syncFolder(folder);
  for (const old of before) renameSync(join(folder, old), join(folder, 'archive', old));
  return file;
}

function journalFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => FILE_FORM.test(name))
    .toSorted();
}

function readJournal(file: string, before: JournalState, isLast: boolean, log: Log): JournalState {
  const lines = readFileSync(file, 'utf8').split('\n');
  const unfinished = lines.pop() !== '';
  let state = before;
  for (const [index, line] of lines.entries()) {
    const record = parseLine(line);
    const isTail = isLast && index === lines.length - 1 && !unfinished;
    if (!record && !isTail) throw new JournalDamaged(file, index + 1);
    if (record) state = afterRecord(state, record);
    else log.warn('journal ends in a torn record', { file: basename(file), line: index + 1 });
  }
  if (unfinished && !isLast) throw new JournalDamaged(file, lines.length + 1);
  if (unfinished) log.warn('journal ends in a torn record', { file: basename(file), line: lines.length + 1 });
  return state;
}

function lineOf(record: JournalRecord): string {
  const json = JSON.stringify(record);
  return `${checksum(json)} ${json}\n`;
}

function parseLine(line: string): JournalRecord | null {
  const json = line.slice(9);
  return line.slice(0, 8) === checksum(json) ? ofThisVersion(JSON.parse(json)) : null;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** A file's name is safe only when its folder is synced too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync();
  await handle.close();
}
