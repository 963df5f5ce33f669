import type { ReactNode } from 'react';
import { useMay } from '../api/session';
import type { Money as Amount } from '../api/types';
import { useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Badge, Money, Time } from '../ui/format';
import { Empty, PageHead } from '../ui/states';
import { ListTable } from '../ui/table';
import { AccountLink } from './money';

type Adjustment = {
  readonly id: string;
  readonly accountId: string;
  readonly kind: string;
  readonly amount: Amount;
  readonly reason: string;
  readonly state: string;
  readonly askedBy: { id: string; name: string };
  readonly askedAtMs: number;
  readonly decidedBy: { name: string } | null;
};
type Proof = {
  readonly id: string;
  readonly provedAtMs: number;
  readonly transactions: number;
  readonly sealNumber: number;
  readonly sealHash: string;
  readonly faultCount: number;
};
type LedgerAccount = {
  readonly id: string;
  readonly kind: string;
  readonly balance: Amount;
  readonly held: Amount;
};

/** Corrections that wait for a second person, what every night proved, and the house's own accounts. */
export function LedgerPage(): ReactNode {
  const { t, wordOf } = useWords();
  const may = useMay();
  return (
    <>
      <PageHead title={t('nav.ledger')} says={t('ledger.says')} />
      <section className="stack">
        <h2>{t('adjustments')}</h2>
        <ListTable<Adjustment>
          name={t('adjustments')}
          path="/adjustments"
          rows="adjustments"
          pageBy="before"
          keyOf={({ id }) => id}
          empty={<Empty title={t('adjustments.none')} />}
          columns={[
            { label: t('when'), cell: ({ askedAtMs }) => <Time ms={askedAtMs} /> },
            { label: t('account'), cell: ({ accountId }) => <AccountLink id={accountId} /> },
            { label: t('kind'), cell: ({ kind }) => wordOf('entry', kind) },
            { label: t('reason'), cell: ({ reason }) => <bdi dir="auto">{reason}</bdi> },
            { label: t('askedBy'), cell: ({ askedBy }) => <bdi>{askedBy.name}</bdi> },
            {
              label: t('state'),
              cell: ({ state, decidedBy }) => (
                <>
                  <Badge kind="adjustmentState" value={state} /> <bdi>{decidedBy?.name}</bdi>
                </>
              ),
            },
            { label: t('amount'), cell: ({ amount }) => <Money of={amount} />, isFigure: true },
            {
              label: t('actions'),
              cell: ({ id, state }) =>
                state === 'waiting' ? (
                  <div className="row">
                    {may('ledger:approve') && (
                      <Action
                        label={t('approve')}
                        says={t('approve.says')}
                        wish={() => ({ path: `/adjustments/${id}/approve`, method: 'POST', body: {} })}
                        isTiny
                        isPrimary
                      />
                    )}
                    {may('ledger:write') && (
                      <Action
                        label={t('reject')}
                        wish={() => ({ path: `/adjustments/${id}/reject`, method: 'POST', body: {} })}
                        isDangerous
                        isTiny
                      />
                    )}
                  </div>
                ) : (
                  ''
                ),
            },
          ]}
        />
      </section>
      <section className="stack">
        <h2>{t('proofs')}</h2>
        <ListTable<Proof>
          name={t('proofs')}
          path="/ledger/proofs"
          rows="proofs"
          pageBy="before"
          limit={10}
          keyOf={({ id }) => id}
          empty={<Empty title={t('proofs.none')}>{t('proofs.none.says')}</Empty>}
          columns={[
            { label: t('when'), cell: ({ provedAtMs }) => <Time ms={provedAtMs} /> },
            {
              label: t('result'),
              cell: ({ faultCount }) => (
                <span className={`badge ${faultCount === 0 ? 'good' : 'bad'}`}>
                  {faultCount === 0 ? t('proofs.right') : t('proofs.faults', { n: faultCount })}
                </span>
              ),
            },
            { label: t('transactions'), cell: ({ transactions }) => transactions, isFigure: true },
            {
              label: t('seal'),
              cell: ({ sealNumber, sealHash }) => <code>{`${sealNumber} ${sealHash.slice(0, 16)}…`}</code>,
            },
          ]}
        />
      </section>
      <section className="stack">
        <h2>{t('ledgerAccounts')}</h2>
        <ListTable<LedgerAccount>
          name={t('ledgerAccounts')}
          path="/ledger/accounts"
          rows="accounts"
          pageBy="after"
          keyOf={({ id }) => id}
          columns={[
            { label: t('accountId'), cell: ({ id }) => <code>{id}</code> },
            { label: t('kind'), cell: ({ kind }) => wordOf('ledgerKind', kind) },
            { label: t('balance'), cell: ({ balance }) => <Money of={balance} />, isFigure: true },
            { label: t('held'), cell: ({ held }) => <Money of={held} />, isFigure: true },
          ]}
        />
      </section>
    </>
  );
}
