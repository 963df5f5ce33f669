import { type ReactNode } from 'react';
import { Link } from 'wouter';
import { useMay } from '../api/session';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { Filters, useFilters } from '../ui/filters';
import { Action, type FieldSpec } from '../ui/form';
import { Badge, Digits, Time } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead } from '../ui/states';
import { ListTable, Table } from '../ui/table';

type Details = Readonly<Record<string, unknown>>;

/** Facts of a happening as the API has them, on one line. */
export function DetailText({ of }: { of: Details | null }): ReactNode {
  return (
    <span className="small">
      {Object.entries(of ?? {})
        .map(
          ([name, value]) =>
            `${name}: ${typeof value === 'object' ? JSON.stringify(value) : (value as string)}`,
        )
        .join(' · ')}
    </span>
  );
}

type Alert = {
  readonly id: string;
  readonly kind: string;
  readonly ownerAccountId: string | null;
  readonly roomId: string | null;
  readonly callerNumber: string | null;
  readonly trunkId: string | null;
  readonly details: Details;
  readonly raisedAtMs: number;
};

export function AlertsPage(): ReactNode {
  const { t, wordOf } = useWords();
  const fields: readonly FieldSpec[] = [
    { name: 'kind', label: t('kind') },
    { name: 'owner', label: t('accountId') },
    { name: 'from', label: t('fromTime'), kind: 'time' },
    { name: 'to', label: t('untilTime'), kind: 'time' },
  ];
  return (
    <>
      <PageHead title={t('nav.alerts')} says={t('alerts.says')} />
      <Filters fields={fields} />
      <ListTable<Alert>
        name={t('nav.alerts')}
        path="/alerts"
        rows="alerts"
        query={useFilters(fields)}
        keyOf={({ id }) => id}
        empty={<Empty title={t('alerts.none')} />}
        columns={[
          { label: t('when'), cell: ({ raisedAtMs }) => <Time ms={raisedAtMs} /> },
          {
            label: t('kind'),
            cell: ({ kind }) => <span className="badge warn">{wordOf('alert', kind)}</span>,
          },
          {
            label: t('account'),
            cell: ({ ownerAccountId }) =>
              ownerAccountId ? (
                <Link href={`/accounts/${ownerAccountId}`}>{ownerAccountId.slice(-12)}</Link>
              ) : (
                ''
              ),
          },
          {
            label: t('from'),
            cell: ({ callerNumber }) => (callerNumber ? <Digits>{callerNumber}</Digits> : ''),
          },
          { label: t('facts'), cell: ({ details }) => <DetailText of={details} /> },
        ]}
      />
    </>
  );
}

type Case = {
  readonly id: string;
  readonly kind: string;
  readonly cdrId: string | null;
  readonly details: Details;
  readonly state: string;
  readonly openedAtMs: number;
  readonly closedBy: string | null;
  readonly note: string | null;
};

export function CasesPage(): ReactNode {
  const { t, wordOf } = useWords();
  const may = useMay();
  const kinds = [
    'duration',
    'answered',
    'missing-in-switch',
    'missing-in-ours',
    'doubled-in-switch',
    'doubled-in-ours',
  ];
  const fields: readonly FieldSpec[] = [
    {
      name: 'state',
      label: t('state'),
      kind: 'choice',
      choices: ['open', 'closed'].map((one) => [one, wordOf('caseState', one)]),
    },
    {
      name: 'kind',
      label: t('kind'),
      kind: 'choice',
      choices: kinds.map((one) => [one, wordOf('case', one)]),
    },
  ];
  return (
    <>
      <PageHead title={t('nav.cases')} says={t('cases.says')} />
      <Filters fields={fields} />
      <ListTable<Case>
        name={t('nav.cases')}
        path="/cases"
        rows="cases"
        query={useFilters(fields)}
        keyOf={({ id }) => id}
        empty={<Empty title={t('cases.none')} />}
        columns={[
          { label: t('when'), cell: ({ openedAtMs }) => <Time ms={openedAtMs} /> },
          { label: t('kind'), cell: ({ kind }) => wordOf('case', kind) },
          {
            label: t('cdrId'),
            cell: ({ cdrId }) => (cdrId ? <Link href={`/calls/${cdrId}`}>{cdrId.slice(-12)}</Link> : ''),
          },
          { label: t('facts'), cell: ({ details }) => <DetailText of={details} /> },
          {
            label: t('state'),
            cell: ({ state, closedBy, note }) => (
              <>
                <Badge kind="caseState" value={state} />{' '}
                <bdi>{[closedBy, note].filter(Boolean).join(': ')}</bdi>
              </>
            ),
          },
          {
            label: t('actions'),
            cell: ({ id, state }) =>
              state === 'open' && may('cases:close') ? (
                <Action
                  label={t('close')}
                  fields={[{ name: 'note', label: t('foundOut'), kind: 'area', isRequired: true }]}
                  wish={(body) => ({ path: `/cases/${id}/close`, method: 'POST', body })}
                  isTiny
                />
              ) : (
                ''
              ),
          },
        ]}
      />
    </>
  );
}

