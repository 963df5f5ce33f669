import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidInput } from '../../kernel/app-error';
import { readAudio, readRecording } from './read-recording';
import { RecordingDamaged, UnknownRecordingKey } from './recording';
import {
  CHUNK_HEAD_BYTES,
  HEADER_BYTES,
  headerBytes,
  parseHeader,
  SALT_BYTES,
  sealChunk,
  TAG_BYTES,
} from './recording-format';
import { dataKey, recordingKeys } from './recording-keys';

const KEY = '1f'.repeat(32);
const OTHER_KEY = '2e'.repeat(32);
const keys = recordingKeys(KEY);
const recordingId = '019b0000-0000-7000-8000-000000000001';
const whole = { recordingId, mayBeCutShort: false };
const cutShort = { recordingId, mayBeCutShort: true };

/** Chunks of a small recording: sound of different lengths, a pause, an end. */
const PARTS = [
  ['audio', Buffer.alloc(400, 1)],
  ['audio', Buffer.alloc(400, 2)],
  ['paused', Buffer.alloc(8, 3)],
  ['resumed', Buffer.alloc(8, 4)],
  ['last', Buffer.alloc(120, 5)],
] as const;

/** The pieces of a file: header, then each chunk. */
function pieces(id = recordingId, salt = Buffer.alloc(SALT_BYTES, 9)): Buffer[] {
  const header = headerBytes({
    recordingId: id,
    keyId: keys.currentId,
    salt,
    startedAtMs: 1_767_225_600_000,
  });
  const key = dataKey(keys.byId(keys.currentId), id, salt);
  return [header, ...PARTS.map(([kind, plain], index) => sealChunk({ key, header, index }, kind, plain))];
}

