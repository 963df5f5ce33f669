import { join } from 'node:path';
import { setOutboundAddress, trunkByAddress } from '../../src/trunks/trunks-store';
import { meeting } from '../support/room-builders';
import { RoomStage, type StageRoom } from '../support/room-stage';
import { filesBelow, pagesOf, pagesWith, standsIn, tablesWith } from '../support/secret-hunt';
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
  ring,
  runSipp,
  scenario,
  startCallees,
} from '../support/sipp';

/** Neither can be drawn, since those begin with no zero. */
const WRONG_PIN = '048271';
const UNKNOWN_ROOM = '048271593';
/** Answers without an end are read this long. */
const STREAM_MS = 1_000;
/** What routes must be asked besides the ids in their paths. */
const QUERIES: Readonly<Record<string, string>> = {
  '/explain': '?to=%2B12025550100',
  '/decks/{deckId}/quote': '?number=%2B3222800001&seconds=60',
};

type Secrets = {
  readonly roomNumber: string;
  readonly participantPin: string;
  readonly moderatorPin: string;
};
type Document = { readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>> };

describe('a service that logs all it can, after calls, a rotation, a recording, an import, a dial-out and a crash', () => {
  let stage: RoomStage;
  let room: StageRoom;
  let callees: Awaited<ReturnType<typeof startCallees>>;
  let old: Secrets;
  let accountPin = '';
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    stage = await RoomStage.open(33_400, { LOG_LEVEL: 'debug', RTP_TIMEOUT_MS: '60000' });
    const steps = [ring, pickUp, pause(1_500), playDigits('1'), endedByHouse(90_000)].join('\n');
    callees = await startCallees(calleeScenario([{ numbers: '[+0-9]+', steps }]));
    await makeHistory();
  }, 90_000);
  afterAll(async () => {
    await callees.stop();
    await stage.close();
  });

  async function makeHistory(): Promise<void> {
    const { service } = stage;
    const trunk = await trunkByAddress(service.database.read, '127.0.0.1');
    await setOutboundAddress(service.database, trunk?.id ?? '', { host: '127.0.0.1', port: callees.sipPort });
    const owner = await stage.room();
    const made = await post<{ room: { id: string }; secrets: Secrets }>('/rooms', {
      ownerAccountId: owner.accountId,
      name: 'Tea',
      rules: { isPublic: true, isBroadcast: true },
    });
    old = made.secrets;
    room = { accountId: owner.accountId, roomId: made.room.id, ...old };
    accountPin = (await post<{ pin: string }>(`/accounts/${owner.accountId}/pin`, {})).pin;
    await Promise.all([conversation(), wrongPairs(), balance(), ...byInfo(old)]);
    room = {
      ...room,
      ...(await post<{ secrets: Secrets }>(`/rooms/${room.roomId}/rotate`, {})).secrets,
    };
    const guests = await Promise.all([
      stage.knock({ ...room, ...old }, 'moderator', '+3222800005'),
      stage.enter(room, 'moderator', '+3222800006'),
      ...byInfo(room),
    ]);
    await guests[0].hears('wrong-enter-room-id');
    await service.kill();
    // Nobody is left to answer their BYE.
    for (const { call } of [guests[0], guests[1]]) call.vanish();
    await service.startProcess();
    await eventually(20_000, async () =>
      (await service.ratedCdrs(10)).some(({ result }) => result === 'crashed'),
    );
  }

  /** The list is imported and called, and what is said is recorded. */
  async function conversation(): Promise<void> {
    const csv =
      'name,number,role,language,may_enter,dial_out,valid_from,valid_until\nDora,+3222800099,speaker,,yes,yes,,\n';
    const answer = await fetch(url(`/rooms/${room.roomId}/list/import`), {
      method: 'POST',
      headers: { ...bearer(), 'Content-Type': 'text/csv', 'Idempotency-Key': 'import' },
      body: csv,
    });
    expect(await answer.json()).toMatchObject({ imported: true, added: 1 });
    const anna = await stage.enter(room, 'moderator', '+3222800001');
    await anna.press('*91');
    await anna.hears('recording-started');
    await anna.press('*95');
    await eventually(20_000, async () => (await stage.live(room)).members.length === 2);
    await anna.press('*91');
    await anna.hears('recording-stopped');
    await anna.press('*99');
    await anna.call.ended;
  }

  async function wrongPairs(): Promise<void> {
    const guest = await stage.knock({ ...room, participantPin: WRONG_PIN }, 'participant', '+3222800002');
    await guest.hears('wrong-enter-room-id');
    await guest.press(`${UNKNOWN_ROOM}#`);
    await guest.hears('enter-pin', 2);
    await guest.press(`${WRONG_PIN}#`);
    await guest.hears('wrong-enter-room-id', 2);
    await guest.call.hangUp();
  }

  async function balance(): Promise<void> {
    const guest = await stage.dial('+3222800003');
    await guest.hears('welcome-enter-room-id');
    await guest.press('0#');
    await guest.hears('enter-account-pin');
    await guest.press(`${accountPin}#`);
    await guest.hears('your-balance-is');
    await guest.call.hangUp();
  }

  /** A right and a wrong pair as SIP INFO. */
  function byInfo({ roomNumber, participantPin }: Secrets) {
    return [participantPin, WRONG_PIN].map(async (pin) => {
      const keys = infoDigits(`${roomNumber}#${pin}#`, 2);
      const { code, messages } = await runSipp({
        scenario: scenario(answeredCall, pause(800), keys, pause(4_000), hangUp),
        sipPort: stage.service.sipPort,
        number: stage.service.seed.accessNumber,
        from: '+3222800004',
      });
      expect([code, code === 0 ? '' : messages]).toEqual([0, '']);
    });
  }

  const url = (path: string) => `http://127.0.0.1:${stage.service.httpPort}/api/v1${path}`;
  const bearer = () => ({ Authorization: `Bearer ${stage.service.adminKey}` });

  async function post<T>(path: string, body: object): Promise<T> {
    const { status, json } = await stage.request('POST', path, body);
    if (status > 201) throw new Error(`${path} answered ${status}: ${JSON.stringify(json)}`);
    return json as T;
  }

  const roomIds = () => [old.roomNumber, room.roomNumber, UNKNOWN_ROOM];
  const pins = () => [
    old.participantPin,
    old.moderatorPin,
    room.participantPin,
    room.moderatorPin,
    accountPin,
    WRONG_PIN,
  ];
  const secrets = () => [...roomIds(), ...pins()];
  const databaseFile = () => join(stage.service.folder, 'var', '123-voip.db');
  const isDatabase = (name: string) => name.startsWith(databaseFile());

  it('has calls in its CDRs that were let in by each PIN, refused, recorded, called and crashed', async () => {
    const cdrs = await stage.service.cdrs();
    expect(cdrs.map(({ result }) => result)).toContain('crashed');
    const inside = cdrs.filter(({ roomId }) => roomId === room.roomId);
    expect(new Set(inside.map(({ direction, roomRole }) => `${direction} ${roomRole}`))).toEqual(
      new Set(['inbound moderator', 'inbound speaker', 'outbound speaker']),
    );
    expect(cdrs.filter(({ roomId }) => roomId === null).length).toBeGreaterThanOrEqual(4);
  });

  it('tells none of them in the answer of any GET', async () => {
    const inside = await stage.enter(room, 'participant', '+3222800008');
    ids.scheduleId = (await post<{ id: string }>(`/rooms/${room.roomId}/schedules`, meeting())).id;
    ids.roomId = room.roomId;
    ids.accountId = room.accountId;
    ids.deckId = stage.service.seed.deckId;
    ids.cdrId = (await stage.service.cdrs()).find(({ result }) => result === 'crashed')?.cdrId ?? '';
    const { recordings } = await stage.get<{ recordings: { id: string }[] }>(
      `/recordings?room=${room.roomId}`,
    );
    ids.recordingId = recordings[0]?.id ?? '';
    const { entries } = await stage.get<{ entries: { id: string }[] }>(`/rooms/${room.roomId}/list`);
    ids.entryId = entries[0]?.id ?? '';
    const document = await stage.get<Document>('/openapi.json');
    const paths = Object.entries(document.paths).flatMap(([path, methods]) =>
      'get' in methods ? [path] : [],
    );
    expect(paths.length).toBeGreaterThan(25);
    const answers = await Promise.all(paths.map(answerOf));
    expect(
      answers.filter(({ status }) => status !== 200).map(({ status, path }) => `${status} ${path}`),
    ).toEqual([]);
    const told = answers.flatMap(({ path, text }) =>
      secrets().flatMap((secret) => (standsIn(text, secret) ? [`${secret} in ${path}`] : [])),
    );
    expect(told).toEqual([]);
    await inside.call.hangUp();
  });

  async function answerOf(path: string): Promise<{ path: string; status: number; text: string }> {
    const route = path.replace(/^\/api\/v1/, '');
    const filled =
      route.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? name) + (QUERIES[route] ?? '');
    const answer = await fetch(url(filled), { headers: bearer(), signal: AbortSignal.timeout(STREAM_MS) });
    let text = '';
    try {
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>)
        text += Buffer.from(chunk).toString('latin1');
    } catch (error) {
      if ((error as Error).name !== 'TimeoutError') throw error;
    }
    return { path, status: answer.status, text };
  }

  it('tells no PIN and no Room ID in a log line, nor the keys one by one', () => {
    const log = stage.service.logLines.join('\n');
    expect(log).toContain('"level":"debug"');
    expect(secrets().filter((secret) => standsIn(log, secret))).toEqual([]);
    expect(log).not.toMatch(/"(digits?|keys?|signal|dtmf[\w-]*|pin|typed|roomNumber)":/i);
  });

  it('keeps none of them in journal, archive, recordings or any other file beside the database', () => {
    const files = filesBelow(stage.service.folder).filter(({ name }) => !isDatabase(name));
    const kinds = new Set(files.map(({ name }) => name.slice(stage.service.folder.length).split('/')[2]));
    expect([...kinds]).toEqual(expect.arrayContaining(['journal', 'recordings']));
    const told = files.flatMap(({ name, bytes }) =>
      secrets().flatMap((secret) => (standsIn(bytes, secret) ? [`${secret} in ${name}`] : [])),
    );
    expect(told).toEqual([]);
  });

  it('keeps no PIN in the bytes of the database or its WAL, and a Room ID on the pages of the table of rooms alone', async () => {
    const { database } = stage.service;
    for (const { name, bytes } of filesBelow(stage.service.folder).filter(({ name }) => isDatabase(name)))
      for (const pin of [...pins(), UNKNOWN_ROOM])
        expect([name, pin, standsIn(bytes, pin)]).toEqual([name, pin, false]);
    expect(await tablesWith(database, room.roomNumber)).toEqual(['rooms']);
    expect(await tablesWith(database, old.roomNumber)).toEqual([]);
    const pagesOfRooms = await pagesOf(database, 'rooms');
    expect(pagesWith(databaseFile(), room.roomNumber)).not.toEqual([]);
    for (const roomId of roomIds())
      expect(pagesOfRooms).toEqual(expect.arrayContaining([...pagesWith(databaseFile(), roomId)]));
  });
});
