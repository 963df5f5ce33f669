import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useMay } from '../api/session';
import type { Money as Amount } from '../api/types';
import { InvoicesPanel } from '../panels/invoices';
import { PaymentsPanel } from '../panels/money';
import { useWords } from '../strings/words';
import { Filters, useFilters } from '../ui/filters';
import { Action, type FieldSpec } from '../ui/form';
import { Badge, Money, Time } from '../ui/format';
import { Empty, PageHead } from '../ui/states';
import { ListTable } from '../ui/table';
import { DetailText } from './house';

/** The way to an account. */
export function AccountLink({ id }: { id: string | null }): ReactNode {
  return id === null ? '–' : <Link href={`/accounts/${id}`}>{id.slice(-12)}</Link>;
}

export function InvoicesPage(): ReactNode {
  const { t } = useWords();
  const fields: readonly FieldSpec[] = [
    { name: 'period', label: t('period'), help: t('period.help') },
    { name: 'accountId', label: t('accountId') },
  ];
  const { period, accountId } = useFilters(fields);
  return (
    <>
      <PageHead title={t('nav.invoices')} />
      <Filters fields={fields} />
      {accountId ? (
        <InvoicesPanel accountId={accountId} period={period} />
      ) : (
        <InvoicesPanel period={period} />
      )}
    </>
  );
}

type Quarantined = {
  readonly id: string;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly state: string;
  readonly raisedAtMs: number;
  readonly closedNote: string | null;
};
type Dispute = {
  readonly id: string;
  readonly accountId: string;
  readonly amount: Amount;
  readonly state: string;
  readonly frozen: Amount | null;
  readonly taken: Amount | null;
  readonly openedAtMs: number;
};
type Transfer = {
  readonly id: string;
  readonly amount: Amount;
  readonly remittance: string;
  readonly payer: string;
  readonly accountId: string | null;
  readonly state: string;
  readonly receivedAtMs: number;
};

/** Payments, what does not fit, disputes, and what the bank booked. */
export function PaymentsPage(): ReactNode {
  const { t, wordOf } = useWords();
  const fields: readonly FieldSpec[] = [
    {
      name: 'state',
      label: t('state'),
      kind: 'choice',
      choices: ['open', 'succeeded', 'failed', 'expired'].map((one) => [one, wordOf('paymentState', one)]),
    },
  ];
  const { state } = useFilters(fields);
  return (
    <>
      <PageHead title={t('nav.payments')} />
      <Filters fields={fields} />
      <PaymentsPanel state={state} />
      <Transfers />
      <Quarantine />
      <Disputes />
    </>
  );
}

function Transfers(): ReactNode {
  const { t } = useWords();
  const may = useMay();
  return (
    <section className="stack">
      <div className="row spread">
        <h2>{t('bankTransfers')}</h2>
        {may('ledger:write') && (
          <Action
            label={t('bankTransfers.add')}
            says={t('bankTransfers.says')}
            fields={[
              { name: 'bankId', label: t('bankId'), isRequired: true },
              { name: 'amount', label: t('amount'), isRequired: true },
              { name: 'currency', label: t('currency'), isRequired: true, value: 'EUR' },
              { name: 'remittance', label: t('remittance') },
              { name: 'payer', label: t('payer') },
              { name: 'receivedAt', label: t('received'), kind: 'time', isRequired: true },
            ]}
            wish={(body) => ({ path: '/bank-transfers', method: 'POST', body })}
          />
        )}
      </div>
      <ListTable<Transfer>
        name={t('bankTransfers')}
        path="/bank-transfers"
        rows="transfers"
        pageBy="before"
        keyOf={({ id }) => id}
        empty={<Empty title={t('bankTransfers.none')} />}
        columns={[
          { label: t('when'), cell: ({ receivedAtMs }) => <Time ms={receivedAtMs} /> },
          { label: t('payer'), cell: ({ payer }) => <bdi dir="auto">{payer}</bdi> },
          { label: t('remittance'), cell: ({ remittance }) => <bdi dir="auto">{remittance}</bdi> },
          { label: t('account'), cell: ({ accountId }) => <AccountLink id={accountId} /> },
          { label: t('state'), cell: ({ state }) => <Badge kind="transferState" value={state} /> },
          { label: t('amount'), cell: ({ amount }) => <Money of={amount} />, isFigure: true },
          {
            label: t('actions'),
            cell: ({ id, state, accountId }) =>
              may('ledger:write') && (state === 'matched' || state === 'unmatched') ? (
                <div className="row">
                  <Action
                    label={t('confirm')}
                    fields={[
                      {
                        name: 'accountId',
                        label: t('accountId'),
                        value: accountId ?? '',
                        isRequired: accountId === null,
                      },
                      { name: 'exchangeRate', label: t('exchangeRate'), help: t('exchangeRate.help') },
                    ]}
                    wish={(body) => ({ path: `/bank-transfers/${id}/confirm`, method: 'POST', body })}
                    isTiny
                  />
                  <Action
                    label={t('reject')}
                    wish={() => ({ path: `/bank-transfers/${id}/reject`, method: 'POST', body: {} })}
                    isDangerous
                    isTiny
                  />
                </div>
              ) : (
                ''
              ),
          },
        ]}
      />
    </section>
  );
}

function Quarantine(): ReactNode {
  const { t } = useWords();
  const may = useMay();
  return (
    <section className="stack">
      <h2>{t('quarantine')}</h2>
      <ListTable<Quarantined>
        name={t('quarantine')}
        path="/payment-quarantine"
        rows="quarantined"
        pageBy="before"
        keyOf={({ id }) => id}
        empty={<Empty title={t('quarantine.none')} />}
        columns={[
          { label: t('when'), cell: ({ raisedAtMs }) => <Time ms={raisedAtMs} /> },
          { label: t('reason'), cell: ({ reason }) => reason },
          { label: t('facts'), cell: ({ details }) => <DetailText of={details} /> },
          {
            label: t('state'),
            cell: ({ state, closedNote }) => (
              <>
                <Badge kind="caseState" value={state} /> {closedNote}
              </>
            ),
          },
          {
            label: t('actions'),
            cell: ({ id, state }) =>
              state === 'open' && may('ledger:write') ? (
                <Action
                  label={t('close')}
                  fields={[{ name: 'note', label: t('foundOut'), kind: 'area', isRequired: true }]}
                  wish={(body) => ({ path: `/payment-quarantine/${id}/close`, method: 'POST', body })}
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

function Disputes(): ReactNode {
  const { t } = useWords();
  return (
    <section className="stack">
      <h2>{t('disputes')}</h2>
      <ListTable<Dispute>
        name={t('disputes')}
        path="/disputes"
        rows="disputes"
        keyOf={({ id }) => id}
        empty={<Empty title={t('disputes.none')} />}
        columns={[
          { label: t('when'), cell: ({ openedAtMs }) => <Time ms={openedAtMs} /> },
          { label: t('account'), cell: ({ accountId }) => <AccountLink id={accountId} /> },
          { label: t('state'), cell: ({ state }) => <Badge kind="disputeState" value={state} /> },
          { label: t('amount'), cell: ({ amount }) => <Money of={amount} />, isFigure: true },
          { label: t('frozen'), cell: ({ frozen }) => <Money of={frozen} />, isFigure: true },
          { label: t('taken'), cell: ({ taken }) => <Money of={taken} />, isFigure: true },
        ]}
      />
    </section>
  );
}
