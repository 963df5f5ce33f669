import { type ReactNode } from 'react';
import { urlOf } from '../api/client';
import { useAnswer } from '../api/use-api';
import { nowMs } from '../clock';
import { useWords } from '../strings/words';
import { Action, type FieldSpec } from '../ui/form';
import { Time } from '../ui/format';
import { Loaded } from '../ui/loaded';

type Schedule = {
  readonly id: string;
  readonly startsLocal: string;
  readonly timeZone: string;
  readonly repeats: string;
  readonly durationMinutes: number;
  readonly next: readonly { startsAtMs: number; endsAtMs: number }[];
};

/** When a room meets. */
export function Schedules({ roomId }: { roomId: string }): ReactNode {
  const { t, wordOf } = useWords();
  const path = `/rooms/${roomId}/schedules`;
  const found = useAnswer<{ schedules: readonly Schedule[] }>(path);
  const fields: readonly FieldSpec[] = [
    {
      name: 'startsLocal',
      label: t('startsLocal'),
      kind: 'text',
      isRequired: true,
      help: t('startsLocal.help'),
      value: new Date(nowMs()).toISOString().slice(0, 16),
    },
    {
      name: 'timeZone',
      label: t('timeZone'),
      isRequired: true,
      value: Intl.DateTimeFormat().resolvedOptions().timeZone,
    },
    { name: 'durationMinutes', label: t('durationMinutes'), kind: 'number', value: 60 },
    {
      name: 'repeats',
      label: t('repeats'),
      kind: 'choice',
      choices: ['never', 'daily', 'weekly', 'monthly'].map((one) => [one, wordOf('repeats', one)]),
    },
    { name: 'dialsOut', label: t('dialsOut'), kind: 'check' },
  ];
  return (
    <section className="sheet">
      <div className="row spread">
        <h2>{t('schedules')}</h2>
        <Action
          label={t('schedules.add')}
          fields={fields}
          wish={(body) => ({ path, method: 'POST', body })}
          done={t('added')}
        />
      </div>
      <Loaded of={found}>
        {({ schedules }) =>
          schedules.length === 0 ? (
            <p className="soft">{t('schedules.none')}</p>
          ) : (
            <ul className="stack">
              {schedules.map((schedule) => (
                <li key={schedule.id} className="stack-small">
                  <strong>
                    {wordOf('repeats', schedule.repeats)} · {schedule.durationMinutes} min ·{' '}
                    {schedule.timeZone}
                  </strong>
                  {schedule.next.map(({ startsAtMs }) => (
                    <Time key={startsAtMs} ms={startsAtMs} />
                  ))}
                  <div className="row">
                    <a className="button tiny" href={urlOf(`${path}/${schedule.id}/invitation.ics`)} download>
                      {t('calendarFile')}
                    </a>
                    <Action
                      label={t('delete')}
                      says={t('schedules.delete.says')}
                      wish={() => ({ path: `${path}/${schedule.id}`, method: 'DELETE' })}
                      isDangerous
                      isTiny
                    />
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}
