import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import type { Money as Amount } from '../api/types';
import { every, nowMs } from '../clock';
import { useWords } from '../strings/words';

/** The zone that times are shown in: the account's, where it has one, else the browser's. */
export const ZoneContext = createContext<string>(Intl.DateTimeFormat().resolvedOptions().timeZone);

/** An amount as the API writes it; negative ones stand out. */
export function Money({ of }: { of: Amount | null | undefined }): ReactNode {
  if (!of) return <span className="soft">–</span>;
  return <span className={`number ltr${of.amountMicros.startsWith('-') ? ' bad' : ''}`}>{of.text}</span>;
}

/** The number of an amount alone, for a field that takes one. */
export function decimalOf(amount: Amount | null | undefined): string {
  return amount?.text.split(' ')[0] ?? '';
}

/** A moment: absolute, with how long ago or ahead as its title. */
export function Time({ ms, only }: { ms: number | null | undefined; only?: 'date' | 'time' }): ReactNode {
  const { language } = useWords();
  const zone = useContext(ZoneContext);
  if (ms === null || ms === undefined) return <span className="soft">–</span>;
  const form: Intl.DateTimeFormatOptions = {
    timeZone: zone,
    ...(only === 'time' ? {} : { dateStyle: 'medium' }),
    ...(only === 'date' ? {} : { timeStyle: 'medium' }),
  };
  return (
    <time className="number" dateTime={new Date(ms).toISOString()} title={relative(language, ms)}>
      {new Intl.DateTimeFormat(language, form).format(ms)}
    </time>
  );
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

function relative(language: string, ms: number): string {
  const distance = ms - nowMs();
  const [unit, size] = STEPS.find(([, size]) => Math.abs(distance) >= size) ?? ['second', 1000];
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(Math.round(distance / size), unit);
}

const two = (value: number): string => String(value).padStart(2, '0');

/** A length of time as clocks show it: 1:02:03. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}

export function Duration({ ms }: { ms: number | null }): ReactNode {
  return <span className="number">{ms === null ? '–' : durationText(ms)}</span>;
}

/** Time since a moment, going on. */
export function Since({ ms }: { ms: number }): ReactNode {
  const [now, setNow] = useState(nowMs);
  useEffect(() => every(1000, () => setNow(nowMs())), []);
  return <span className="number">{durationText(now - ms)}</span>;
}

/** A telephone number or another thing that is read from left to right in every language. */
export function Digits({ children }: { children: ReactNode }): ReactNode {
  if (children === null || children === undefined || children === '') return <span className="soft">–</span>;
  return <bdi className="number ltr">{children}</bdi>;
}

const TONES: Readonly<Record<string, string>> = {
  active: 'good',
  completed: 'good',
  talking: 'good',
  succeeded: 'good',
  paid: 'good',
  posted: 'good',
  done: 'good',
  won: 'good',
  published: 'good',
  confirmed: 'good',
  available: 'good',
  registered: 'good',
  open: 'accent',
  assigned: 'accent',
  ringing: 'accent',
  running: 'accent',
  waiting: 'warn',
  menu: 'accent',
  pending: 'warn',
  limited: 'warn',
  paused: 'warn',
  due: 'warn',
  overdue: 'warn',
  reserved: 'warn',
  quarantined: 'warn',
  trying: 'warn',
  unmatched: 'warn',
  scheduled: 'warn',
  disputed: 'warn',
  suspended: 'bad',
  blocked: 'bad',
  closed: '',
  failed: 'bad',
  dead: 'bad',
  lost: 'bad',
  refused: 'bad',
  rejected: 'bad',
  crashed: 'bad',
};

/** A state or result in the reader's words, toned by what it means. `kind` names the table of words. */
export function Badge({ kind, value }: { kind: string; value: string | null | undefined }): ReactNode {
  const { wordOf } = useWords();
  if (!value) return <span className="soft">–</span>;
  return <span className={`badge ${TONES[value] ?? ''}`}>{wordOf(kind, value)}</span>;
}

export function YesNo({ value }: { value: boolean }): ReactNode {
  const { t } = useWords();
  return value ? t('yes') : t('no');
}
