import { type ReactNode, useId, useState } from 'react';
import { Link } from 'wouter';
import { useMay } from '../api/session';
import type { Money as Amount } from '../api/types';
import { useChange } from '../api/use-api';
import { useWords } from '../strings/words';
import { Filters, useFilters } from '../ui/filters';
import { Action, type FieldSpec } from '../ui/form';
import { Badge, Digits, Money } from '../ui/format';
import { Empty, PageHead, useProblemText } from '../ui/states';
import { ListTable, Table } from '../ui/table';

type Target = {
  readonly kind: string;
  readonly accountId?: string;
  readonly roomId?: string;
  readonly language?: string;
};
type Did = {
  readonly number: string;
  readonly state: string;
  readonly trunkId: string | null;
  readonly channelLimit: number | null;
  readonly monthlyFee: Amount | null;
  readonly ownerAccountId: string | null;
  readonly target: Target | null;
};
type Report = {
  readonly imported: boolean;
  readonly added: number;
  readonly changed: number;
  readonly faultCount: number;
  readonly faults: readonly { line: number; field: string; problem: string; remedy: string }[];
};

/** The inventory of numbers that carriers lend. */
export function NumbersPage(): ReactNode {
  const { t, wordOf } = useWords();
  const may = useMay();
  const choices = (kind: string, values: readonly string[]) =>
    values.map((value) => [value, wordOf(kind, value)] as const);
  const fields: readonly FieldSpec[] = [
    {
      name: 'state',
      label: t('state'),
      kind: 'choice',
      choices: choices('didState', ['available', 'reserved', 'assigned', 'quarantined']),
    },
    {
      name: 'target',
      label: t('leadsTo'),
      kind: 'choice',
      choices: choices('target', ['user', 'room', 'menu', 'host-line']),
    },
    { name: 'owner', label: t('accountId') },
  ];
  return (
    <>
      <PageHead title={t('nav.numbers')} says={t('numbers.says')}>
        {may('dids:write') && (
          <Action
            label={t('numbers.add')}
            fields={[
              { name: 'number', label: t('number'), kind: 'tel', isRequired: true },
              { name: 'channelLimit', label: t('channels'), kind: 'number' },
              { name: 'currency', label: t('currency'), value: 'EUR' },
              { name: 'setupFee', label: t('setupFee') },
              { name: 'monthlyFee', label: t('monthlyFee') },
            ]}
            wish={(body) => ({ path: '/dids', method: 'POST', body })}
            isPrimary
          />
        )}
      </PageHead>
      <Filters fields={fields} />
      {may('dids:write') && <ImportNumbers />}
      <ListTable<Did>
        name={t('nav.numbers')}
        path="/dids"
        rows="dids"
        query={useFilters(fields)}
        pageBy="after"
        keyOf={({ number }) => number}
        empty={<Empty title={t('numbers.none')}>{t('numbers.none.says')}</Empty>}
        columns={[
          { label: t('number'), cell: ({ number }) => <Digits>{number}</Digits> },
          { label: t('state'), cell: ({ state }) => <Badge kind="didState" value={state} /> },
          { label: t('leadsTo'), cell: ({ target }) => <TargetText target={target} /> },
          {
            label: t('payer'),
            cell: ({ ownerAccountId }) =>
              ownerAccountId ? (
                <Link href={`/accounts/${ownerAccountId}`}>{ownerAccountId.slice(-12)}</Link>
              ) : (
                ''
              ),
          },
          { label: t('channels'), cell: ({ channelLimit }) => channelLimit ?? '∞', isFigure: true },
          { label: t('monthlyFee'), cell: ({ monthlyFee }) => <Money of={monthlyFee} />, isFigure: true },
          { label: t('actions'), cell: (did) => (may('dids:write') ? <NumberActions did={did} /> : '') },
        ]}
      />
    </>
  );
}

