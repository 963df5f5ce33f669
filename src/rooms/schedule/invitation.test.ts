import { meeting } from '../../../test/support/room-builders';
import ICAL from 'ical.js';
import { DEFAULT_ROOM_RULES } from '../room-rules';
import { escapedText } from './calendar-text';
import { invitationText, secretTexts } from './invitation';
import { occurrencesBetween } from './occurrences';
import type { StoredSchedule } from './schedule';

const room = { name: 'Tea; with, milk', rules: DEFAULT_ROOM_RULES };
const numbers = [{ number: '+3222223344', country: 'BE' }];
const once: StoredSchedule = {
  id: 'schedule',
  roomId: 'room',
  revision: 3,
  createdAtMs: 0,
  changedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  ...meeting({ startsLocal: '2026-03-22T09:30', durationMinutes: 90 }),
};
const SHOWN = 40;

/** What a calendar program makes of the file, by its own VTIMEZONE alone: starts and ends in ms. */
function readBack(text: string): readonly { startsAtMs: number; endsAtMs: number }[] {
  const calendar = new ICAL.Component(ICAL.parse(text));
  ICAL.TimezoneService.reset();
  for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone);
  const event = new ICAL.Event(calendar.getFirstSubcomponent('vevent') ?? undefined);
  const starts = event.iterator();
  const found = [];
  for (let n = 0; n < SHOWN; n++) {
    const next = starts.next();
    if (!next) break;
    const { startDate, endDate } = event.getOccurrenceDetails(next);
    found.push({ startsAtMs: startDate.toUnixTime() * 1000, endsAtMs: endDate.toUnixTime() * 1000 });
  }
  return found;
}

describe('an invitation', () => {
  it.each<[string, Partial<StoredSchedule>]>([
    ['once', {}],
    ['once in UTC', { timeZone: 'UTC' }],
    ['daily over clocks forward', { repeats: 'daily' }],
    ['daily over clocks back', { repeats: 'daily', startsLocal: '2026-10-20T09:30' }],
    ['weekly for years', { repeats: 'weekly', interval: 5 }],
    ['weekly on several days', { repeats: 'weekly', weekdays: ['MO', 'TH', 'SU'], interval: 2 }],
    ['weekly from a day that is none of its own', { repeats: 'weekly', weekdays: ['WE'] }],
    ['monthly on the 31st', { repeats: 'monthly', startsLocal: '2026-01-31T09:30' }],
    ['a number of times', { repeats: 'daily', count: 12 }],
    ['until a day', { repeats: 'daily', untilDate: '2026-04-02' }],
    ['in New York', { repeats: 'weekly', timeZone: 'America/New_York', startsLocal: '2026-02-20T20:00' }],
    ['in Lord Howe', { repeats: 'weekly', timeZone: 'Australia/Lord_Howe', startsLocal: '2026-02-20T20:00' }],
    ['in Cairo', { repeats: 'weekly', timeZone: 'Africa/Cairo', startsLocal: '2026-03-20T12:00' }],
    ['in Casablanca', { repeats: 'weekly', timeZone: 'Africa/Casablanca', startsLocal: '2026-01-20T12:00' }],
    ['in Kolkata', { repeats: 'weekly', timeZone: 'Asia/Kolkata' }],
  ])('means the same meetings to a calendar program: %s', (_, difference) => {
    const schedule = { ...once, ...difference };
    const ours = occurrencesBetween(schedule, 0, Number.POSITIVE_INFINITY, SHOWN);
    expect(readBack(invitationText(room, schedule, numbers))).toEqual(ours);
  });

  it('keeps the wished time when the first meeting falls into a gap', () => {
    const gap = { ...once, repeats: 'daily' as const, startsLocal: '2026-03-29T02:30' };
    const text = invitationText(room, gap, numbers);
    expect(text).toContain('DTSTART;TZID=Europe/Brussels:20260329T023000');
    const ours = occurrencesBetween(gap, 0, Number.POSITIVE_INFINITY, SHOWN);
    // In the gap itself the program that reads here takes the offset after it, against RFC 5545 section 3.3.5; all others agree.
    expect(readBack(text).slice(1)).toEqual(ours.slice(1));
  });

  it('has the room’s name, the numbers to dial and the word that secrets come apart', () => {
    const text = invitationText(room, once, numbers);
    const calendar = new ICAL.Component(ICAL.parse(text));
    const event = new ICAL.Event(calendar.getFirstSubcomponent('vevent') ?? undefined);
    expect(event.summary).toBe('Tea; with, milk');
    expect(event.location).toBe('+3222223344 (BE)');
    expect(event.description).toMatch(/\+3222223344 \(BE\)\n\n.*sends them to you separately/);
    expect(text).toContain('DTSTAMP:20260102T030405Z\r\n');
    expect(text).toContain('UID:schedule@123-voip\r\nSEQUENCE:3\r\n');
  });

  it.each(['en', 'es', 'fr', 'de', 'ar'] as const)('is written in %s when the room speaks it', (language) => {
    const rules = { ...DEFAULT_ROOM_RULES, language };
    const text = invitationText({ ...room, rules }, once, numbers);
    const others = invitationText(
      { ...room, rules: { ...rules, language: language === 'en' ? 'fr' : 'en' } },
      once,
      numbers,
    );
    expect(text).not.toBe(others);
    for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
  });

  it('lets no room’s name write lines of its own', () => {
    const hostile = { ...room, name: 'x\r\nATTENDEE:mailto:a@b\u0000\nBEGIN:VALARM' };
    const lines = invitationText(hostile, once, numbers).split('\r\n');
    expect(lines.filter((line) => /^(ATTENDEE|BEGIN:VALARM)/.test(line))).toEqual([]);
    expect(escapedText('a\\b;c,d\r\ne\u0007')).toBe(String.raw`a\\b\;c\,d\ne`);
  });
});

describe('the texts for the second channel', () => {
  it('tell each the PIN of his own role', () => {
    const secrets = { roomNumber: '12345678', participantPin: '111222', moderatorPin: '333444' };
    const texts = secretTexts(room, secrets);
    expect(texts.participant).toBe('Tea; with, milk\nRoom ID: 12345678\nPIN: 111222');
    expect(texts.moderator).toContain('Moderator PIN: 333444');
    expect(texts.moderator).not.toContain('111222');
    expect(texts.participant).not.toContain('333444');
  });
});
