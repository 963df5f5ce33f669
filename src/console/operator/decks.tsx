import { type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { urlOf } from '../api/client';
import { useMay } from '../api/session';
import type { Deck, Money as Amount } from '../api/types';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { Action, Form } from '../ui/form';
import { Badge, Digits, Money, Time } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead } from '../ui/states';
import { ListTable } from '../ui/table';

type Version = {
  readonly version: number;
  readonly kind: string;
  readonly state: string;
  readonly sourceName: string;
  readonly rateCount: number;
  readonly startedAtMs: number;
  readonly publishAtMs: number | null;
  readonly publishedAtMs: number | null;
};

type Rate = {
  readonly prefix: string;
  readonly destination: string;
  readonly effectiveFromMs: number;
  readonly pricePerMinute: Amount;
  readonly connectFee: Amount;
  readonly firstIncrementSeconds: number;
  readonly nextIncrementSeconds: number;
  readonly rateVersion: number;
};

type ImportLine = {
  readonly id: string;
  readonly deckName: string;
  readonly sourceName: string;
  readonly isDryRun: boolean;
  readonly state: string;
  readonly startedAtMs: number;
};

/** Price lists, and files of prices that were brought in. */
export function DecksPage(): ReactNode {
  const { t } = useWords();
  const may = useMay();
  const [, go] = useLocation();
  return (
    <>
      <PageHead title={t('nav.decks')} says={t('decks.says')}>
        {may('decks:write') && (
          <>
            <Link className="button primary" href="/decks/import">
              {t('decks.import')}
            </Link>
            <Action<{ id: string }>
              label={t('decks.add')}
              fields={[
                { name: 'name', label: t('name'), isRequired: true },
                { name: 'currency', label: t('currency'), isRequired: true, value: 'EUR' },
                {
                  name: 'chargeDecimals',
                  label: t('chargeDecimals'),
                  kind: 'number',
                  help: t('chargeDecimals.help'),
                },
              ]}
              wish={(body) => ({ path: '/decks', method: 'POST', body })}
              onDone={({ id }) => go(`/decks/${id}`)}
            />
          </>
        )}
      </PageHead>
      <ListTable<Deck>
        name={t('nav.decks')}
        path="/decks"
        rows="decks"
        pageBy="after"
        keyOf={({ id }) => id}
        href={({ id }) => `/decks/${id}`}
        empty={<Empty title={t('decks.none')}>{t('decks.none.says')}</Empty>}
        columns={[
          { label: t('name'), cell: ({ name }) => <bdi dir="auto">{name}</bdi> },
          { label: t('currency'), cell: ({ currency }) => currency },
          { label: t('version'), cell: ({ currentVersion }) => currentVersion, isFigure: true },
          { label: t('made'), cell: ({ createdAtMs }) => <Time ms={createdAtMs} only="date" /> },
        ]}
      />
      {may('decks:write') && <Imports />}
    </>
  );
}

function Imports(): ReactNode {
  const { t } = useWords();
  return (
    <section className="stack">
      <h2>{t('imports')}</h2>
      <ListTable<ImportLine>
        name={t('imports')}
        path="/deck-imports"
        rows="imports"
        pageBy="before"
        limit={20}
        keyOf={({ id }) => id}
        href={({ id }) => `/decks/imports/${id}`}
        empty={<Empty title={t('imports.none')} />}
        columns={[
          { label: t('file'), cell: ({ sourceName }) => <bdi dir="auto">{sourceName}</bdi> },
          { label: t('nav.decks'), cell: ({ deckName }) => <bdi dir="auto">{deckName}</bdi> },
          { label: t('state'), cell: ({ state }) => <Badge kind="importState" value={state} /> },
          { label: t('kind'), cell: ({ isDryRun }) => (isDryRun ? t('dryRun') : t('published')) },
          { label: t('startedAt'), cell: ({ startedAtMs }) => <Time ms={startedAtMs} /> },
        ]}
      />
    </section>
  );
}

/** One price list: what a call costs, its rates, and what changed it. */
export function DeckPage({ deckId = '' }: { deckId?: string }): ReactNode {
  const { t } = useWords();
  const may = useMay();
  const decks = useAnswer<{ decks: readonly Deck[] }>('/decks', { limit: 200 });
  return (
    <Loaded of={decks}>
      {({ decks }) => {
        const deck = decks.find(({ id }) => id === deckId);
        if (!deck) return <Empty title={t('problem.notFound')} />;
        return (
          <>
            <PageHead
              title={deck.name}
              says={t('decks.version', { version: deck.currentVersion, currency: deck.currency })}
            >
              <a className="button" href={urlOf(`/decks/${deckId}/rates.csv`)} download>
                {t('csv')}
              </a>
              {may('decks:write') && (
                <>
                  <Link
                    className="button"
                    href={`/decks/import?deck=${encodeURIComponent(deck.name)}&currency=${deck.currency}`}
                  >
                    {t('decks.import')}
                  </Link>
                  <Action
                    label={t('decks.return')}
                    says={t('decks.return.says')}
                    wish={() => ({
                      path: `/decks/${deckId}/return`,
                      method: 'POST',
                      body: { expected: deck.currentVersion },
                    })}
                    isDangerous
                  />
                </>
              )}
            </PageHead>
            <Quote deckId={deckId} />
            <Versions deckId={deckId} />
            <Rates deckId={deckId} />
          </>
        );
      }}
    </Loaded>
  );
}

