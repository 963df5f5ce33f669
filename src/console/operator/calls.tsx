import type { ReactNode } from 'react';
import { urlOf } from '../api/client';
import { useMay } from '../api/session';
import type { Cdr, Money as Amount } from '../api/types';
import { useList } from '../api/use-api';
import { useWords } from '../strings/words';
import { Filters, useFilters } from '../ui/filters';
import { Badge, Digits, Duration, durationText, Money, Time } from '../ui/format';
import { Failed } from '../ui/loaded';
import { Empty, PageHead, Skeleton } from '../ui/states';
import { type Column, Table } from '../ui/table';
import { useCallFilters } from './call-filters';
import { SavedViews } from './saved-views';

/** Seconds of talk, as the leg's own record has them. */
export function talkMs(cdr: Cdr): number {
  return cdr.answeredAtMs === null ? 0 : cdr.endedAtMs - cdr.answeredAtMs;
}

/** Columns of a list of legs; cost and margin for those who may see them. */
export function useCallColumns(): readonly Column<Cdr>[] {
  const { t } = useWords();
  const may = useMay();
  const columns: readonly Column<Cdr>[] = [
    { label: t('startedAt'), cell: (cdr) => <Time ms={cdr.startedAtMs} /> },
    { label: t('direction'), cell: (cdr) => <Badge kind="direction" value={cdr.direction} /> },
    {
      label: t('from'),
      cell: (cdr) => (cdr.isWithheld && !cdr.fromNumber ? t('withheld') : <Digits>{cdr.fromNumber}</Digits>),
    },
    { label: t('dialled'), cell: (cdr) => <Digits>{cdr.dialledNumber}</Digits> },
    { label: t('result'), cell: (cdr) => <Badge kind="result" value={cdr.result} /> },
    { label: t('talk'), cell: (cdr) => <Duration ms={talkMs(cdr)} />, isFigure: true },
    { label: t('charge'), cell: (cdr) => <Money of={cdr.charge} />, isFigure: true },
  ];
  if (!may('costs:read')) return columns;
  return [
    ...columns,
    { label: t('cost'), cell: (cdr) => <Money of={cdr.cost} />, isFigure: true },
    { label: t('margin'), cell: (cdr) => <Money of={cdr.margin} />, isFigure: true },
  ];
}

/** Call detail records: every filter that the API has, saved searches, sums, and the same search as a file. */
export function CallsPage(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PageHead title={t('nav.cdrs')} says={t('cdrs.says')}>
        <SavedViews />
      </PageHead>
      <CallSearch />
    </>
  );
}

/** The explorer; with an account, of that account's calls alone. */
export function CallSearch({ accountId }: { accountId?: string }): ReactNode {
  const { t } = useWords();
  const fields = useCallFilters(accountId !== undefined);
  const filter = useFilters(fields);
  const query = accountId === undefined ? filter : { ...filter, account: accountId };
  const columns = useCallColumns();
  const list = useList<Cdr>({ path: '/cdrs', rows: 'cdrs', query });
  return (
    <div className="stack">
      <Filters fields={fields}>
        <a className="button" href={urlOf('/cdrs.csv', query)} download>
          {t('csv')}
        </a>
        <a
          className="button"
          href={urlOf('/cdrs', { ...query, limit: 200 })}
          target="_blank"
          rel="noreferrer"
        >
          {t('json')}
        </a>
      </Filters>
      {list.error ? (
        <Failed problem={list.error} retry={() => void list.refetch()} />
      ) : !list.data ? (
        <Skeleton lines={10} />
      ) : list.data.length === 0 ? (
        <Empty title={t('cdrs.none')}>{t('cdrs.none.says')}</Empty>
      ) : (
        <>
          <Sums cdrs={list.data} isWhole={!list.hasNextPage} />
          <Table
            name={t('nav.cdrs')}
            columns={columns}
            rows={list.data}
            keyOf={({ cdrId }) => cdrId}
            href={({ cdrId }) => `/calls/${cdrId}`}
          />
          {list.hasNextPage && (
            <div className="row">
              <button
                type="button"
                disabled={list.isFetchingNextPage}
                onClick={() => void list.fetchNextPage()}
              >
                {t('loadMore')}
              </button>
            </div>
          )}
        </>
      )}
    </div>
  );
}

/** Sums of what is shown; amounts of two currencies stay apart. */
function Sums({ cdrs, isWhole }: { cdrs: readonly Cdr[]; isWhole: boolean }): ReactNode {
  const { t } = useWords();
  const talk = cdrs.reduce((sum, cdr) => sum + talkMs(cdr), 0);
  const answered = cdrs.filter(({ answeredAtMs }) => answeredAtMs !== null).length;
  const charges = sumsOf(cdrs.map(({ charge }) => charge));
  const parts = [
    t('sum.legs', { n: cdrs.length }),
    t('sum.answered', { n: answered }),
    `${t('talk')} ${durationText(talk)}`,
    ...charges.map((sum) => `${t('charge')} ${sum}`),
  ];
  return (
    <p className="small soft" data-testid="sums">
      {isWhole ? t('sum.all') : t('sum.shown')} {parts.join(' · ')}
    </p>
  );
}

/** Adds whole micros by currency, as text for people. */
export function sumsOf(amounts: readonly (Amount | null)[]): readonly string[] {
  const sums = new Map<string, bigint>();
  for (const amount of amounts)
    if (amount) sums.set(amount.currency, (sums.get(amount.currency) ?? 0n) + BigInt(amount.amountMicros));
  return [...sums].map(([currency, micros]) => `${microsText(micros)} ${currency}`);
}

/** Micros as the API writes amounts: two decimals at least, no further zeros. */
export function microsText(micros: bigint): string {
  const sign = micros < 0n ? '-' : '';
  const size = micros < 0n ? -micros : micros;
  const decimals = (size % 1_000_000n)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,4}$/, '');
  return `${sign}${size / 1_000_000n}.${decimals}`;
}
