import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { urlOf } from '../api/client';
import { useMay, useSession } from '../api/session';
import type { Money as Amount } from '../api/types';
import { useAnswer } from '../api/use-api';
import { nowMs } from '../clock';
import { useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Badge, Money, Time } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead } from '../ui/states';
import { Facts, ListTable, Table } from '../ui/table';

type Invoice = {
  readonly id: string;
  readonly kind: 'invoice' | 'credit-note';
  readonly number: string;
  readonly accountId: string;
  readonly correctsInvoiceId: string | null;
  readonly reason: string | null;
  readonly period: string;
  readonly issuedAtMs: number;
  readonly dueAtMs: number;
  readonly lines: readonly { kind: string; quantity: number; net: Amount }[];
  readonly taxes: readonly { name: string; ratePpm: number; base: Amount; tax: Amount }[];
  readonly net: Amount;
  readonly tax: Amount;
  readonly total: Amount;
  readonly taxNote: string;
  readonly parties: { readonly seller: Party; readonly buyer: Party };
  readonly state: string | null;
  readonly disputeReason: string | null;
  readonly open: Amount | null;
};

type Party = Readonly<
  Record<'name' | 'street' | 'postalCode' | 'city' | 'country' | 'vatNumber' | 'mail', string | null>
>;

/** Invoices and credit notes, of one account or of all. */
export function InvoicesPanel({
  accountId,
  period,
}: {
  accountId?: string;
  period?: string | undefined;
}): ReactNode {
  const { t } = useWords();
  return (
    <ListTable<Invoice>
      name={t('nav.invoices')}
      path="/invoices"
      rows="invoices"
      query={{ accountId, period }}
      keyOf={({ id }) => id}
      href={({ id }) => `/invoices/${id}`}
      empty={<Empty title={t('invoices.none')}>{t('invoices.none.says')}</Empty>}
      columns={[
        { label: t('number'), cell: ({ number }) => <span className="number">{number}</span> },
        { label: t('kind'), cell: ({ kind }) => <Badge kind="document" value={kind} /> },
        { label: t('period'), cell: ({ period }) => period },
        ...(accountId === undefined
          ? [
              {
                label: t('buyer'),
                cell: ({ parties }: Invoice) => <bdi dir="auto">{parties.buyer.name}</bdi>,
              },
            ]
          : []),
        { label: t('issued'), cell: ({ issuedAtMs }) => <Time ms={issuedAtMs} only="date" /> },
        { label: t('due'), cell: ({ dueAtMs }) => <Time ms={dueAtMs} only="date" /> },
        { label: t('state'), cell: ({ state }) => <Badge kind="invoiceState" value={state} /> },
        { label: t('total'), cell: ({ total }) => <Money of={total} />, isFigure: true },
        { label: t('openAmount'), cell: ({ open }) => <Money of={open} />, isFigure: true },
      ]}
    />
  );
}

/** One invoice as it was issued, its files, and what became of it. */
export function InvoicePage({ invoiceId = '' }: { invoiceId?: string }): ReactNode {
  const invoice = useAnswer<Invoice>(`/invoices/${invoiceId}`);
  return <Loaded of={invoice}>{(found) => <OneInvoice invoice={found} />}</Loaded>;
}