function Quote({ deckId }: { deckId: string }): ReactNode {
  const { t, wordOf } = useWords();
  const [found, setFound] = useState<{ charge: Amount; working: Record<string, unknown> } | null>(null);
  return (
    <section className="sheet">
      <h2>{t('quote')}</h2>
      <Form<{ charge: Amount; working: Record<string, unknown> }>
        fields={[
          { name: 'number', label: t('number'), kind: 'tel', isRequired: true },
          { name: 'seconds', label: t('seconds'), kind: 'number', value: 60 },
        ]}
        wish={({ number, seconds }) => ({
          path: `/decks/${deckId}/quote`,
          query: { number: number as string, seconds: Number(seconds) },
        })}
        submit={t('quote.ask')}
        onDone={setFound}
      />
      {found && (
        <p className="note" role="status">
          <strong>
            <Money of={found.charge} />
          </strong>
          <span className="small">
            {(['destination', 'prefix', 'increments', 'billedSeconds'] as const)
              .map((name) => `${wordOf('working', name)}: ${String(found.working[name] as string | number)}`)
              .join(' · ')}
          </span>
        </p>
      )}
    </section>
  );
}

function Versions({ deckId }: { deckId: string }): ReactNode {
  const { t } = useWords();
  const may = useMay();
  return (
    <section className="stack">
      <h2>{t('versions')}</h2>
      <ListTable<Version>
        name={t('versions')}
        path={`/decks/${deckId}/versions`}
        rows="versions"
        pageBy="before"
        limit={10}
        keyOf={({ version }) => String(version)}
        columns={[
          { label: t('version'), cell: ({ version }) => version },
          { label: t('kind'), cell: ({ kind }) => <Badge kind="versionKind" value={kind} /> },
          { label: t('state'), cell: ({ state }) => <Badge kind="versionState" value={state} /> },
          { label: t('file'), cell: ({ sourceName }) => <bdi dir="auto">{sourceName}</bdi> },
          { label: t('rates'), cell: ({ rateCount }) => rateCount, isFigure: true },
          {
            label: t('published'),
            cell: ({ publishedAtMs, publishAtMs }) => <Time ms={publishedAtMs ?? publishAtMs} />,
          },
          {
            label: t('actions'),
            cell: ({ version, state }) =>
              may('decks:write') && state === 'scheduled' ? (
                <Action
                  label={t('callOff')}
                  wish={() => ({
                    path: `/decks/${deckId}/versions/${version}/cancel`,
                    method: 'POST',
                    body: {},
                  })}
                  isDangerous
                  isTiny
                />
              ) : (
                ''
              ),
          },
        ]}
      />
    </section>
  );
}

function Rates({ deckId }: { deckId: string }): ReactNode {
  const { t } = useWords();
  return (
    <section className="stack">
      <h2>{t('rates')}</h2>
      <ListTable<Rate>
        name={t('rates')}
        path={`/decks/${deckId}/rates`}
        rows="rates"
        keyOf={({ prefix, effectiveFromMs }) => `${prefix} ${effectiveFromMs}`}
        empty={<Empty title={t('rates.none')}>{t('rates.none.says')}</Empty>}
        columns={[
          { label: t('working.prefix'), cell: ({ prefix }) => <Digits>{prefix}</Digits> },
          { label: t('destination'), cell: ({ destination }) => <bdi dir="auto">{destination}</bdi> },
          {
            label: t('pricePerMinute'),
            cell: ({ pricePerMinute }) => <Money of={pricePerMinute} />,
            isFigure: true,
          },
          {
            label: t('working.connectFeeMicros'),
            cell: ({ connectFee }) => <Money of={connectFee} />,
            isFigure: true,
          },
          {
            label: t('increments'),
            cell: (rate) => `${rate.firstIncrementSeconds}/${rate.nextIncrementSeconds}`,
            isFigure: true,
          },
          { label: t('fromTime'), cell: ({ effectiveFromMs }) => <Time ms={effectiveFromMs} only="date" /> },
        ]}
      />
    </section>
  );
}
