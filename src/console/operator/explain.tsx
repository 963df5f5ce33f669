import type { ReactNode } from 'react';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { Filters, useFilters } from '../ui/filters';
import type { FieldSpec } from '../ui/form';
import { Digits } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead } from '../ui/states';
import { Facts, Table } from '../ui/table';

type Explained = {
  readonly caller: string;
  readonly understoodAs: string | null;
  readonly destination: string;
  readonly decision: string;
  readonly reason: string | null;
  readonly sipStatus: number | null;
  readonly payer: string | null;
  readonly price: { perMinute: string; firstHold: string } | null;
  readonly shownNumber: string | null;
  readonly trunks: readonly {
    trunk: string;
    by: string;
    threeMinutes: string | null;
    firstMargin: string | null;
    answeredShare: number | null;
    isDead: boolean;
  }[];
  readonly leftOut: readonly { trunk: string; reason: string }[];
};

/** What would happen to a call, without making it. */
export function ExplainPage(): ReactNode {
  const { t } = useWords();
  const fields: readonly FieldSpec[] = [
    { name: 'to', label: t('dialled'), kind: 'tel', isRequired: true },
    { name: 'from', label: t('from'), kind: 'tel', help: t('explain.from') },
    { name: 'source', label: t('explain.source'), help: t('explain.source.help') },
    { name: 'at', label: t('when'), kind: 'time' },
  ];
  const wish = useFilters(fields);
  return (
    <>
      <PageHead title={t('nav.explain')} says={t('explain.says')} />
      <Filters fields={fields} />
      {wish.to ? <Answer wish={wish} /> : <Empty title={t('explain.ask')}>{t('explain.ask.says')}</Empty>}
    </>
  );
}

function Answer({ wish }: { wish: Readonly<Record<string, string>> }): ReactNode {
  const { t, wordOf } = useWords();
  const explained = useAnswer<Explained>('/explain', wish);
  return (
    <Loaded of={explained}>
      {(call) => (
        <>
          <section className="sheet">
            <h2>
              {wordOf('decision', call.decision)}{' '}
              {call.reason && <span className="badge warn">{wordOf('result', call.reason)}</span>}
            </h2>
            <Facts
              of={[
                [t('caller'), call.caller],
                [t('understoodAs'), <Digits key="u">{call.understoodAs}</Digits>],
                [t('destination'), call.destination],
                call.sipStatus === null ? null : [t('sipStatus'), call.sipStatus],
                [t('payer'), call.payer],
                call.price && [
                  t('pricePerMinute'),
                  <span key="p" className="number ltr">
                    {call.price.perMinute}
                  </span>,
                ],
                call.price && [
                  t('firstHold'),
                  <span key="h" className="number ltr">
                    {call.price.firstHold}
                  </span>,
                ],
                [t('shownNumber'), <Digits key="s">{call.shownNumber}</Digits>],
              ]}
            />
          </section>
          {call.trunks.length > 0 && (
            <section className="stack">
              <h2>{t('explain.trunks')}</h2>
              <Table
                name={t('explain.trunks')}
                rows={call.trunks}
                keyOf={({ trunk }) => trunk}
                columns={[
                  {
                    label: t('trunk'),
                    cell: ({ trunk, isDead }) => (
                      <>
                        {trunk} {isDead && <span className="badge bad">{t('notAlive')}</span>}
                      </>
                    ),
                  },
                  { label: t('chosenBy'), cell: ({ by }) => wordOf('chosenBy', by) },
                  {
                    label: t('threeMinutes'),
                    cell: ({ threeMinutes }) => threeMinutes ?? '–',
                    isFigure: true,
                  },
                  { label: t('margin'), cell: ({ firstMargin }) => firstMargin ?? '–', isFigure: true },
                  {
                    label: t('asr'),
                    cell: ({ answeredShare }) =>
                      answeredShare === null ? '–' : `${Math.round(answeredShare * 100)} %`,
                    isFigure: true,
                  },
                ]}
              />
            </section>
          )}
          {call.leftOut.length > 0 && (
            <section className="stack">
              <h2>{t('explain.leftOut')}</h2>
              <Table
                name={t('explain.leftOut')}
                rows={call.leftOut}
                keyOf={({ trunk }) => trunk}
                columns={[
                  { label: t('trunk'), cell: ({ trunk }) => trunk },
                  { label: t('reason'), cell: ({ reason }) => reason },
                ]}
              />
            </section>
          )}
        </>
      )}
    </Loaded>
  );
}