function OneInvoice({ invoice }: { invoice: Invoice }): ReactNode {
  const { t, wordOf } = useWords();
  const may = useMay();
  const { accountId } = useSession();
  const path = `/invoices/${invoice.id}`;
  const file = (format: string) => urlOf(`${path}/file`, { format });
  const isOpen = invoice.kind === 'invoice' && invoice.open !== null && invoice.open.amountMicros !== '0';
  return (
    <>
      <PageHead
        title={`${wordOf('document', invoice.kind)} ${invoice.number}`}
        says={<Badge kind="invoiceState" value={invoice.state} />}
      >
        {['pdf', 'xml', 'csv', 'json'].map((format) => (
          <a key={format} className="button" href={file(format)} download>
            {format.toUpperCase()}
          </a>
        ))}
      </PageHead>
      <div className="row">
        {isOpen && invoice.accountId === accountId && (
          <Action<{ url: string }>
            label={t('payByCard')}
            wish={() => ({
              path: `/accounts/${accountId}/checkouts`,
              method: 'POST',
              body: { invoiceId: invoice.id },
            })}
            onDone={({ url }) => window.location.assign(url)}
            isPrimary
          />
        )}
        {invoice.kind === 'invoice' &&
          !invoice.disputeReason &&
          (may('invoices:write') || invoice.accountId === accountId) && (
            <Action
              label={t('dispute')}
              says={t('dispute.says')}
              fields={[{ name: 'reason', label: t('reason'), kind: 'area', isRequired: true }]}
              wish={(body) => ({ path: `${path}/dispute`, method: 'POST', body })}
            />
          )}
        {may('invoices:write') && invoice.disputeReason && (
          <Action
            label={t('settleDispute')}
            wish={() => ({ path: `${path}/settle-dispute`, method: 'POST', body: {} })}
          />
        )}
        {may('invoices:write') && invoice.kind === 'invoice' && (
          <Action
            label={t('creditNote')}
            says={t('creditNote.says')}
            fields={[
              { name: 'net', label: t('net'), help: t('creditNote.net') },
              { name: 'reason', label: t('reason'), isRequired: true },
              { name: 'reference', label: t('reference'), isRequired: true },
            ]}
            wish={(body) => ({ path: `${path}/credit-notes`, method: 'POST', body })}
            isDangerous
          />
        )}
      </div>
      {invoice.disputeReason && (
        <p className="note warn">
          {t('disputed')} <bdi dir="auto">{invoice.disputeReason}</bdi>
        </p>
      )}
      <div className="columns">
        <section className="sheet">
          <h2>{t('facts')}</h2>
          <Facts
            of={[
              [t('period'), invoice.period],
              [t('issued'), <Time key="i" ms={invoice.issuedAtMs} only="date" />],
              [t('due'), <Time key="d" ms={invoice.dueAtMs} only="date" />],
              [t('seller'), <PartyText key="s" party={invoice.parties.seller} />],
              [t('buyer'), <PartyText key="b" party={invoice.parties.buyer} />],
              may('accounts:read')
                ? [
                    t('account'),
                    <Link key="a" href={`/accounts/${invoice.accountId}`}>
                      {invoice.accountId}
                    </Link>,
                  ]
                : null,
              invoice.correctsInvoiceId
                ? [
                    t('corrects'),
                    <Link key="c" href={`/invoices/${invoice.correctsInvoiceId}`}>
                      {invoice.correctsInvoiceId}
                    </Link>,
                  ]
                : null,
              invoice.reason ? [t('reason'), invoice.reason] : null,
            ]}
          />
        </section>
        <section className="sheet">
          <h2>{t('total')}</h2>
          <Facts
            of={[
              [t('net'), <Money key="n" of={invoice.net} />],
              ...invoice.taxes.map(
                (tax) =>
                  [`${tax.name} ${tax.ratePpm / 10_000} %`, <Money key={tax.name} of={tax.tax} />] as const,
              ),
              [
                t('total'),
                <strong key="t">
                  <Money of={invoice.total} />
                </strong>,
              ],
              [t('openAmount'), <Money key="o" of={invoice.open} />],
            ]}
          />
          {invoice.taxNote && <p className="small soft">{invoice.taxNote}</p>}
        </section>
      </div>
      <section className="stack">
        <h2>{t('lines')}</h2>
        <Table
          name={t('lines')}
          rows={invoice.lines}
          keyOf={({ kind }) => kind}
          columns={[
            { label: t('kind'), cell: ({ kind }) => wordOf('entry', kind) },
            { label: t('quantity'), cell: ({ quantity }) => quantity, isFigure: true },
            { label: t('net'), cell: ({ net }) => <Money of={net} />, isFigure: true },
          ]}
        />
      </section>
      {invoice.kind === 'invoice' && <Reminders invoiceId={invoice.id} />}
    </>
  );
}

function PartyText({ party }: { party: Party }): ReactNode {
  return (
    <bdi dir="auto">
      {[
        party.name,
        party.street,
        [party.postalCode, party.city].filter(Boolean).join(' '),
        party.country,
        party.vatNumber,
      ]
        .filter(Boolean)
        .join(', ')}
    </bdi>
  );
}

type Step = {
  readonly step: number;
  readonly action: string;
  readonly state: string;
  readonly takenAtMs: number | null;
  readonly sentAtMs: number | null;
};

function Reminders({ invoiceId }: { invoiceId: string }): ReactNode {
  const { t } = useWords();
  const found = useAnswer<{ reminders: readonly Step[] }>(`/invoices/${invoiceId}/reminders`);
  const steps = found.data?.reminders ?? [];
  if (steps.length === 0) return null;
  return (
    <section className="stack">
      <h2>{t('nav.reminders')}</h2>
      <Table
        name={t('nav.reminders')}
        rows={steps}
        keyOf={({ step }) => String(step)}
        columns={[
          { label: t('step'), cell: ({ step }) => step, isFigure: true },
          { label: t('kind'), cell: ({ action }) => <Badge kind="reminder" value={action} /> },
          { label: t('state'), cell: ({ state }) => <Badge kind="reminderState" value={state} /> },
          { label: t('when'), cell: ({ sentAtMs, takenAtMs }) => <Time ms={sentAtMs ?? takenAtMs} /> },
        ]}
      />
    </section>
  );
}

const MONTH_MS = 31 * 86_400_000;
type Statement = {
  readonly opening: Amount;
  readonly closing: Amount;
  readonly sums: readonly { kind: string; count: number; amount: Amount }[];
};

/** What became of an account's money in a time: opening + sums = closing. */
export function StatementPanel({ accountId }: { accountId: string }): ReactNode {
  const { t, wordOf } = useWords();
  const [until] = useState(nowMs);
  const statement = useAnswer<Statement>(`/accounts/${accountId}/statement`, {
    from: until - MONTH_MS,
    until,
  });
  return (
    <section className="sheet">
      <h2>{t('statement')}</h2>
      <Loaded of={statement}>
        {({ opening, sums, closing }) => (
          <Facts
            of={[
              [t('opening'), <Money key="o" of={opening} />],
              ...sums.map(
                ({ kind, count, amount }) =>
                  [`${wordOf('entry', kind)} (${count})`, <Money key={kind} of={amount} />] as const,
              ),
              [
                t('closing'),
                <strong key="c">
                  <Money of={closing} />
                </strong>,
              ],
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}
