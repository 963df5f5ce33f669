import { InvalidInput } from '../../kernel/app-error';
import { e164 } from '../../kernel/phone-number';
import { DEFAULT_ROOM_RULES } from '../room-rules';
import { checkTerm, isValidAt, type ListEntry, listedName, mayEnterWithoutPin } from './list-entry';

const nowMs = Date.UTC(2026, 6, 1, 12);
const rules = { ...DEFAULT_ROOM_RULES, allowsListedEntry: true };
const room = { id: 'room', state: 'open', rules } as const;
const entry: ListEntry = {
  id: 'entry',
  roomId: 'room',
  name: 'Ana',
  number: e164('+3222223344'),
  role: 'speaker',
  language: null,
  mayEnter: true,
  dialOut: false,
  validFromMs: null,
  validUntilMs: null,
  createdAtMs: 0,
};

describe('entry without a PIN', () => {
  const facts = { entry, room, callerIdTrusted: true, nowMs };

  it.each([
    ['the list, the room and the caller ID agree', {}, true],
    ['its first valid moment is now', { entry: { ...entry, validFromMs: nowMs } }, true],
    ['its last valid moment is now', { entry: { ...entry, validUntilMs: nowMs + 1 } }, true],
    ['the caller ID is not trusted', { callerIdTrusted: false }, false],
    [
      'the caller ID is not trusted, though a host is listed',
      { callerIdTrusted: false, entry: { ...entry, role: 'host' as const } },
      false,
    ],
    ['the number is not on the list', { entry: null }, false],
    ['the entry is of another room', { entry: { ...entry, roomId: 'other' } }, false],
    ['the entry may not enter', { entry: { ...entry, mayEnter: false } }, false],
    [
      'the entry is called, but may not enter',
      { entry: { ...entry, mayEnter: false, dialOut: true } },
      false,
    ],
    ['the owner did not allow it', { room: { ...room, rules: DEFAULT_ROOM_RULES } }, false],
    ['the room is closed', { room: { ...room, state: 'closed' as const } }, false],
    ['the entry is not valid yet', { entry: { ...entry, validFromMs: nowMs + 1 } }, false],
    ['the entry is valid no more', { entry: { ...entry, validUntilMs: nowMs } }, false],
  ])('when %s', (_, difference, may) => {
    expect(mayEnterWithoutPin({ ...facts, ...difference })).toBe(may);
  });
});

describe('a list entry', () => {
  it('counts from its first moment to before its end', () => {
    const term = { validFromMs: 10, validUntilMs: 20 };
    expect([9, 10, 19, 20].map((atMs) => isValidAt(term, atMs))).toEqual([false, true, true, false]);
  });

  it('cannot end before it begins', () => {
    expect(() => checkTerm({ validFromMs: 10, validUntilMs: 10 })).toThrow(InvalidInput);
    expect(() => checkTerm({ validFromMs: 10, validUntilMs: null })).not.toThrow();
  });

  it.each([
    ['  Ana  ', 'Ana'],
    ["'=Ana", '=Ana'],
    ["''+Ana", '+Ana'],
    ["'Ana", "'Ana"],
    ["D'Arc", "D'Arc"],
    ['محمد', 'محمد'],
  ])('keeps the name %j as %j, and that again as it is', (written, kept) => {
    expect(listedName(written)).toBe(kept);
    expect(listedName(kept)).toBe(kept);
  });

  it.each(['', '   ', 'x'.repeat(101), 'two\nlines', 'bell\u0007', 'turned\u202Eround'])(
    'has no name like %j',
    (name) => expect(() => listedName(name)).toThrow(InvalidInput),
  );
});
