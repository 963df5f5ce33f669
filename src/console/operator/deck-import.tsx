import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { useAnswer, useChange } from '../api/use-api';
import { useWords } from '../strings/words';
import { Badge, Digits } from '../ui/format';
import { Failed, Loaded } from '../ui/loaded';
import { PageHead, useProblemText } from '../ui/states';
import { Facts, Table } from '../ui/table';
import { microsText } from './calls';

type Fault = {
  readonly line: number;
  readonly field: string;
  readonly problem: string;
  readonly remedy: string;
};
type Change = {
  readonly prefix: string;
  readonly destination: string;
  readonly beforeMicros: number;
  readonly afterMicros: number;
  readonly percent: number | null;
};

type DeckImport = {
  readonly id: string;
  readonly deckName: string;
  readonly sourceName: string;
  readonly isDryRun: boolean;
  readonly state: 'running' | 'done' | 'refused' | 'failed';
  readonly step: string;
  readonly doneCount: number;
  readonly problem: string | null;
  readonly report: {
    readonly published: boolean;
    readonly deckId: string | null;
    readonly version: number | null;
    readonly rateCount: number;
    readonly lineCount: number;
    readonly difference:
      | (Readonly<Record<'new' | 'dearer' | 'cheaper' | 'changed' | 'ended' | 'unchanged', number>> & {
          readonly largestChanges: readonly Change[];
        })
      | null;
    readonly effect: {
      readonly calls: number;
      readonly presentMicros: string;
      readonly newMicros: string;
      readonly withoutPrice: number;
    } | null;
    readonly faultCount: number;
    readonly faults: readonly Fault[];
  } | null;
};

/** Files of the last uploads, so that what was tried can be published without choosing the file again. */
const triedFiles = new Map<string, File>();

