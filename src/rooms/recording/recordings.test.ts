import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { FakeClock } from '../../../test/support/fake-clock';
import { fingerprint } from '../../kernel/ids';
import { silentLog } from '../../kernel/log';
import { deleteRecording, forgetRecordings } from './delete-recordings';
import { endCrashedRecordings, fileOf, type RecordingPlace } from './end-recordings';
import { readAudio } from './read-recording';
import { type Recording, RecordingUnavailable } from './recording';
import { recordingKeys } from './recording-keys';
import {
  consentsOf,
  downloadsOf,
  listRecordings,
  noteConsent,
  noteDownload,
  noteLeft,
  recordingById,
  recordingsOfCdr,
  setLegalHold,
} from './recordings-store';
import { RETENTION_CLASSES } from './retention';
import { MAX_WAITING_CHUNKS, openRecording, type RecordingFile } from './write-recording';

const DAY_MS = 86_400_000;
const KEY = '1f'.repeat(32);
/** 20 ms of a pattern that no noise contains. */
const FRAME = Buffer.from('voice-of-a-caller-in-plain-sound'.repeat(5));
const session = { roomId: 'room', roomSessionId: 'session', retentionClass: 'short' } as const;

/** Speaks into a recording. */
function record(writer: { write(frame: Buffer): void }, seconds: number): void {
  for (let n = 0; n < seconds * 50; n++) writer.write(FRAME);
}