type Schedule = {
  readonly name: string;
  readonly says: string;
  readonly cron: string;
  readonly dueAtMs: number;
  readonly failures: number;
  readonly finishedAtMs: number | null;
  readonly lastResult: string | null;
  readonly lastError: string | null;
};
type DeadJob = {
  readonly id: string;
  readonly kind: string;
  readonly attempts: number;
  readonly error: string;
  readonly diedAtMs: number;
};

export function JobsPage(): ReactNode {
  const { t } = useWords();
  const may = useMay();
  const schedules = useAnswer<{ schedules: readonly Schedule[] }>('/schedules', {}, { everyMs: 15_000 });
  return (
    <>
      <PageHead title={t('nav.jobs')} says={t('jobs.says')} />
      <section className="stack">
        <h2>{t('schedules.house')}</h2>
        <Loaded of={schedules}>
          {({ schedules }) => (
            <Table
              name={t('schedules.house')}
              rows={schedules}
              keyOf={({ name }) => name}
              columns={[
                {
                  label: t('name'),
                  cell: ({ name, says }) => (
                    <span>
                      <strong>{name}</strong> <span className="soft small">{says}</span>
                    </span>
                  ),
                },
                { label: t('due'), cell: ({ dueAtMs }) => <Time ms={dueAtMs} /> },
                { label: t('lastRun'), cell: ({ finishedAtMs }) => <Time ms={finishedAtMs} /> },
                {
                  label: t('result'),
                  cell: ({ lastError, lastResult, failures }) =>
                    lastError ? <span className="bad">{`${lastError} (${failures})`}</span> : lastResult,
                },
                {
                  label: t('actions'),
                  cell: ({ name }) =>
                    may('jobs:write') ? (
                      <Action
                        label={t('runNow')}
                        says={t('runNow.says')}
                        wish={() => ({ path: `/schedules/${name}/run`, method: 'POST', body: {} })}
                        isTiny
                      />
                    ) : (
                      ''
                    ),
                },
              ]}
            />
          )}
        </Loaded>
      </section>
      <section className="stack">
        <h2>{t('deadJobs')}</h2>
        <ListTable<DeadJob>
          name={t('deadJobs')}
          path="/jobs/dead"
          rows="jobs"
          keyOf={({ id }) => id}
          empty={<Empty title={t('deadJobs.none')} />}
          columns={[
            { label: t('kind'), cell: ({ kind }) => kind },
            { label: t('when'), cell: ({ diedAtMs }) => <Time ms={diedAtMs} /> },
            { label: t('attempt'), cell: ({ attempts }) => attempts, isFigure: true },
            { label: t('problem'), cell: ({ error }) => error },
            {
              label: t('actions'),
              cell: ({ id }) =>
                may('jobs:write') ? (
                  <Action
                    label={t('tryAgain')}
                    wish={() => ({ path: `/jobs/${id}/revive`, method: 'POST', body: {} })}
                    isTiny
                  />
                ) : (
                  ''
                ),
            },
          ]}
        />
      </section>
    </>
  );
}

/** Whether each part of the service can do its work. */
export function HealthPage(): ReactNode {
  const { t, wordOf } = useWords();
  const may = useMay();
  const health = useAnswer<{ ready: boolean; parts: readonly { part: string; ready: boolean }[] }>(
    '/health/ready',
    {},
    { everyMs: 5_000 },
  );
  const live = useAnswer<{ version: string }>('/health/live');
  return (
    <>
      <PageHead title={t('nav.health')} says={t('health.says', { version: live.data?.version ?? '' })}>
        {may('metrics:read') && (
          <a className="button" href="/api/v1/metrics" target="_blank" rel="noreferrer">
            {t('metrics')}
          </a>
        )}
      </PageHead>
      <Loaded of={health}>
        {({ parts }) => (
          <dl className="figures">
            {parts.map(({ part, ready }) => (
              <div className="figure" key={part}>
                <dt className="small soft">{wordOf('part', part)}</dt>
                <dd>
                  <span className={`badge ${ready ? 'good' : 'bad'}`}>
                    {ready ? t('ready') : t('notReady')}
                  </span>
                </dd>
              </div>
            ))}
          </dl>
        )}
      </Loaded>
    </>
  );
}
