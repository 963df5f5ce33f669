import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useMay } from '../api/session';
import type { Balance, Money as Amount } from '../api/types';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Badge, decimalOf, Money, Time } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty } from '../ui/states';
import { Facts, ListTable } from '../ui/table';

export type Entry = {
  readonly transactionId: string;
  readonly lineNumber: number;
  readonly kind: string;
  readonly note: string;
  readonly amount: Amount;
  readonly postedAtMs: number;
};

/** What an account has, what running calls hold of it, and what it may still spend. */
export function BalanceFigures({
  of,
}: {
  of: Pick<Balance, 'balance' | 'held' | 'creditLimit' | 'available'>;
}): ReactNode {
  const { t } = useWords();
  const figures = [
    [t('available'), of.available],
    [t('held'), of.held],
    [t('balance'), of.balance],
    [t('creditLimit'), of.creditLimit],
  ] as const;
  return (
    <dl className="figures">
      {figures.map(([label, amount]) => (
        <div className="figure" key={label}>
          <dt className="small soft">{label}</dt>
          <dd>
            <Money of={amount} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function BalancePanel({ accountId }: { accountId: string }): ReactNode {
  const balance = useAnswer<Balance>(`/accounts/${accountId}/balance`, {}, { everyMs: 10_000 });
  return <Loaded of={balance}>{(found) => <BalanceFigures of={found} />}</Loaded>;
}

/** What was posted to an account, the newest first. */
export function EntriesPanel({ accountId }: { accountId: string }): ReactNode {
  const { t, wordOf } = useWords();
  return (
    <section className="stack">
      <h2>{t('entries')}</h2>
      <ListTable<Entry>
        name={t('entries')}
        path={`/accounts/${accountId}/entries`}
        rows="entries"
        keyOf={({ transactionId, lineNumber }) => `${transactionId} ${lineNumber}`}
        empty={<Empty title={t('entries.none')}>{t('entries.none.says')}</Empty>}
        columns={[
          { label: t('when'), cell: ({ postedAtMs }) => <Time ms={postedAtMs} /> },
          { label: t('kind'), cell: ({ kind }) => wordOf('entry', kind) },
          { label: t('note'), cell: ({ note }) => <Note text={note} /> },
          { label: t('amount'), cell: ({ amount }) => <Money of={amount} />, isFigure: true },
        ]}
      />
    </section>
  );
}

/** A note of the ledger; that of a call leads to it. */
export function Note({ text }: { text: string }): ReactNode {
  const { wordOf } = useWords();
  const cdrId = /^call ([0-9a-f-]{36})$/.exec(text)?.[1];
  if (cdrId)
    return <Link href={`/calls/${cdrId}`}>{`${wordOf('entry', 'call-charge')} …${cdrId.slice(-8)}`}</Link>;
  return <bdi dir="auto">{text}</bdi>;
}

type Payment = {
  readonly id: string;
  readonly accountId: string;
  readonly origin: string;
  readonly bankReference: string | null;
  readonly amount: Amount;
  readonly state: string;
  readonly received: Amount | null;
  readonly returned: Amount | null;
  readonly failure: string | null;
  readonly madeAtMs: number;
};

/** Payments, of one account or of all. */
export function PaymentsPanel({
  accountId,
  state,
}: {
  accountId?: string;
  state?: string | undefined;
}): ReactNode {
  const { t } = useWords();
  const may = useMay();
  return (
    <ListTable<Payment>
      name={t('nav.payments')}
      path="/payments"
      rows="payments"
      query={{ account: accountId, state }}
      pageBy="before"
      keyOf={({ id }) => id}
      empty={<Empty title={t('payments.none')}>{t('payments.none.says')}</Empty>}
      columns={[
        { label: t('when'), cell: ({ madeAtMs }) => <Time ms={madeAtMs} /> },
        { label: t('kind'), cell: ({ origin }) => <Badge kind="origin" value={origin} /> },
        {
          label: t('state'),
          cell: ({ state, failure }) => (
            <>
              <Badge kind="paymentState" value={state} /> {failure}
            </>
          ),
        },
        ...(accountId === undefined
          ? [
              {
                label: t('account'),
                cell: (payment: Payment) => (
                  <Link href={`/accounts/${payment.accountId}`}>{payment.accountId.slice(-12)}</Link>
                ),
              },
            ]
          : []),
        {
          label: t('reference'),
          cell: ({ bankReference }) => (bankReference ? <code>{bankReference}</code> : ''),
        },
        { label: t('amount'), cell: ({ amount }) => <Money of={amount} />, isFigure: true },
        { label: t('received'), cell: ({ received }) => <Money of={received} />, isFigure: true },
        ...(may('ledger:write')
          ? [
              {
                label: t('actions'),
                cell: ({ id, state }: Payment) =>
                  state === 'succeeded' ? (
                    <Action
                      label={t('payBack')}
                      fields={[
                        { name: 'amount', label: t('amount'), isRequired: true },
                        { name: 'reason', label: t('reason'), isRequired: true },
                      ]}
                      wish={(body) => ({ path: `/payments/${id}/refunds`, method: 'POST', body })}
                      isTiny
                    />
                  ) : (
                    ''
                  ),
              },
            ]
          : []),
      ]}
    />
  );
}

/** Buys credit: by card, by voucher, or by bank transfer, as the house offers. */
export function BuyCredit({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  const options =
    useAnswer<
      Readonly<Record<'card' | 'voucher' | 'bankTransfer', { offered: boolean; says: string | null }>>
    >('/payment-options');
  return (
    <section className="sheet">
      <h2>{t('buyCredit')}</h2>
      <Loaded of={options}>
        {({ card, voucher, bankTransfer }) => (
          <div className="row">
            {card.offered && (
              <Action<{ url: string }>
                label={t('payByCard')}
                fields={[
                  { name: 'amount', label: t('amount'), isRequired: true, value: '20' },
                  { name: 'saveMethod', label: t('saveMethod'), kind: 'check' },
                ]}
                wish={(body) => ({ path: `/accounts/${accountId}/checkouts`, method: 'POST', body })}
                onDone={({ url }) => window.location.assign(url)}
                isPrimary
              />
            )}
            {voucher.offered && (
              <Action<{ amount: Amount }>
                label={t('redeemVoucher')}
                fields={[{ name: 'code', label: t('voucherCode'), isRequired: true, kind: 'code' }]}
                wish={(body) => ({
                  path: `/accounts/${accountId}/voucher-redemptions`,
                  method: 'POST',
                  body,
                })}
                result={({ amount }) => (
                  <p className="note">{t('voucher.redeemed', { amount: amount.text })}</p>
                )}
                isPrimary={!card.offered}
              />
            )}
            {bankTransfer.offered && (
              <Action<{ reference: string; payTo: string }>
                label={t('payByBank')}
                fields={[{ name: 'amount', label: t('amount'), isRequired: true }]}
                wish={(body) => ({ path: `/accounts/${accountId}/bank-payments`, method: 'POST', body })}
                result={({ reference, payTo }) => (
                  <div className="note">
                    <span>{t('payByBank.says')}</span>
                    <span className="secret">{reference}</span>
                    <span dir="auto">{payTo}</span>
                  </div>
                )}
              />
            )}
          </div>
        )}
      </Loaded>
    </section>
  );
}

type AutoRecharge = {
  readonly autoRecharge: {
    readonly enabled: boolean;
    readonly threshold: Amount;
    readonly amount: Amount;
    readonly mostADay: number;
    readonly mostADayAmount: Amount;
    readonly failures: number;
  } | null;
  readonly method: string | null;
};

/** How an account recharges by itself. */
export function AutoRechargePanel({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  const path = `/accounts/${accountId}/auto-recharge`;
  const found = useAnswer<AutoRecharge>(path);
  return (
    <section className="sheet">
      <h2>{t('autoRecharge')}</h2>
      <Loaded of={found}>
        {({ autoRecharge, method }) => (
          <>
            <Facts
              of={[
                [t('state'), autoRecharge?.enabled ? t('on') : t('off')],
                [t('paymentMethod'), method ?? t('paymentMethod.none')],
                autoRecharge && [t('threshold'), <Money key="t" of={autoRecharge.threshold} />],
                autoRecharge && [t('amount'), <Money key="a" of={autoRecharge.amount} />],
                autoRecharge && [t('mostADay'), autoRecharge.mostADay],
              ]}
            />
            <div className="row">
              <Action
                label={t('change')}
                title={t('autoRecharge')}
                says={t('autoRecharge.says')}
                fields={[
                  { name: 'enabled', label: t('on'), kind: 'check', value: autoRecharge?.enabled ?? true },
                  {
                    name: 'threshold',
                    label: t('threshold'),
                    isRequired: true,
                    value: decimalOf(autoRecharge?.threshold) || '5',
                  },
                  {
                    name: 'amount',
                    label: t('amount'),
                    isRequired: true,
                    value: decimalOf(autoRecharge?.amount) || '20',
                  },
                  {
                    name: 'mostADay',
                    label: t('mostADay'),
                    kind: 'number',
                    isRequired: true,
                    value: autoRecharge?.mostADay ?? 3,
                  },
                  {
                    name: 'mostADayAmount',
                    label: t('mostADayAmount'),
                    isRequired: true,
                    value: decimalOf(autoRecharge?.mostADayAmount) || '60',
                  },
                ]}
                wish={(body) => ({ path, method: 'PATCH', body })}
                done={t('saved')}
              />
              {method && (
                <Action
                  label={t('forgetMethod')}
                  says={t('forgetMethod.says')}
                  wish={() => ({ path: `/accounts/${accountId}/payment-method`, method: 'DELETE' })}
                  isDangerous
                />
              )}
            </div>
          </>
        )}
      </Loaded>
    </section>
  );
}
