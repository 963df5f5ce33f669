import { lazy, type ReactNode, Suspense, useMemo, useState } from 'react';
import { useMay } from '../api/session';
import type { Money as Amount } from '../api/types';
import { useAnswer } from '../api/use-api';
import { nowMs } from '../clock';
import { useWords } from '../strings/words';
import { Filters, useFilters } from '../ui/filters';
import type { FieldSpec } from '../ui/form';
import { Duration, Money } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead, Skeleton } from '../ui/states';
import { type Column, Table } from '../ui/table';

const DAY_MS = 86_400_000;
const SHOWN_DAYS = 30;
const LEAST_DAYS = 6;
/** What can be grouped by; days are what is shown without a choice. */
const BY = ['day', 'trunk', 'prefix', 'result', 'account'] as const;
const Chart = lazy(async () => ({ default: (await import('../ui/chart')).Chart }));

type Line = {
  readonly key: string | null;
  readonly legs: number;
  readonly answered: number;
  readonly talkMs: number;
  readonly asrPercent: number;
  readonly acdMs: number | null;
  readonly pddMs: number | null;
  readonly charges: readonly Amount[];
  readonly costs: readonly Amount[] | null;
  readonly margins: readonly Amount[] | null;
};

function Amounts({ of }: { of: readonly Amount[] | null }): ReactNode {
  return (of ?? []).map((amount) => (
    <div key={amount.currency}>
      <Money of={amount} />
    </div>
  ));
}

/** Minutes, answer rate, lengths, delays and money, by day, carrier, prefix, result or payer. */
export function TrafficPage(): ReactNode {
  const { t, wordOf } = useWords();
  const may = useMay();
  const [now] = useState(nowMs);
  const fields: readonly FieldSpec[] = [
    {
      name: 'by',
      label: t('by'),
      kind: 'choice',
      choices: BY.map((one) => [one === 'day' ? '' : one, wordOf('by', one)]),
    },
    { name: 'from', label: t('fromTime'), kind: 'time' },
    { name: 'to', label: t('untilTime'), kind: 'time' },
    {
      name: 'direction',
      label: t('direction'),
      kind: 'choice',
      choices: ['inbound', 'outbound'].map((one) => [one, wordOf('direction', one)]),
    },
    { name: 'trunk', label: t('trunkId') },
  ];
  const filter = useFilters(fields);
  const by = filter.by ?? 'day';
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const query = { from: now - SHOWN_DAYS * DAY_MS, to: now, ...filter, by, zone };
  const report = useAnswer<{ lines: readonly Line[] }>('/reports/traffic', query);
  const trunks = useAnswer<{ trunks: readonly { id: string; name: string }[] }>(
    may('trunks:read') && by === 'trunk' ? '/trunks' : null,
    { limit: 200 },
  );
  const nameOf = (key: string | null) => {
    if (key === null) return '–';
    if (by === 'trunk') return trunks.data?.trunks.find(({ id }) => id === key)?.name ?? key;
    return by === 'result' ? wordOf('result', key) : key;
  };
  return (
    <>
      <PageHead title={t('nav.traffic')} says={t('traffic.says')} />
      <Filters fields={fields} />
      <Loaded of={report}>
        {({ lines }) =>
          lines.length === 0 ? (
            <Empty title={t('cdrs.none')}>{t('traffic.none.says')}</Empty>
          ) : (
            <>
              {by === 'day' ? (
                <Suspense fallback={<Skeleton />}>
                  <Days lines={lines} />
                </Suspense>
              ) : (
                <Bars lines={lines} nameOf={nameOf} />
              )}
              <Table
                name={t('nav.traffic')}
                rows={lines}
                keyOf={({ key }) => key ?? ''}
                columns={columnsOf(t, by, nameOf, wordOf)}
              />
            </>
          )
        }
      </Loaded>
    </>
  );
}

