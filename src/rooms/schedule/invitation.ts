import type { Room, RoomSecrets } from '../room';
import type { RoomLanguage } from '../room-rules';
import { basicTime, calendarText, escapedText } from './calendar-text';
import { firstOccurrence } from './occurrences';
import type { Schedule, StoredSchedule } from './schedule';
import { vtimezone } from './vtimezone';
import { instantOf, wallMsOf } from './wall-time';

const DAY_MS = 86_400_000;
/** The file names the changes of the clocks this far ahead; who still meets then, gets a new file. */
const YEARS_AHEAD_MS = 10 * 366 * DAY_MS;
/** Numbers that an invitation lists. */
export const MAX_INVITED_NUMBERS = 20;

/** A number to dial, with the country it is in (ISO 3166-1). */
export type InvitedNumber = { readonly number: string; readonly country: string };

type Words = {
  readonly dial: string;
  readonly secretsApart: string;
  readonly roomId: string;
  readonly pin: string;
  readonly moderatorPin: string;
};

const WORDS: Readonly<Record<RoomLanguage, Words>> = {
  en: {
    dial: 'Dial one of these numbers:',
    secretsApart: 'You will be asked for a Room ID and a PIN. The host sends them to you separately.',
    roomId: 'Room ID',
    pin: 'PIN',
    moderatorPin: 'Moderator PIN',
  },
  es: {
    dial: 'Marque uno de estos números:',
    secretsApart: 'Se le pedirán un número de sala y un PIN. El anfitrión se los envía por separado.',
    roomId: 'Número de sala',
    pin: 'PIN',
    moderatorPin: 'PIN de moderador',
  },
  fr: {
    dial: 'Composez l’un de ces numéros :',
    secretsApart:
      'Un numéro de salle et un code PIN vous seront demandés. L’hôte vous les envoie séparément.',
    roomId: 'Numéro de salle',
    pin: 'Code PIN',
    moderatorPin: 'Code PIN du modérateur',
  },
  de: {
    dial: 'Wählen Sie eine dieser Nummern:',
    secretsApart: 'Sie werden nach Raumnummer und PIN gefragt. Der Gastgeber schickt sie Ihnen getrennt.',
    roomId: 'Raumnummer',
    pin: 'PIN',
    moderatorPin: 'Moderator-PIN',
  },
  ar: {
    dial: 'اتصل بأحد هذه الأرقام:',
    secretsApart: 'سيُطلب منك رقم الغرفة والرمز السري. يرسلهما إليك المضيف بشكل منفصل.',
    roomId: 'رقم الغرفة',
    pin: 'الرمز السري',
    moderatorPin: 'الرمز السري للمشرف',
  },
};

/**
 * A calendar file (RFC 5545) of a schedule: the room's name, when, and the numbers to dial. Room ID and PINs are not in it: calendars are
 * shared, synchronised and searched by others. `revision` makes a calendar replace what it had under the same UID.
 */
export function invitationText(
  room: Pick<Room, 'name' | 'rules'>,
  schedule: StoredSchedule,
  numbers: readonly InvitedNumber[],
): string {
  const words = WORDS[room.rules.language ?? 'en'];
  const listed = numbers.slice(0, MAX_INVITED_NUMBERS).map(({ number, country }) => `${number} (${country})`);
  const description = [words.dial, ...listed, '', words.secretsApart].join('\n');
  const startsAtMs = firstOccurrence(schedule)?.startsAtMs ?? Date.parse(`${schedule.startsLocal}Z`);
  // From the day before: the first meeting must lie after the first observance, whatever the offset.
  const zone = vtimezone(schedule.timeZone, startsAtMs - 2 * DAY_MS, startsAtMs + YEARS_AHEAD_MS);
  return calendarText([
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//123-voip//rooms//EN',
    ...(schedule.timeZone === 'UTC' ? [] : zone),
    'BEGIN:VEVENT',
    `UID:${schedule.id}@123-voip`,
    `SEQUENCE:${schedule.revision}`,
    `DTSTAMP:${basicTime(schedule.changedAtMs)}Z`,
    startLine(schedule, startsAtMs),
    `DURATION:PT${schedule.durationMinutes}M`,
    ...recurrenceRule(schedule),
    `SUMMARY:${escapedText(room.name)}`,
    ...(listed[0] ? [`LOCATION:${escapedText(listed[0])}`] : []),
    `DESCRIPTION:${escapedText(description)}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ]);
}

/** What goes by a second channel: one text for those who talk, one for who leads. Only when the PINs were just drawn are they known. */
export function secretTexts(
  room: Pick<Room, 'name' | 'rules'>,
  secrets: RoomSecrets,
): { readonly participant: string; readonly moderator: string } {
  const words = WORDS[room.rules.language ?? 'en'];
  const head = `${room.name}\n${words.roomId}: ${secrets.roomNumber}`;
  return {
    participant: `${head}\n${words.pin}: ${secrets.participantPin}`,
    moderator: `${head}\n${words.moderatorPin}: ${secrets.moderatorPin}`,
  };
}

/** The day is that of the first meeting, the time the wished one: in a gap a calendar moves it as we do, and not all later ones with it. */
function startLine(schedule: Schedule, startsAtMs: number): string {
  const wishedMs = Date.parse(`${schedule.startsLocal}Z`) % DAY_MS;
  const shownMs = wallMsOf(schedule.timeZone, startsAtMs);
  const wallMs = shownMs - (shownMs % DAY_MS) + wishedMs;
  const time = basicTime(wallMs > shownMs ? wallMs - DAY_MS : wallMs);
  return schedule.timeZone === 'UTC' ? `DTSTART:${time}Z` : `DTSTART;TZID=${schedule.timeZone}:${time}`;
}

/** RRULE of RFC 5545 section 3.3.10; UNTIL is the moment of the last day's meeting in UTC, as that section asks for. */
function recurrenceRule(schedule: Schedule): readonly string[] {
  if (schedule.repeats === 'never') return [];
  const untilMs =
    schedule.untilDate === null
      ? null
      : instantOf(schedule.timeZone, Date.parse(`${schedule.untilDate}T${schedule.startsLocal.slice(11)}Z`));
  const parts = [
    `FREQ=${schedule.repeats.toUpperCase()}`,
    ...(schedule.interval > 1 ? [`INTERVAL=${schedule.interval}`] : []),
    ...(schedule.weekdays.length > 0 ? [`BYDAY=${schedule.weekdays.join(',')}`] : []),
    ...(schedule.repeats === 'weekly' ? ['WKST=MO'] : []),
    ...(schedule.count === null ? [] : [`COUNT=${schedule.count}`]),
    ...(untilMs === null ? [] : [`UNTIL=${basicTime(untilMs)}Z`]),
  ];
  return [`RRULE:${parts.join(';')}`];
}
