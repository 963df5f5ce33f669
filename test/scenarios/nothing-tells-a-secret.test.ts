import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changeTrunk, trunkByAddress } from '../../src/trunks/trunks-store';
import { type Guest, RoomStage, type StageRoom } from '../support/room-stage';
import { eventually } from '../support/service';
import {
  answeredCall,
  calleeScenario,
  endedByHouse,
  hangUp,
  infoDigits,
  pause,
  pickUp,
  playDigits,
  runSipp,
  scenario,
  startCallees,
} from '../support/sipp';

type Secrets = Pick<StageRoom, 'roomNumber' | 'participantPin' | 'moderatorPin'>;
type Paths = Record<string, { get?: object }>;

/** A PIN in the wrong that a caller types; a guess may be a PIN of another room. */
const GUESSED_PIN = '048271';
const CALLEE = '+3222377001';

/** Which of these words stand in the text by themselves, and not as a part of a longer number or id. */
const toldBy = (text: string, words: readonly string[]) =>
  words.filter((word) => new RegExp(`(?<![0-9A-Za-z])${word}(?![0-9A-Za-z])`).test(text));

describe('a house that has talked all day, at its most talkative', () => {
  let stage: RoomStage;
  let room: StageRoom;
  let callees: Awaited<ReturnType<typeof startCallees>>;
  let anna: Guest;
  const secrets: Secrets[] = [];

  beforeAll(async () => {
    stage = await RoomStage.open(34_400, { LOG_LEVEL: 'debug', HEARTBEAT_MS: '500' });
    room = await stage.room({ dialOutAttempts: 1 });
    secrets.push(room, stage.service.seed);
    callees = await startCallees(
      calleeScenario([
        { numbers: '.*', steps: [pickUp, pause(1_500), playDigits('1'), endedByHouse()].join('\n') },
      ]),
    );
    const { database } = stage.service;
    const trunk = await trunkByAddress(database.read, '127.0.0.1');
    await changeTrunk(database, trunk?.id ?? '', {
      outward: { targets: [{ host: '127.0.0.1', port: callees.sipPort }] },
    });
    await typesByRtp();
    await Promise.all([
      typesByInfo(room.participantPin, hangUp),
      typesByInfo(GUESSED_PIN, pause(500), hangUp),
    ]);
    await recordsAndCallsTheList();
    await crashesAndRotates();
  });
  afterAll(async () => {
    await callees.stop();
    await stage.close();
  });

  /** Right pair as RFC 4733 events, by the moderator, who stays. */
  async function typesByRtp(): Promise<void> {
    anna = await stage.enter(room, 'moderator', '+3222300001');
  }

  async function typesByInfo(pin: string, ...then: readonly string[]): Promise<void> {
    const { code } = await runSipp({
      scenario: scenario(
        answeredCall,
        pause(700),
        infoDigits(`${room.roomNumber}#`, 10),
        pause(900),
        infoDigits(`${pin}#`, 40),
        pause(2_000),
        ...then,
      ),
      sipPort: stage.service.sipPort,
      number: stage.service.seed.accessNumber,
    });
    expect(code).toBe(0);
  }

  async function recordsAndCallsTheList(): Promise<void> {
    await anna.press('*91');
    await anna.hears('recording-started');
    const imported = await call('POST', `/rooms/${room.roomId}/list/import`, {
      type: 'text/csv',
      body: `name,number,dialOut\nBen,${CALLEE},yes\n`,
    });
    expect(imported.status).toBe(200);
    await anna.press('*95');
    await eventually(20_000, async () => (await stage.live(room)).members.length === 2);
    await anna.press('*91');
    await anna.hears('recording-stopped');
  }

  async function crashesAndRotates(): Promise<void> {
    await stage.service.kill();
    await stage.service.startProcess();
    await eventually(20_000, async () => (await stage.service.cdrs()).length >= 4);
    const rotated = await stage.request('POST', `/rooms/${room.roomId}/rotate`, {});
    expect(rotated.status).toBe(200);
    const fresh = (rotated.json as { secrets: Secrets }).secrets;
    expect(fresh.participantPin).not.toBe(room.participantPin);
    secrets.push(fresh);
    const knocking = await stage.enter({ ...room, ...fresh }, 'participant', '+3222300002');
    await knocking.call.hangUp();
    await stage.service.ratedCdrs(5);
  }

  async function call(method: string, path: string, sent?: { type: string; body: string }) {
    const answer = await fetch(`http://127.0.0.1:${stage.service.httpPort}/api/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${stage.service.adminKey}`,
        'Idempotency-Key': `scan-${process.hrtime.bigint()}`,
        ...(sent ? { 'Content-Type': sent.type } : {}),
      },
      ...(sent ? { body: sent.body } : {}),
      signal: AbortSignal.timeout(2_000),
    });
    return { status: answer.status, text: await answer.text().catch(() => '') };
  }

  const pins = () => [GUESSED_PIN, ...secrets.flatMap((one) => [one.participantPin, one.moderatorPin])];
  const roomIds = () => secrets.map(({ roomNumber }) => roomNumber);

  it('has no PIN in any file, and the Room ID in none but the database', () => {
    const folder = join(stage.service.recordingsFolder, '../..');
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    expect(files.some((file) => file.includes('/journal/'))).toBe(true);
    expect(files.some((file) => file.includes('/recordings/'))).toBe(true);
    for (const file of files) {
      const text = readFileSync(file, 'latin1');
      expect([file, toldBy(text, pins())]).toEqual([file, []]);
    }
    const outsideDatabase = files.filter((file) => !/\.db(-wal|-shm|-journal)?$/.test(file));
    for (const file of outsideDatabase)
      expect([file, toldBy(readFileSync(file, 'latin1'), roomIds())]).toEqual([file, []]);
  });

  it('keeps the Room ID in one column of one table', async () => {
    const { read } = stage.service.database;
    const tables = await read.all("SELECT name FROM sqlite_master WHERE type = 'table'");
    const found: string[] = [];
    for (const { name } of tables)
      for (const row of await read.all(`SELECT * FROM "${String(name)}"`))
        for (const [column, value] of Object.entries(row)) {
          expect([name, column, toldBy(String(value), pins())]).toEqual([name, column, []]);
          if (toldBy(String(value), roomIds()).length > 0) found.push(`${String(name)}.${column}`);
        }
    expect(new Set(found)).toEqual(new Set(['rooms.room_number']));
  });

  it('has neither in a line of its logs or of the embedded servers’, nor a single typed key', () => {
    const log = stage.service.logLines.join('\n');
    expect(log).toContain('call ended');
    expect(toldBy(log, [...pins(), ...roomIds()])).toEqual([]);
    expect(log).not.toMatch(/Signal ?=|DTMF-Digit|digits?_dialed|"digits?":/);
  });

  it('tells neither by any GET of the API', async () => {
    const { paths } = JSON.parse((await call('GET', '/openapi.json')).text) as { paths: Paths };
    const ids = await idsOfEverything();
    const asked: string[] = [];
    for (const [path, methods] of Object.entries(paths)) {
      if (!methods.get || /\/(events|audio|audio\.wav)$/.test(path)) continue;
      const filled = path
        .replace(/^\/api\/v1/, '')
        .replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'none')
        .concat(path.endsWith('/quote') ? '?number=%2B3222300001&seconds=60' : '');
      const answer = await call('GET', filled);
      if (answer.status === 200) asked.push(path);
      expect([filled, toldBy(answer.text, [...pins(), ...roomIds()])]).toEqual([filled, []]);
    }
    expect(asked.length).toBeGreaterThanOrEqual(15);
  });

  async function idsOfEverything(): Promise<Record<string, string>> {
    const cdr = (await stage.service.cdrs())[0];
    const { recordings } = await stage.get<{ recordings: { id: string }[] }>('/recordings');
    const { entries } = await stage.get<{ entries: { id: string }[] }>(`/rooms/${room.roomId}/list`);
    return {
      roomId: room.roomId,
      cdrId: cdr?.cdrId ?? '',
      accountId: room.accountId,
      deckId: stage.service.seed.deckId,
      recordingId: recordings[0]?.id ?? '',
      entryId: entries[0]?.id ?? '',
    };
  }
});
