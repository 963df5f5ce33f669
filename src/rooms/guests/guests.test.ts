import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { anAccount } from '../../../test/support/billing-builders';
import { createRoom, rotateRoomSecrets } from '../rooms-store';
import { createGuest, findGuest, GUEST_MS, guestByToken } from './guests-store';

const NOW = Date.UTC(2026, 0, 15);

describe.each(DIALECTS)('guests on %s', (dialect) => {
  let test: TestDatabase;
  let roomId: string;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    const ownerAccountId = (await anAccount(test.database, { credit: '0' })).id;
    const made = await createRoom(test.database, { ownerAccountId, name: 'room', maxSeats: 5, nowMs: NOW });
    roomId = made.room.id;
  });
  afterAll(() => test.drop());

  const arrive = (nowMs = NOW) =>
    createGuest(test.database, { roomId, role: 'speaker', name: 'Zoë', realm: 'house.example', nowMs });
  const sql = () => test.database.read;

  it('are known by username and by token until their time is over', async () => {
    const { guest, token } = await arrive();
    expect(await guestByToken(sql(), token, NOW + GUEST_MS - 1)).toEqual(guest);
    expect((await findGuest(sql(), guest.username, NOW + GUEST_MS - 1))?.guest).toEqual(guest);
    expect(await guestByToken(sql(), token, NOW + GUEST_MS)).toBeNull();
    expect(await findGuest(sql(), guest.username, NOW + GUEST_MS)).toBeNull();
  });

  it('leave neither password nor token in the database', async () => {
    const { token, password } = await arrive();
    const rows = JSON.stringify(await sql().all('SELECT * FROM guests', []));
    expect(rows).not.toContain(token);
    expect(rows).not.toContain(password);
  });

  it('end when the room has new PINs, and are forgotten when their time was over', async () => {
    const { token } = await arrive();
    await rotateRoomSecrets(test.database, roomId);
    expect(await guestByToken(sql(), token, NOW + 1)).toBeNull();
    await arrive(NOW);
    await arrive(NOW + GUEST_MS);
    expect(await sql().all('SELECT id FROM guests', [])).toHaveLength(1);
  });
});
