import { DIALECTS, type TestDatabase } from '../../test/support/databases';
import { databaseWithOwner } from '../../test/support/room-builders';
import { InvalidInput, NotFound } from '../kernel/app-error';
import { changedRules, DEFAULT_ROOM_RULES, RULE_LIMITS } from './room-rules';
import { changeRoom, createRoom, roomById } from './rooms-store';

describe('the rules of a room', () => {
  it('are safe before the owner decided anything', () => {
    expect(DEFAULT_ROOM_RULES).toMatchObject({
      allowsListedEntry: false,
      isPublic: false,
      isBroadcast: false,
      recording: 'manual',
      endsAloneAfterSeconds: 300,
      maxDurationSeconds: 14_400,
    });
    expect(changedRules(DEFAULT_ROOM_RULES, {})).toEqual(DEFAULT_ROOM_RULES);
  });

  it('keep what a wish leaves out', () => {
    const rules = changedRules(DEFAULT_ROOM_RULES, { lobby: true, endsAloneAfterSeconds: undefined });
    expect(rules).toEqual({ ...DEFAULT_ROOM_RULES, lobby: true });
  });

  it.each(Object.entries(RULE_LIMITS))('hold %s to its limits', (name, limit) => {
    const wish = (value: number | null) => () => changedRules(DEFAULT_ROOM_RULES, { [name]: value });
    for (const fits of [limit.least, limit.most]) expect(wish(fits)()).toMatchObject({ [name]: fits });
    for (const wrong of [limit.least - 1, limit.most + 1, limit.least + 0.5, Number.NaN])
      expect(wish(wrong)).toThrow(InvalidInput);
  });

  it.each(Object.entries(RULE_LIMITS).filter(([, { mayBeOff }]) => mayBeOff))('let %s be off', (name) => {
    expect(changedRules(DEFAULT_ROOM_RULES, { [name]: null })).toMatchObject({ [name]: null });
  });

  it.each(Object.entries(RULE_LIMITS).filter(([, { mayBeOff }]) => !mayBeOff))('keep %s on', (name) => {
    expect(() => changedRules(DEFAULT_ROOM_RULES, { [name]: null })).toThrow(
      new RegExp(`rules.${name}: null does not fit; give a whole number`),
    );
  });

  it('let nothing be broadcast that is not public', () => {
    expect(() => changedRules(DEFAULT_ROOM_RULES, { isBroadcast: true })).toThrow(/set isPublic to true/);
    const open = changedRules(DEFAULT_ROOM_RULES, { isBroadcast: true, isPublic: true });
    expect(() => changedRules(open, { isPublic: false })).toThrow(/rules.isBroadcast/);
  });

  it('take a caller ID in E.164 alone', () => {
    expect(changedRules(DEFAULT_ROOM_RULES, { callerIdNumber: '+32255501234' }).callerIdNumber).toBe(
      '+32255501234',
    );
    expect(() => changedRules(DEFAULT_ROOM_RULES, { callerIdNumber: '02 555 01 234' })).toThrow(
      /rules.callerIdNumber.*E\.164.*\+32255501234/,
    );
  });
});

describe.each(DIALECTS)('the rules of stored rooms on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await databaseWithOwner(dialect);
  });
  afterAll(() => test.drop());

  const aRoom = async (rules = {}) =>
    (await createRoom(test.database, { ownerAccountId: 'owner', name: 'Tea', maxSeats: 20, rules, nowMs: 5 }))
      .room;

  it('come back as they were stored, every one of them', async () => {
    const wished = changedRules(DEFAULT_ROOM_RULES, {
      allowsListedEntry: true,
      lobby: true,
      waitsForModerator: true,
      chargesWaiting: true,
      entrySound: 'name',
      participantRole: 'listener',
      language: 'ar',
      endsAloneAfterSeconds: null,
      endsWithoutModeratorAfterSeconds: 120,
      endsSilentAfterSeconds: 600,
      maxDurationSeconds: 3_600,
      maxWaitSeconds: 60,
      recording: 'automatic',
      retentionClass: 'long',
      isPublic: true,
      isBroadcast: true,
      dialOutParallel: 20,
      dialOutAttempts: 5,
      dialOutRetrySeconds: 30,
      callerIdNumber: '+32255501234',
    });
    const differing = Object.keys(wished).filter(
      (name) => Reflect.get(wished, name) !== Reflect.get(DEFAULT_ROOM_RULES, name),
    );
    expect(differing).toEqual(Object.keys(DEFAULT_ROOM_RULES));
    expect((await roomById(test.database.read, (await aRoom(wished)).id)).rules).toEqual(wished);
    const before = await aRoom();
    const after = await changeRoom(test.database, before.id, { name: 'Coffee', maxSeats: 30, rules: wished });
    expect(after).toEqual({ ...before, name: 'Coffee', maxSeats: 30, rules: wished });
  });

  it('are not written over by two changes of different fields at once', async () => {
    const { id } = await aRoom();
    await Promise.all([
      changeRoom(test.database, id, { rules: { lobby: true } }),
      changeRoom(test.database, id, { rules: { recording: 'off' } }),
      changeRoom(test.database, id, { name: 'Both' }),
    ]);
    expect(await roomById(test.database.read, id)).toMatchObject({
      name: 'Both',
      rules: { lobby: true, recording: 'off' },
    });
  });

  it('stay as they were when a change does not fit, and there is no change to a room that is not there', async () => {
    const room = await aRoom();
    await expect(
      changeRoom(test.database, room.id, { name: 'X', rules: { maxWaitSeconds: 0 } }),
    ).rejects.toThrow(InvalidInput);
    expect(await roomById(test.database.read, room.id)).toEqual(room);
    await expect(changeRoom(test.database, 'none', { name: 'X' })).rejects.toThrow(NotFound);
  });
});