function columnsOf(
  t: ReturnType<typeof useWords>['t'],
  by: string,
  nameOf: (key: string | null) => string,
  wordOf: ReturnType<typeof useWords>['wordOf'],
): readonly Column<Line>[] {
  return [
    { label: wordOf('by', by), cell: ({ key }) => <bdi>{nameOf(key)}</bdi> },
    { label: t('nav.calls'), cell: ({ legs }) => legs, isFigure: true },
    { label: t('minutes'), cell: ({ talkMs }) => (talkMs / 60_000).toFixed(1), isFigure: true },
    { label: t('asr'), cell: ({ asrPercent }) => `${asrPercent.toFixed(1)} %`, isFigure: true },
    { label: t('acd'), cell: ({ acdMs }) => <Duration ms={acdMs} />, isFigure: true },
    {
      label: t('pdd'),
      cell: ({ pddMs }) => (pddMs === null ? '–' : `${(pddMs / 1000).toFixed(1)} s`),
      isFigure: true,
    },
    { label: t('charge'), cell: ({ charges }) => <Amounts of={charges} />, isFigure: true },
    { label: t('cost'), cell: ({ costs }) => <Amounts of={costs} />, isFigure: true },
    { label: t('margin'), cell: ({ margins }) => <Amounts of={margins} />, isFigure: true },
  ];
}

/** Every day of a report, those without calls too; a week at least. */
function daysOf(
  lines: readonly Line[],
): readonly { readonly seconds: number; readonly line: Line | undefined }[] {
  const byDay = new Map(lines.flatMap((line) => (line.key === null ? [] : [[line.key, line] as const])));
  const moments = [...byDay.keys()].map((key) => Date.parse(`${key}T00:00:00Z`));
  const last = Math.max(...moments);
  const first = Math.min(...moments, last - LEAST_DAYS * DAY_MS);
  return Array.from({ length: Math.round((last - first) / DAY_MS) + 1 }, (_, index) => {
    const ms = first + index * DAY_MS;
    return { seconds: ms / 1000, line: byDay.get(new Date(ms).toISOString().slice(0, 10)) };
  });
}

const inSeconds = (ms: number | null | undefined): number | null =>
  typeof ms === 'number' ? ms / 1000 : null;

/** Days as lines; each chart has one scale. */
function Days({ lines }: { lines: readonly Line[] }): ReactNode {
  const { t } = useWords();
  const { times, minutes, asr, acd, pdd } = useMemo(() => {
    const days = daysOf(lines);
    return {
      times: days.map(({ seconds }) => seconds),
      minutes: days.map(({ line }) => (line?.talkMs ?? 0) / 60_000),
      asr: days.map(({ line }) => line?.asrPercent ?? null),
      acd: days.map(({ line }) => inSeconds(line?.acdMs)),
      pdd: days.map(({ line }) => inSeconds(line?.pddMs)),
    };
  }, [lines]);
  const charts = [
    [t('minutes'), minutes],
    [t('asr'), asr],
    [t('acd.seconds'), acd],
    [t('pdd.seconds'), pdd],
  ] as const;
  return (
    <div className="columns">
      {charts.map(([name, values]) => (
        <Chart key={name} name={name} times={times} values={values} />
      ))}
    </div>
  );
}

function Bars({
  lines,
  nameOf,
}: {
  lines: readonly Line[];
  nameOf: (key: string | null) => string;
}): ReactNode {
  const { t } = useWords();
  const most = Math.max(1, ...lines.map(({ talkMs }) => talkMs));
  const longest = lines.toSorted((a, b) => b.talkMs - a.talkMs).slice(0, 12);
  return (
    <section className="sheet">
      <h2>{t('minutes')}</h2>
      {longest.map(({ key, talkMs }) => (
        <div className="bar" key={key ?? ''}>
          <bdi>{nameOf(key)}</bdi>
          <div className="bar-track">
            <div className="bar-fill" style={{ inlineSize: `${(talkMs / most) * 100}%` }} />
          </div>
          <span className="number">{(talkMs / 60_000).toFixed(1)}</span>
        </div>
      ))}
    </section>
  );
}