function TargetText({ target }: { target: Target | null }): ReactNode {
  const { wordOf } = useWords();
  if (!target) return '';
  const href = target.roomId
    ? `/rooms/${target.roomId}`
    : target.accountId
      ? `/accounts/${target.accountId}`
      : null;
  return href ? (
    <Link href={href}>{wordOf('target', target.kind)}</Link>
  ) : (
    `${wordOf('target', target.kind)} ${target.language ?? ''}`
  );
}

function NumberActions({ did }: { did: Did }): ReactNode {
  const { t, wordOf } = useWords();
  const path = `/dids/${encodeURIComponent(did.number)}`;
  if (did.state === 'available')
    return (
      <div className="row">
        <Action
          label={t('assign')}
          says={t('assign.says')}
          fields={[
            {
              name: 'kind',
              label: t('leadsTo'),
              kind: 'choice',
              choices: ['user', 'room', 'menu', 'host-line'].map((one) => [one, wordOf('target', one)]),
            },
            { name: 'id', label: t('assign.id'), help: t('assign.id.help') },
            { name: 'language', label: t('language'), help: t('assign.menu') },
            { name: 'country', label: t('country'), help: t('assign.menu') },
            { name: 'ownerAccountId', label: t('payerId') },
          ]}
          wish={(body) => ({
            path: `${path}/assign`,
            method: 'POST',
            body: { target: targetOf(body), ownerAccountId: body.ownerAccountId ?? null },
          })}
          isTiny
        />
        <Action label={t('delete')} wish={() => ({ path, method: 'DELETE' })} isDangerous isTiny />
      </div>
    );
  if (did.state === 'assigned' || did.state === 'reserved')
    return (
      <Action
        label={t('release')}
        says={t('release.says')}
        wish={() => ({ path: `${path}/release`, method: 'POST', body: {} })}
        isDangerous
        isTiny
      />
    );
  return '';
}

function targetOf({
  kind,
  id,
  language,
  country,
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (kind === 'menu') return { kind, language, country };
  return kind === 'room' ? { kind, roomId: id } : { kind, accountId: id };
}

function ImportNumbers(): ReactNode {
  const { t } = useWords();
  const id = useId();
  const text = useProblemText();
  const [report, setReport] = useState<Report | null>(null);
  const send = useChange<Report, { file: File; dryRun: boolean }>(
    ({ file, dryRun }) => ({ path: '/dids/import', method: 'POST', query: { dryRun }, file }),
    setReport,
  );
  const [file, setFile] = useState<File | null>(null);
  const faults = send.error?.faults ?? report?.faults ?? [];
  return (
    <details className="sheet">
      <summary>{t('numbers.import')}</summary>
      <div className="fields">
        <div className="field">
          <label htmlFor={id}>{t('file')}</label>
          <input
            id={id}
            type="file"
            accept=".csv,text/csv"
            onChange={({ target }) => setFile(target.files?.[0] ?? null)}
          />
          <span className="help">{t('numbers.import.columns')}</span>
        </div>
        <div className="row">
          <button
            type="button"
            disabled={!file || send.isPending}
            onClick={() => file && send.mutate({ file, dryRun: true })}
          >
            {t('dryRun.begin')}
          </button>
          <button
            type="button"
            className="primary"
            disabled={!file || send.isPending}
            onClick={() => file && send.mutate({ file, dryRun: false })}
          >
            {t('import')}
          </button>
        </div>
        {send.error && faults.length === 0 && <p className="fault">{text(send.error)}</p>}
        {report && (
          <p role="status">{t('numberList.imported', { added: report.added, changed: report.changed })}</p>
        )}
        {faults.length > 0 && (
          <Table
            name={t('problem')}
            rows={faults}
            keyOf={({ line, field }) => `${line ?? ''} ${field}`}
            columns={[
              { label: t('line'), cell: ({ line }) => line, isFigure: true },
              { label: t('column'), cell: ({ field }) => <code>{field}</code> },
              { label: t('problem'), cell: ({ problem }) => problem },
              { label: t('remedy'), cell: ({ remedy }) => remedy },
            ]}
          />
        )}
      </div>
    </details>
  );
}
