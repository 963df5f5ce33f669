import { DIALECTS, type TestDatabase } from '../../test/support/databases';
import { databaseWithOwner } from '../../test/support/room-builders';
import { NotFound } from '../kernel/app-error';
import { compareRoomPin } from './compare-room-pin';
import { hashPin, isPin } from '../kernel/pin';
import { createRoom, listRooms, roomById, rotateRoomSecrets, setRoomState } from './rooms-store';

const nowMs = Date.UTC(2026, 0, 15);

describe.each(DIALECTS)('rooms on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await databaseWithOwner(dialect);
  });
  afterAll(() => test.drop());

  const aRoom = () =>
    createRoom(test.database, { ownerAccountId: 'owner', name: 'Tea', maxSeats: 20, nowMs });

  it('opens to its two PINs with their two roles', async () => {
    const { room, secrets } = await aRoom();
    const { roomNumber, participantPin, moderatorPin } = secrets;
    const asParticipant = await compareRoomPin(test.database.read, { roomNumber, pin: participantPin });
    const asModerator = await compareRoomPin(test.database.read, { roomNumber, pin: moderatorPin });
    expect(asParticipant).toEqual({ room, role: 'speaker' });
    expect(asModerator).toEqual({ room, role: 'moderator' });
  });

  it.each([
    ['a wrong PIN', { pin: '000000' }],
    ['an unknown Room ID', { roomNumber: '111111111' }],
    ['a PIN with other signs', { pin: "1' OR '1'='1" }],
    ['nothing typed', { roomNumber: '', pin: '' }],
  ])('stays shut to %s', async (_, wrong) => {
    const { secrets } = await aRoom();
    const right = { roomNumber: secrets.roomNumber, pin: secrets.participantPin };
    expect(await compareRoomPin(test.database.read, { ...right, ...wrong })).toMatchObject({ role: null });
  });

  it('forgets Room ID and PINs when they are rotated', async () => {
    const { room, secrets } = await aRoom();
    const fresh = await rotateRoomSecrets(test.database, room.id);
    const old = { roomNumber: secrets.roomNumber, pin: secrets.participantPin };
    expect(await compareRoomPin(test.database.read, old)).toEqual({ room: null, role: null });
    const opened = await compareRoomPin(test.database.read, {
      roomNumber: fresh.roomNumber,
      pin: fresh.moderatorPin,
    });
    expect(opened.role).toBe('moderator');
  });

  it('stores no PIN', async () => {
    const { secrets } = await aRoom();
    const stored = JSON.stringify(await test.database.read.all('SELECT * FROM rooms'));
    expect(stored).not.toContain(secrets.participantPin);
    expect(stored).not.toContain(secrets.moderatorPin);
  });

  it('lists rooms in pages without missing or repeating one', async () => {
    for (let n = 0; n < 5; n++) await aRoom();
    const all = await listRooms(test.database.read, { limit: 100 });
    const first = await listRooms(test.database.read, { ownerAccountId: 'owner', limit: 2 });
    const rest = await listRooms(test.database.read, {
      ownerAccountId: 'owner',
      afterId: first[1]?.id,
      limit: 100,
    });
    expect([...first, ...rest]).toEqual(all);
    expect(await listRooms(test.database.read, { ownerAccountId: 'nobody', limit: 10 })).toEqual([]);
  });

  it('closes and names a room that is not there', async () => {
    const { room } = await aRoom();
    expect((await setRoomState(test.database, room.id, 'closed')).state).toBe('closed');
    await expect(roomById(test.database.read, 'none')).rejects.toThrow(NotFound);
  });
});

describe('a hashed PIN', () => {
  it('matches itself alone and never shows itself', async () => {
    const hash = await hashPin('480213');
    expect(hash).not.toContain('480213');
    expect(await isPin('480213', hash)).toBe(true);
    expect(await isPin('480214', hash)).toBe(false);
    expect(await isPin('480213', 'not a hash of ours')).toBe(false);
  });
});
