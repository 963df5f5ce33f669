import { type ReactNode, useId, useState } from 'react';
import { useLocation } from 'wouter';
import { urlOf } from '../api/client';
import { useChange } from '../api/use-api';
import { useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Badge, Digits, Duration, Time, YesNo } from '../ui/format';
import { Empty, useProblemText } from '../ui/states';
import { ListTable } from '../ui/table';

type ListEntry = {
  readonly id: string;
  readonly name: string;
  readonly number: string;
  readonly role: string;
  readonly mayEnter: boolean;
  readonly dialOut: boolean;
};
type ListReport = {
  readonly imported: boolean;
  readonly lines: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly faultCount: number;
  readonly faults: readonly { line: number; field: string; problem: string; remedy: string }[];
};

/** People of a room: who may enter, and who is called. */
export function NumberList({ roomId }: { roomId: string }): ReactNode {
  const { t, wordOf } = useWords();
  const path = `/rooms/${roomId}/list`;
  const roles = ['speaker', 'listener', 'moderator', 'host', 'coach'].map(
    (one) => [one, wordOf('roomRole', one)] as const,
  );
  return (
    <section className="stack">
      <div className="row spread">
        <h2>{t('numberList')}</h2>
        <div className="row">
          <Action
            label={t('numberList.add')}
            fields={[
              { name: 'name', label: t('name'), isRequired: true },
              { name: 'number', label: t('number'), kind: 'tel', isRequired: true },
              { name: 'role', label: t('role'), kind: 'choice', choices: roles },
              { name: 'mayEnter', label: t('mayEnter'), kind: 'check', value: true },
              { name: 'dialOut', label: t('dialOut.may'), kind: 'check', value: true },
            ]}
            wish={(body) => ({ path, method: 'POST', body })}
            done={t('added')}
          />
          <ImportList path={`${path}/import`} />
          <a className="button" href={urlOf(`/rooms/${roomId}/list.csv`)} download>
            {t('csv')}
          </a>
        </div>
      </div>
      <ListTable<ListEntry>
        name={t('numberList')}
        path={path}
        rows="entries"
        pageBy="after"
        keyOf={({ id }) => id}
        empty={<Empty title={t('numberList.none')}>{t('numberList.none.says')}</Empty>}
        columns={[
          { label: t('name'), cell: ({ name }) => <bdi dir="auto">{name}</bdi> },
          { label: t('number'), cell: ({ number }) => <Digits>{number}</Digits> },
          { label: t('role'), cell: ({ role }) => <Badge kind="roomRole" value={role} /> },
          { label: t('mayEnter'), cell: ({ mayEnter }) => <YesNo value={mayEnter} /> },
          { label: t('dialOut.may'), cell: ({ dialOut }) => <YesNo value={dialOut} /> },
          {
            label: t('actions'),
            cell: ({ id }) => (
              <Action
                label={t('delete')}
                wish={() => ({ path: `${path}/${id}`, method: 'DELETE' })}
                isDangerous
                isTiny
              />
            ),
          },
        ]}
      />
    </section>
  );
}

function ImportList({ path }: { path: string }): ReactNode {
  const { t } = useWords();
  const id = useId();
  const text = useProblemText();
  const [report, setReport] = useState<ListReport | null>(null);
  const send = useChange<ListReport, File>(
    (file) => ({ path, method: 'POST', query: { mode: 'merge' }, file }),
    setReport,
  );
  return (
    <div className="stack-small">
      <label className="button" htmlFor={id}>
        {t('numberList.import')}
      </label>
      <input
        id={id}
        className="visually-hidden"
        type="file"
        accept=".csv,text/csv"
        onChange={({ target }) => {
          const file = target.files?.[0];
          if (file) send.mutate(file);
          target.value = '';
        }}
      />
      {send.error && (
        <p className="fault">
          {send.error.faults.length > 0
            ? send.error.faults
                .slice(0, 3)
                .map((fault) => `${fault.line ?? ''} ${fault.field}: ${fault.problem}`)
                .join(' · ')
            : text(send.error)}
        </p>
      )}
      {report && (
        <p className="small soft">
          {t('numberList.imported', { added: report.added, changed: report.changed })}
        </p>
      )}
    </div>
  );
}

type Recording = {
  readonly id: string;
  readonly state: string;
  readonly startedAtMs: number;
  readonly seconds: number;
  readonly deleteAfterMs: number | null;
  readonly legalHold: boolean;
};

/** What was recorded in a room. */
export function Recordings({ roomId }: { roomId: string }): ReactNode {
  const { t } = useWords();
  const [location] = useLocation();
  return (
    <section className="stack" key={location}>
      <h2>{t('recordings')}</h2>
      <ListTable<Recording>
        name={t('recordings')}
        path="/recordings"
        rows="recordings"
        query={{ room: roomId }}
        pageBy="after"
        keyOf={({ id }) => id}
        empty={<Empty title={t('recordings.none')}>{t('recordings.none.says')}</Empty>}
        columns={[
          { label: t('when'), cell: ({ startedAtMs }) => <Time ms={startedAtMs} /> },
          { label: t('length'), cell: ({ seconds }) => <Duration ms={seconds * 1000} />, isFigure: true },
          { label: t('state'), cell: ({ state }) => <Badge kind="recordingState" value={state} /> },
          {
            label: t('deletedAfter'),
            cell: ({ deleteAfterMs, legalHold }) =>
              legalHold ? t('legalHold') : <Time ms={deleteAfterMs} only="date" />,
          },
          {
            label: t('sound'),
            // biome-ignore lint: what was said in a room has no captions
            cell: ({ id, state }) =>
              state === 'deleted' ? (
                ''
              ) : (
                <audio
                  controls
                  preload="none"
                  src={urlOf(`/recordings/${id}/audio.wav`)}
                  aria-label={t('recording')}
                />
              ),
          },
          {
            label: t('actions'),
            cell: ({ id, state }) =>
              state === 'deleted' ? (
                ''
              ) : (
                <Action
                  label={t('delete')}
                  says={t('recordings.delete.says')}
                  wish={() => ({ path: `/recordings/${id}`, method: 'DELETE' })}
                  isDangerous
                  isTiny
                />
              ),
          },
        ]}
      />
    </section>
  );
}
