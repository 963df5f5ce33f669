import { Fragment, type ReactNode } from 'react';
import { Link } from 'wouter';
import { useMay, useSession } from '../api/session';
import type { Cdr, Money as Amount } from '../api/types';
import { useAnswer } from '../api/use-api';
import type { Entry } from '../panels/money';
import { useWords } from '../strings/words';
import { Money, Time } from '../ui/format';
import { Table } from '../ui/table';

type Posting = {
  readonly transactionId: string;
  readonly kind: string;
  readonly note: string;
  readonly postedAtMs: number;
  readonly entries: readonly { readonly ledgerAccountId: string; readonly amount: Amount }[];
  readonly invoice: { readonly id: string; readonly number: string } | null;
};

/** What a leg did to the ledger: staff sees each posting whole, its payer his own side of it. */
export function Postings({ cdr }: { cdr: Cdr }): ReactNode {
  const may = useMay();
  const { accountId } = useSession();
  if (cdr.ledgerTransactionId === null) return null;
  if (may('ledger:read')) return <WholePostings cdrId={cdr.cdrId} />;
  return accountId !== null && accountId === cdr.payerAccountId ? (
    <OwnSide accountId={accountId} transactionId={cdr.ledgerTransactionId} />
  ) : null;
}

function WholePostings({ cdrId }: { cdrId: string }): ReactNode {
  const { t, wordOf } = useWords();
  const found = useAnswer<{ postings: readonly Posting[] }>(`/cdrs/${cdrId}/postings`);
  const postings = found.data?.postings ?? [];
  if (postings.length === 0) return null;
  return (
    <section className="stack">
      <h2>{t('posting')}</h2>
      <Table
        name={t('posting')}
        rows={postings}
        keyOf={({ transactionId }) => transactionId}
        columns={[
          { label: t('when'), cell: ({ postedAtMs }) => <Time ms={postedAtMs} /> },
          { label: t('kind'), cell: ({ kind }) => wordOf('entry', kind) },
          { label: t('transaction'), cell: ({ transactionId }) => <code>{transactionId}</code> },
          {
            label: t('entries'),
            cell: ({ entries }) => (
              <span className="bar">
                {entries.map(({ ledgerAccountId, amount }) => (
                  <Fragment key={ledgerAccountId}>
                    <code className="small">{ledgerAccountId}</code>
                    <span />
                    <Money of={amount} />
                  </Fragment>
                ))}
              </span>
            ),
          },
          {
            label: t('document.invoice'),
            cell: ({ invoice }) =>
              invoice ? <Link href={`/invoices/${invoice.id}`}>{invoice.number}</Link> : t('notInvoiced'),
          },
        ]}
      />
    </section>
  );
}

function OwnSide({ accountId, transactionId }: { accountId: string; transactionId: string }): ReactNode {
  const { t, wordOf } = useWords();
  const found = useAnswer<{ entries: readonly Entry[] }>(`/accounts/${accountId}/entries`, { limit: 200 });
  const own = (found.data?.entries ?? []).filter((entry) => entry.transactionId === transactionId);
  if (own.length === 0) return null;
  return (
    <section className="stack">
      <h2>{t('posting')}</h2>
      <Table
        name={t('posting')}
        rows={own}
        keyOf={({ lineNumber }) => String(lineNumber)}
        columns={[
          { label: t('when'), cell: ({ postedAtMs }) => <Time ms={postedAtMs} /> },
          { label: t('kind'), cell: ({ kind }) => wordOf('entry', kind) },
          { label: t('transaction'), cell: ({ transactionId }) => <code>{transactionId}</code> },
          { label: t('amount'), cell: ({ amount }) => <Money of={amount} />, isFigure: true },
        ]}
      />
    </section>
  );
}
