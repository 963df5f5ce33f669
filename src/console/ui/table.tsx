import type { KeyboardEvent, ReactNode } from 'react';
import { Link } from 'wouter';
import { useList } from '../api/use-api';
import type { Query } from '../api/client';
import { useWords } from '../strings/words';
import { Failed } from './loaded';
import { Empty, Skeleton } from './states';

export type Column<Row> = {
  readonly label: string;
  readonly cell: (row: Row) => ReactNode;
  /** Figures stand at the end of their column. */
  readonly isFigure?: boolean;
};

/** Up and down go from row to row; the rest is the browser's. */
function moveBetweenRows(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>('a.row-link')];
  const here = links.indexOf(document.activeElement as HTMLElement);
  const next = links[here + (event.key === 'ArrowDown' ? 1 : -1)];
  if (here < 0 || !next) return;
  event.preventDefault();
  next.focus();
}

/** Rows with a head that stays; on a telephone each row is a card. `href` leads from the first cell. */
export function Table<Row>({
  name,
  columns,
  rows,
  keyOf,
  href,
}: {
  name: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  href?: (row: Row) => string | null;
}): ReactNode {
  const link = (row: Row, content: ReactNode) => {
    const target = href?.(row);
    return target ? (
      <Link className="row-link" href={target}>
        {content}
      </Link>
    ) : (
      content
    );
  };
  return (
    // biome-ignore lint: what scrolls must be reachable by keyboard
    <section className="table-box" tabIndex={0} aria-label={name} onKeyDown={moveBetweenRows}>
      <table>
        <thead>
          <tr>
            {columns.map(({ label, isFigure }) => (
              <th key={label} scope="col" className={isFigure ? 'figure-cell' : undefined}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ label, cell, isFigure }, index) => (
                <td key={label} data-label={label} className={isFigure ? 'figure-cell' : undefined}>
                  {index === 0 ? link(row, cell(row)) : cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A list of the API as a table: pages by "load more", a word when it is empty, an error that can be tried again. */
export function ListTable<Row>(wanted: {
  name: string;
  path: string;
  rows: string;
  query?: Query;
  pageBy?: 'cursor' | 'after' | 'before';
  limit?: number | null;
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string;
  href?: (row: Row) => string | null;
  empty?: ReactNode;
}): ReactNode {
  const { t } = useWords();
  const list = useList<Row>(wanted);
  if (list.error) return <Failed problem={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <Skeleton lines={8} />;
  if (list.data.length === 0) return wanted.empty ?? <Empty />;
  return (
    <div className="stack">
      <Table {...wanted} rows={list.data} />
      <div className="row soft small">
        <span>{t('shown', { n: list.data.length })}</span>
        {list.hasNextPage && (
          <button type="button" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t('loadMore')}
          </button>
        )}
      </div>
    </div>
  );
}

/** What is known of one thing, line by line; null leaves a line out. */
export function Facts({ of }: { of: readonly (readonly [string, ReactNode] | null)[] }): ReactNode {
  return (
    <dl className="facts">
      {of
        .filter((fact) => fact !== null)
        .map(([label, value]) => (
          <div key={label} style={{ display: 'contents' }}>
            <dt>{label}</dt>
            <dd>
              {value === null || value === undefined || value === '' ? (
                <span className="soft">–</span>
              ) : (
                value
              )}
            </dd>
          </div>
        ))}
    </dl>
  );
}