/** Brings in a file of prices: first tried, then published. */
export function DeckImportPage(): ReactNode {
  const { t } = useWords();
  const [parameters] = useSearchParams();
  const [, go] = useLocation();
  const text = useProblemText();
  const id = useId();
  const [file, setFile] = useState<File | null>(null);
  const [deck, setDeck] = useState(parameters.get('deck') ?? '');
  const [currency, setCurrency] = useState(parameters.get('currency') ?? 'EUR');
  const [replaces, setReplaces] = useState(false);
  const [form, setForm] = useState('');
  const forms = useAnswer<{ forms: readonly { name: string }[] }>('/import-forms/rates', { limit: 200 });
  const [isDryRun, setDryRun] = useState(true);
  const upload = useChange<DeckImport, File>(
    (chosen) => ({
      path: '/deck-imports',
      method: 'POST',
      query: { deck, currency, form, sourceName: chosen.name, dryRun: isDryRun, replaces },
      file: chosen,
    }),
    (begun, chosen) => {
      triedFiles.clear();
      triedFiles.set(begun.id, chosen);
      go(
        `/decks/imports/${begun.id}?currency=${currency}&replaces=${replaces}&form=${encodeURIComponent(form)}`,
      );
    },
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (file) upload.mutate(file);
  };
  return (
    <>
      <PageHead title={t('decks.import')} says={t('decks.import.says')} />
      <form className="sheet fields" onSubmit={send}>
        <div className="field">
          <label htmlFor={`${id}-file`}>{t('file')}</label>
          <input
            id={`${id}-file`}
            type="file"
            accept=".csv,text/csv"
            required
            onChange={({ target }) => setFile(target.files?.[0] ?? null)}
          />
          <span className="help">{t('decks.import.columns')}</span>
        </div>
        <div className="field">
          <label htmlFor={`${id}-deck`}>{t('decks.name')}</label>
          <input
            id={`${id}-deck`}
            required
            dir="auto"
            value={deck}
            onChange={({ target }) => setDeck(target.value)}
          />
          <span className="help">{t('decks.name.help')}</span>
        </div>
        <div className="field">
          <label htmlFor={`${id}-form`}>{t('importForm')}</label>
          <select id={`${id}-form`} value={form} onChange={({ target }) => setForm(target.value)}>
            <option value="">{t('importForm.ours')}</option>
            {(forms.data?.forms ?? []).map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-currency`}>{t('currency')}</label>
          <input
            id={`${id}-currency`}
            required
            value={currency}
            onChange={({ target }) => setCurrency(target.value.toUpperCase())}
          />
        </div>
        <label className="check">
          <input type="checkbox" checked={isDryRun} onChange={({ target }) => setDryRun(target.checked)} />
          {t('dryRun.first')}
        </label>
        <label className="check">
          <input type="checkbox" checked={replaces} onChange={({ target }) => setReplaces(target.checked)} />
          {t('decks.replaces')}
        </label>
        {upload.error && (
          <p className="fault" role="alert">
            {text(upload.error)}
          </p>
        )}
        <div>
          <button type="submit" className="primary" disabled={upload.isPending}>
            {isDryRun ? t('dryRun.begin') : t('publish')}
          </button>
        </div>
      </form>
    </>
  );
}

/** How far an import is; the page can be left and opened again. Then its report, and the way to publish what was tried. */
export function DeckImportReportPage({ importId = '' }: { importId?: string }): ReactNode {
  const { t } = useWords();
  const found = useAnswer<DeckImport>(`/deck-imports/${importId}`, {}, { everyMs: 1_000 });
  return (
    <Loaded of={found}>
      {(done) => (
        <>
          <PageHead title={t('imports.of', { file: done.sourceName })} says={done.deckName}>
            <Badge kind="importState" value={done.state} />
          </PageHead>
          {done.state === 'running' && (
            <section className="sheet" role="status">
              <strong>{t('working')}</strong>
              <progress aria-label={t('working')} />
              <span>{t('imports.lines', { n: done.doneCount })}</span>
              <span className="soft">{t('imports.leave')}</span>
            </section>
          )}
          {done.problem && <Failed problem={new Error(done.problem)} />}
          {done.report && <Report done={done} report={done.report} />}
        </>
      )}
    </Loaded>
  );
}

function Report({
  done,
  report,
}: {
  done: DeckImport;
  report: NonNullable<DeckImport['report']>;
}): ReactNode {
  const { t } = useWords();
  const { difference, effect } = report;
  return (
    <>
      {report.published && (
        <p className="note" role="status">
          {t('imports.published')}{' '}
          {report.deckId && <Link href={`/decks/${report.deckId}`}>{done.deckName}</Link>}
        </p>
      )}
      {done.isDryRun && report.faultCount === 0 && <PublishTried done={done} />}
      {report.faultCount > 0 && (
        <section className="stack">
          <h2>{t('imports.faults', { n: report.faultCount })}</h2>
          <Table
            name={t('imports.faults', { n: report.faultCount })}
            rows={report.faults}
            keyOf={({ line, field }) => `${line} ${field}`}
            columns={[
              { label: t('line'), cell: ({ line }) => line, isFigure: true },
              { label: t('column'), cell: ({ field }) => <code>{field}</code> },
              { label: t('problem'), cell: ({ problem }) => problem },
              { label: t('remedy'), cell: ({ remedy }) => remedy },
            ]}
          />
        </section>
      )}
      <div className="columns">
        {difference && (
          <section className="sheet">
            <h2>{t('difference')}</h2>
            <Facts
              of={[
                [t('difference.new'), difference.new],
                [t('difference.dearer'), difference.dearer],
                [t('difference.cheaper'), difference.cheaper],
                [t('difference.changed'), difference.changed],
                [t('difference.ended'), difference.ended],
                [t('difference.unchanged'), difference.unchanged],
              ]}
            />
          </section>
        )}
        {effect && (
          <section className="sheet">
            <h2>{t('effect')}</h2>
            <Facts
              of={[
                [t('nav.calls'), effect.calls],
                [
                  t('before'),
                  <span key="b" className="number ltr">
                    {microsText(BigInt(effect.presentMicros))}
                  </span>,
                ],
                [
                  t('afterwards'),
                  <span key="a" className="number ltr">
                    {microsText(BigInt(effect.newMicros))}
                  </span>,
                ],
                [t('effect.withoutPrice'), effect.withoutPrice],
              ]}
            />
          </section>
        )}
      </div>
      {difference && difference.largestChanges.length > 0 && (
        <section className="stack">
          <h2>{t('largestChanges')}</h2>
          <Table
            name={t('largestChanges')}
            rows={difference.largestChanges}
            keyOf={({ prefix }) => prefix}
            columns={[
              { label: t('working.prefix'), cell: ({ prefix }) => <Digits>{prefix}</Digits> },
              { label: t('destination'), cell: ({ destination }) => <bdi dir="auto">{destination}</bdi> },
              {
                label: t('before'),
                cell: ({ beforeMicros }) => microsText(BigInt(beforeMicros)),
                isFigure: true,
              },
              {
                label: t('afterwards'),
                cell: ({ afterMicros }) => microsText(BigInt(afterMicros)),
                isFigure: true,
              },
              {
                label: '%',
                cell: ({ percent }) => (percent === null ? '–' : percent.toFixed(1)),
                isFigure: true,
              },
            ]}
          />
        </section>
      )}
    </>
  );
}

function PublishTried({ done }: { done: DeckImport }): ReactNode {
  const { t } = useWords();
  const [parameters] = useSearchParams();
  const [, go] = useLocation();
  const text = useProblemText();
  const file = triedFiles.get(done.id);
  const currency = parameters.get('currency') ?? '';
  const publish = useChange<DeckImport, File>(
    (chosen) => ({
      path: '/deck-imports',
      method: 'POST',
      query: {
        deck: done.deckName,
        currency,
        sourceName: done.sourceName,
        dryRun: false,
        replaces: parameters.get('replaces'),
        form: parameters.get('form'),
      },
      file: chosen,
    }),
    ({ id }) => go(`/decks/imports/${id}`),
  );
  return (
    <section className="note">
      <span>{t('imports.tried')}</span>
      {file && currency !== '' ? (
        <div>
          <button
            type="button"
            className="primary"
            disabled={publish.isPending}
            onClick={() => publish.mutate(file)}
          >
            {t('publish')}
          </button>
        </div>
      ) : (
        <Link href={`/decks/import?deck=${encodeURIComponent(done.deckName)}`}>{t('decks.import')}</Link>
      )}
      {publish.error && (
        <p className="fault" role="alert">
          {text(publish.error)}
        </p>
      )}
    </section>
  );
}