describe('a recording’s file', () => {
  let folder: string;
  let file: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), '123-voip-recording-'));
    file = join(folder, 'one.rec');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Reads a file of these bytes to its end. */
  async function read(bytes: Buffer, wanted = whole, readKeys = keys): Promise<Buffer> {
    writeFileSync(file, bytes);
    const audio: Buffer[] = [];
    for await (const part of readAudio(file, readKeys, wanted)) audio.push(part);
    return Buffer.concat(audio);
  }

  it('gives its sound back, without its pauses', async () => {
    const audio = Buffer.concat(PARTS.filter(([kind]) => /audio|last/.test(kind)).map(([, plain]) => plain));
    expect(await read(Buffer.concat(pieces()))).toEqual(audio);
    expect(parseHeader(pieces()[0] as Buffer)).toMatchObject({ recordingId, startedAtMs: 1_767_225_600_000 });
  });

  it('is refused with any single byte changed', async () => {
    const bytes = Buffer.concat(pieces());
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 0x01;
      // A changed key id asks for a key nobody has; everything else is damage.
      await expect(read(changed)).rejects.toThrow(/not as it was written|was encrypted with the key/);
    }
  });

  it('is refused when it was cut anywhere', async () => {
    const bytes = Buffer.concat(pieces());
    for (let length = 0; length < bytes.length; length++)
      await expect(read(bytes.subarray(0, length))).rejects.toThrow(RecordingDamaged);
  });

  it('is heard up to its last whole chunk when it may be cut short, and no further', async () => {
    const [header, first, second] = pieces() as [Buffer, Buffer, Buffer];
    const torn = Buffer.concat([header, first, second]);
    for (let cut = 0; cut < second.length; cut++) {
      const rest = torn.subarray(0, header.length + first.length + cut);
      expect(await read(rest, cutShort)).toEqual(Buffer.alloc(400, 1));
    }
    expect(await read(torn, cutShort)).toHaveLength(800);
  });

  it.each<[string, (parts: Buffer[]) => Buffer[]]>([
    ['swapped', ([header, first, second, ...rest]) => [header, second, first, ...rest] as Buffer[]],
    ['left out', ([header, , ...rest]) => [header, ...rest] as Buffer[]],
    ['repeated', ([header, first, ...rest]) => [header, first, first, ...rest] as Buffer[]],
    ['appended after the end', (parts) => [...parts, parts[1] as Buffer]],
    [
      'brought in from another recording',
      (parts) => [...parts.slice(0, 1), ...pieces('019b0000-0000-7000-8000-000000000002').slice(1)],
    ],
    [
      'brought in from the same recording with another salt',
      (parts) => [...parts.slice(0, 2), ...pieces(recordingId, Buffer.alloc(SALT_BYTES, 8)).slice(2)],
    ],
  ])('is refused with chunks %s', async (_, mix) => {
    await expect(read(Buffer.concat(mix(pieces())))).rejects.toThrow(RecordingDamaged);
    await expect(read(Buffer.concat(mix(pieces())), cutShort)).rejects.toThrow(RecordingDamaged);
  });

  it('is refused with a byte after its end', async () => {
    await expect(read(Buffer.concat([...pieces(), Buffer.alloc(1)]))).rejects.toThrow(RecordingDamaged);
  });

  it('is refused in the place of another recording', async () => {
    const other = { ...whole, recordingId: '019b0000-0000-7000-8000-000000000002' };
    await expect(read(Buffer.concat(pieces()), other)).rejects.toThrow(/another recording/);
  });

  it('is refused with a chunk that claims to be huge, without reading it', async () => {
    const [header, first] = pieces() as [Buffer, Buffer];
    const huge = Buffer.from(first);
    huge.writeUInt32BE(0xffffffff);
    await expect(read(Buffer.concat([header, huge]))).rejects.toThrow(/no head of ours/);
  });

  it('opens with its own key alone, which may be an old one', async () => {
    const bytes = Buffer.concat(pieces());
    await expect(read(bytes, whole, recordingKeys(OTHER_KEY))).rejects.toThrow(UnknownRecordingKey);
    expect(await read(bytes, whole, recordingKeys(OTHER_KEY, KEY))).toHaveLength(920);
    // A key that calls itself by the right name still does not open it.
    const wrong = { currentId: keys.currentId, byId: () => Buffer.from(OTHER_KEY, 'hex') };
    await expect(read(bytes, whole, wrong)).rejects.toThrow(RecordingDamaged);
  });

  it('marks pauses with their moments', async () => {
    writeFileSync(file, Buffer.concat(pieces()));
    const kinds: string[] = [];
    for await (const { kind } of readRecording(file, keys, whole)) kinds.push(kind);
    expect(kinds).toEqual(PARTS.map(([kind]) => kind));
  });

  it('shows nothing of its sound', async () => {
    const bytes = Buffer.concat(pieces());
    expect(bytes.length).toBe(HEADER_BYTES + PARTS.length * (CHUNK_HEAD_BYTES + TAG_BYTES) + 936);
    await read(bytes);
    for (const name of readdirSync(folder))
      expect(readFileSync(join(folder, name)).includes(Buffer.alloc(12, 1))).toBe(false);
  });
});

describe('keys of recordings', () => {
  it.each(['', 'ab', 'zz'.repeat(32), 'ab'.repeat(33)])('are 32 bytes in hex, not %j', (text) => {
    expect(() => recordingKeys(text)).toThrow(InvalidInput);
  });

  it('are not shown by the fault of a wrong one', () => {
    const wrong = `${'ab'.repeat(31)}zz`;
    expect(() => recordingKeys(KEY, wrong)).toThrow(/^RECORDING_OLD_KEYS: is no key/);
    expect(() => recordingKeys(wrong)).not.toThrow(new RegExp('abab'));
  });

  it('have names that tell nothing of them, and every recording has a key of its own', () => {
    expect(KEY).not.toContain(keys.currentId);
    expect(recordingKeys(OTHER_KEY, KEY).byId(keys.currentId).toString('hex')).toBe(KEY);
    const salt = Buffer.alloc(SALT_BYTES);
    const master = Buffer.from(KEY, 'hex');
    const derived = [
      dataKey(master, 'a', salt),
      dataKey(master, 'b', salt),
      dataKey(master, 'a', Buffer.alloc(SALT_BYTES, 1)),
    ];
    expect(new Set(derived.map((key) => key.toString('hex'))).size).toBe(3);
  });
});