describe.each(DIALECTS)('recordings on %s', (dialect) => {
  let test: TestDatabase;
  let place: RecordingPlace;
  let clock: FakeClock;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), '123-voip-recordings-'));
    place = { folder: join(folder, 'var', 'recordings'), nodeId: 'node-1', keys: recordingKeys(KEY) };
    clock = new FakeClock();
  });
  afterEach(async () => {
    await test.database.write((sql) => sql.run('DELETE FROM recordings'));
    rmSync(join(place.folder, '..', '..'), { recursive: true, force: true });
  });

  const parts = () => ({ database: test.database, place, clock, log: silentLog });
  const begin = () => openRecording(parts(), session);
  const soundOf = async (recording: Recording, mayBeCutShort = false) => {
    const sound: Buffer[] = [];
    const wanted = { recordingId: recording.id, mayBeCutShort };
    for await (const part of readAudio(fileOf(place, recording), place.keys, wanted)) sound.push(part);
    return Buffer.concat(sound);
  };
  const done = async (seconds = 1) => {
    const writer = await begin();
    record(writer, seconds);
    return writer.close();
  };

  it('give back what was said, with length, hash and the day they go', async () => {
    const writer = await begin();
    expect(await recordingById(test.database.read, writer.id)).toMatchObject({
      state: 'recording',
      sha256: null,
    });
    record(writer, 2.5);
    await clock.advance(2_500);
    const recording = await writer.close();
    const stored = readFileSync(fileOf(place, recording));
    expect(recording).toMatchObject({
      ...session,
      state: 'done',
      audioBytes: 20_000,
      fileBytes: stored.length,
      sha256: fingerprint(stored),
      endedAtMs: clock.nowMs(),
      deleteAfterMs: clock.nowMs() + RETENTION_CLASSES.short.days * DAY_MS,
    });
    expect(await recordingById(test.database.read, writer.id)).toEqual(recording);
    expect(await soundOf(recording)).toEqual(Buffer.concat(Array.from({ length: 125 }, () => FRAME)));
    expect(await writer.close()).toEqual(recording);
  });

  it('leave nothing of the plain sound on the disk, in files that only the owner reads', async () => {
    const writer = await begin();
    record(writer, 3);
    await writer.close();
    const names = readdirSync(join(place.folder, '..'), { recursive: true, encoding: 'utf8' });
    const files = names
      .map((name) => join(place.folder, '..', name))
      .filter((name) => statSync(name).isFile());
    expect(files).toHaveLength(1);
    for (const name of files) {
      expect(readFileSync(name).includes(FRAME.subarray(0, 12))).toBe(false);
      expect(statSync(name).mode & 0o777).toBe(0o600);
    }
    expect(statSync(place.folder).mode & 0o777).toBe(0o700);
  });

  it('leave out a pause, and what comes after the end', async () => {
    const writer = await begin();
    record(writer, 1.5);
    writer.pause();
    record(writer, 5);
    await clock.advance(5_000);
    writer.resume();
    record(writer, 1);
    const closing = writer.close();
    record(writer, 1);
    const recording = await closing;
    expect(recording).toMatchObject({ state: 'done', audioBytes: 20_000 });
    expect(await soundOf(recording)).toHaveLength(20_000);
  });

  it('may be empty', async () => {
    const recording = await (await begin()).close();
    expect([recording.state, await soundOf(recording)]).toEqual(['done', Buffer.alloc(0)]);
  });

  it('of a process that died are ended at their last whole second, and heard up to there', async () => {
    const writer = await begin();
    record(writer, 2);
    const ended = await writer.close();
    // What a kill leaves: a row nobody ended, a file torn in its last whole second.
    await reopen(ended.id);
    truncateSync(fileOf(place, ended), ended.fileBytes - 100);
    expect(await endCrashedRecordings(parts())).toBe(1);
    const recording = await recordingById(test.database.read, ended.id);
    expect(recording).toMatchObject({
      state: 'cut-short',
      audioBytes: 8_000,
      endedAtMs: ended.startedAtMs + 1_000,
      sha256: fingerprint(readFileSync(fileOf(place, ended))),
    });
    expect(await soundOf(recording, true)).toHaveLength(8_000);
    expect(await endCrashedRecordings(parts())).toBe(0);
  });

  it('of a process that died after the last byte and before the row are done', async () => {
    const ended = await done(2);
    await reopen(ended.id);
    await endCrashedRecordings(parts());
    expect(await recordingById(test.database.read, ended.id)).toMatchObject({
      state: 'done',
      sha256: ended.sha256,
      audioBytes: ended.audioBytes,
    });
  });

  it('of a process that died are left alone on other nodes, and without their key', async () => {
    const [ours, other] = [await done(), await done()];
    await reopen(ours.id);
    await reopen(other.id);
    await test.database.write((sql) =>
      sql.run("UPDATE recordings SET node_id = 'node-2' WHERE id = ?", [other.id]),
    );
    const before = readFileSync(fileOf(place, ours));
    const keyless = { ...place, keys: recordingKeys('2e'.repeat(32)) };
    expect(await endCrashedRecordings({ ...parts(), place: keyless })).toBe(0);
    expect(readFileSync(fileOf(place, ours))).toEqual(before);
    expect(await endCrashedRecordings(parts())).toBe(1);
    expect((await recordingById(test.database.read, other.id)).state).toBe('recording');
  });

  it('of a process that died before the file was there are ended as empty', async () => {
    const ended = await done();
    await reopen(ended.id);
    rmSync(fileOf(place, ended));
    await endCrashedRecordings(parts());
    expect(await recordingById(test.database.read, ended.id)).toMatchObject({
      state: 'cut-short',
      audioBytes: 0,
    });
  });

  it('end by a fault when the disk is too slow, without ever making the room wait', async () => {
    let letGo!: () => void;
    const stuck = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const faults: string[] = [];
    const log = { ...silentLog, error: (event: string) => void faults.push(event) };
    const createFile = (file: string) => slowFile(file, stuck);
    const told: unknown[] = [];
    const wanted = { ...session, onFault: (fault: unknown) => void told.push(fault) };
    const writer = await openRecording({ ...parts(), log, createFile }, wanted);
    for (let second = 0; second < MAX_WAITING_CHUNKS + 3; second++) record(writer, 1);
    expect([faults, told]).toEqual([['a recording ends by a fault'], [expect.any(Error)]]);
    letGo();
    const recording = await writer.close();
    expect(recording.state).toBe('cut-short');
    expect((await soundOf(recording, true)).length).toBe(recording.audioBytes);
    expect(recording.audioBytes).toBeLessThanOrEqual(MAX_WAITING_CHUNKS * 8_000);
  });

  it('end by a fault when the disk is full, and keep what was written before', async () => {
    const writer = await openRecording({ ...parts(), createFile: fullAfter20kB }, session);
    for (let second = 0; second < 4; second++) {
      record(writer, 1);
      await turn();
    }
    const recording = await writer.close();
    expect(recording).toMatchObject({ state: 'cut-short', audioBytes: 16_000 });
    expect(await soundOf(recording, true)).toHaveLength(16_000);
  });

  it('that cannot begin leave no open row', async () => {
    await expect(openRecording({ ...parts(), createFile: noFile }, session)).rejects.toThrow('no space');
    expect(await listRecordings(test.database.read, { limit: 9 })).toEqual([
      expect.objectContaining({ state: 'cut-short', audioBytes: 0 }),
    ]);
  });

  it('are deleted with their file when their time has come, not before, and their row stays', async () => {
    const recording = await done();
    const whenMs = recording.deleteAfterMs ?? 0;
    expect(await forgetRecordings(parts(), whenMs - 1)).toBe(0);
    expect(await forgetRecordings(parts(), whenMs)).toBe(1);
    expect(existsSync(fileOf(place, recording))).toBe(false);
    expect(await recordingById(test.database.read, recording.id)).toEqual({
      ...recording,
      state: 'deleted',
      deletedAtMs: whenMs,
    });
    expect(await forgetRecordings(parts(), whenMs)).toBe(0);
  });

  it('are deleted to the end when a crash came between file and row', async () => {
    const recording = await done();
    rmSync(fileOf(place, recording));
    expect(await forgetRecordings(parts(), recording.deleteAfterMs ?? 0)).toBe(1);
  });

  it('stay under a legal hold, whatever their age and whoever asks, until it is lifted', async () => {
    const recording = await done();
    const lateMs = (recording.deleteAfterMs ?? 0) + DAY_MS;
    expect((await setLegalHold(test.database, recording.id, true)).legalHold).toBe(true);
    expect(await forgetRecordings(parts(), lateMs)).toBe(0);
    await expect(deleteRecording(test.database, place, recording.id, lateMs)).rejects.toThrow(
      RecordingUnavailable,
    );
    expect(await soundOf(recording)).toHaveLength(8_000);
    await setLegalHold(test.database, recording.id, false);
    expect(await forgetRecordings(parts(), lateMs)).toBe(1);
  });

  it('are not deleted while they are written, nor from another node', async () => {
    const writer = await begin();
    const remove = (at: RecordingPlace) => deleteRecording(test.database, at, writer.id, clock.nowMs());
    await expect(remove(place)).rejects.toThrow(/still being written/);
    await writer.close();
    await expect(remove({ ...place, nodeId: 'node-2' })).rejects.toThrow(/lies on node node-1/);
    expect((await remove(place)).state).toBe('deleted');
  });

  it('know who heard of them, how, and when he left', async () => {
    const writer = await begin();
    const consent = { recordingId: writer.id, heardAtMs: 5, how: 'announced-on-entry' } as const;
    await noteConsent(test.database, { ...consent, cdrId: 'early' });
    await noteConsent(test.database, { ...consent, cdrId: 'early', heardAtMs: 9 });
    await noteConsent(test.database, { ...consent, cdrId: 'late', heardAtMs: 7, how: 'announced-at-start' });
    await noteLeft(test.database, 'early', 8);
    await noteLeft(test.database, 'nobody', 8);
    expect(await recordingsOfCdr(test.database.read, 'early')).toEqual([{ id: writer.id, sha256: null }]);
    const recording = await writer.close();
    expect(await consentsOf(test.database.read, writer.id)).toEqual([
      { ...consent, cdrId: 'early', leftAtMs: 8 },
      { ...consent, cdrId: 'late', heardAtMs: 7, how: 'announced-at-start', leftAtMs: recording.endedAtMs },
    ]);
    // A CDR may be stored after the recording ended, of somebody who had left before.
    await noteLeft(test.database, 'late', (recording.endedAtMs ?? 0) - 1);
    await noteLeft(test.database, 'late', (recording.endedAtMs ?? 0) + 1);
    expect((await consentsOf(test.database.read, recording.id))[1]?.leftAtMs).toBe(
      (recording.endedAtMs ?? 0) - 1,
    );
    expect(await recordingsOfCdr(test.database.read, 'late')).toEqual([
      { id: recording.id, sha256: recording.sha256 },
    ]);
    expect(await recordingsOfCdr(test.database.read, 'nobody')).toEqual([]);
  });

  it('know who fetched them, and come in pages by room and session', async () => {
    const recordings = [await done(), await done(), await done()];
    const [first] = recordings as [Recording];
    const download = { keyId: 'key', keyLabel: 'support', downloadedAtMs: 5 };
    await noteDownload(test.database, first.id, download);
    expect(await downloadsOf(test.database.read, first.id)).toEqual([download]);
    const ids = recordings.map(({ id }) => id).toSorted();
    const page = async (wanted: object) =>
      (await listRecordings(test.database.read, { limit: 2, ...wanted })).map(({ id }) => id);
    expect([
      await page({ roomId: 'room' }),
      await page({ roomSessionId: 'session', afterId: ids[1] }),
    ]).toEqual([ids.slice(0, 2), ids.slice(2)]);
    expect(await page({ roomId: 'other' })).toEqual([]);
  });

  it('of ten minutes pass through memory a second at a time', async () => {
    const recording = await (async () => {
      const writer = await openRecording({ ...parts(), createFile: realFile }, session);
      for (let second = 0; second < 600; second++) {
        record(writer, 1);
        if (second % 20 === 0) await turn();
      }
      return writer.close();
    })();
    let largest = 0;
    let total = 0;
    const wanted = { recordingId: recording.id, mayBeCutShort: false };
    for await (const part of readAudio(fileOf(place, recording), place.keys, wanted)) {
      largest = Math.max(largest, part.length);
      total += part.length;
    }
    expect([recording.state, largest, total]).toEqual(['done', 8_000, 4_800_000]);
  });

  const reopen = (id: string) =>
    test.database.write((sql) =>
      sql.run(
        "UPDATE recordings SET state = 'recording', ended_at_ms = NULL, sha256 = NULL, audio_bytes = 0, file_bytes = 0 WHERE id = ?",
        [id],
      ),
    );
});

/** Lets writes that are on their way be done. */
async function turn(): Promise<void> {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
}

/** A disk that is never busy, so that no test depends on how fast this one is. */
async function realFile(file: string): Promise<RecordingFile> {
  return {
    append: async (bytes) => appendFileSync(file, bytes),
    sync: async () => undefined,
    close: async () => undefined,
  };
}

/** A disk that takes the header and then nothing before `until`. */
async function slowFile(file: string, until: Promise<void>): Promise<RecordingFile> {
  const real = await realFile(file);
  let appended = 0;
  const append = async (bytes: Buffer) => {
    if (appended++ > 0) await until;
    return real.append(bytes);
  };
  return { ...real, append };
}

/** A disk that has no space after some bytes, and takes what still fits of the write that finds out. */
async function fullAfter20kB(file: string): Promise<RecordingFile> {
  const real = await realFile(file);
  let left = 20_000;
  const append = async (bytes: Buffer) => {
    await real.append(bytes.subarray(0, left));
    left -= bytes.length;
    if (left < 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };
  return { ...real, append };
}

async function noFile(): Promise<never> {
  throw new Error('no space');
}
