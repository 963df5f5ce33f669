import type { ReactNode } from 'react';
import { useMay } from '../api/session';
import type { Money as Amount } from '../api/types';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Badge, Money, Time } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead } from '../ui/states';
import { ListTable, Table } from '../ui/table';

type Batch = {
  readonly id: string;
  readonly label: string;
  readonly amount: Amount;
  readonly voucherCount: number;
  readonly redeemedCount: number;
  readonly expiresAtMs: number;
  readonly endedBecause: string | null;
};

export function VouchersPage(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PageHead title={t('nav.vouchers')} says={t('vouchers.says')}>
        <Action<{ codes: readonly string[] | null }>
          label={t('vouchers.add')}
          fields={[
            { name: 'label', label: t('name'), isRequired: true },
            { name: 'currency', label: t('currency'), isRequired: true, value: 'EUR' },
            { name: 'amount', label: t('amount'), isRequired: true },
            { name: 'count', label: t('quantity'), kind: 'number', isRequired: true, value: 10 },
            { name: 'expiresAt', label: t('expires'), kind: 'time', isRequired: true },
          ]}
          wish={(body) => ({ path: '/voucher-batches', method: 'POST', body })}
          result={({ codes }) => (
            <div className="stack">
              <p className="note warn">{t('toldOnce')}</p>
              <textarea
                readOnly
                aria-label={t('nav.vouchers')}
                value={codes?.join('\n') ?? t('toldAlready')}
                rows={8}
              />
            </div>
          )}
          isPrimary
        />
      </PageHead>
      <ListTable<Batch>
        name={t('nav.vouchers')}
        path="/voucher-batches"
        rows="batches"
        pageBy="after"
        keyOf={({ id }) => id}
        empty={<Empty title={t('vouchers.none')}>{t('vouchers.none.says')}</Empty>}
        columns={[
          { label: t('name'), cell: ({ label }) => <bdi dir="auto">{label}</bdi> },
          { label: t('amount'), cell: ({ amount }) => <Money of={amount} />, isFigure: true },
          {
            label: t('redeemed'),
            cell: ({ redeemedCount, voucherCount }) => `${redeemedCount}/${voucherCount}`,
            isFigure: true,
          },
          { label: t('expires'), cell: ({ expiresAtMs }) => <Time ms={expiresAtMs} only="date" /> },
          {
            label: t('state'),
            cell: ({ endedBecause }) => <Badge kind="batchState" value={endedBecause ?? 'active'} />,
          },
          {
            label: t('actions'),
            cell: ({ id, endedBecause }) =>
              endedBecause ? (
                ''
              ) : (
                <Action
                  label={t('vouchers.cancel')}
                  says={t('vouchers.cancel.says')}
                  wish={() => ({ path: `/voucher-batches/${id}/cancel`, method: 'POST', body: {} })}
                  isDangerous
                  isTiny
                />
              ),
          },
        ]}
      />
    </>
  );
}

type Plan = {
  readonly id: string;
  readonly name: string;
  readonly monthlyFee: Amount;
  readonly trialDays: number;
  readonly included: { seconds: number; prefixes: readonly string[] } | null;
  readonly state: string;
};

export function PlansPage(): ReactNode {
  const { t } = useWords();
  const may = useMay();
  const plans = useAnswer<{ plans: readonly Plan[] }>('/plans');
  return (
    <>
      <PageHead title={t('nav.plans')} says={t('plans.says')}>
        {may('plans:write') && (
          <Action
            label={t('plans.add')}
            fields={[
              { name: 'name', label: t('name'), isRequired: true },
              { name: 'currency', label: t('currency'), isRequired: true, value: 'EUR' },
              { name: 'monthlyFee', label: t('monthlyFee'), isRequired: true },
              { name: 'trialDays', label: t('trialDays'), kind: 'number' },
              { name: 'included.name', label: t('included.name'), help: t('included.help') },
              { name: 'included.seconds', label: t('included.seconds'), kind: 'number' },
              { name: 'included.prefixes', label: t('included.prefixes'), kind: 'list' },
            ]}
            wish={(body) => ({ path: '/plans', method: 'POST', body })}
            isPrimary
          />
        )}
      </PageHead>
      <Loaded of={plans}>
        {({ plans }) =>
          plans.length === 0 ? (
            <Empty title={t('plans.none')} />
          ) : (
            <Table
              name={t('nav.plans')}
              rows={plans}
              keyOf={({ id }) => id}
              columns={[
                { label: t('name'), cell: ({ name }) => <bdi dir="auto">{name}</bdi> },
                { label: t('state'), cell: ({ state }) => <Badge kind="planState" value={state} /> },
                {
                  label: t('monthlyFee'),
                  cell: ({ monthlyFee }) => <Money of={monthlyFee} />,
                  isFigure: true,
                },
                { label: t('trialDays'), cell: ({ trialDays }) => trialDays, isFigure: true },
                {
                  label: t('minutes'),
                  cell: ({ included }) => (included ? Math.floor(included.seconds / 60) : ''),
                  isFigure: true,
                },
                {
                  label: t('actions'),
                  cell: ({ id, state }) =>
                    state === 'active' && may('plans:write') ? (
                      <Action
                        label={t('withdraw')}
                        says={t('withdraw.says')}
                        wish={() => ({ path: `/plans/${id}/withdraw`, method: 'POST', body: {} })}
                        isDangerous
                        isTiny
                      />
                    ) : (
                      ''
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </>
  );
}

type ReminderStep = {
  readonly days: number;
  readonly action: string;
  readonly byCall?: boolean;
  readonly chargesLateFee?: boolean;
};
type ReminderPlan = {
  readonly id: string | null;
  readonly name: string;
  readonly steps: readonly ReminderStep[];
  readonly quietFromHour: number;
  readonly quietUntilHour: number;
};

/** The ladder of reminders: what happens how many days around the due date. */
export function RemindersPage(): ReactNode {
  const { t } = useWords();
  const plans = useAnswer<{ plans: readonly ReminderPlan[] }>('/reminder-plans');
  return (
    <>
      <PageHead title={t('nav.reminders')} says={t('reminders.says')} />
      <Loaded of={plans}>
        {({ plans }) => (
          <div className="columns">
            {plans.map((plan) => (
              <section className="sheet" key={plan.id ?? ''}>
                <h2 dir="auto">{plan.name}</h2>
                {plan.id === null && <p className="soft small">{t('reminders.default')}</p>}
                <ol className="stack-small">
                  {plan.steps.map((step) => (
                    <li key={step.days} className="row spread">
                      <span>
                        {t(
                          step.days < 0
                            ? 'reminders.before'
                            : step.days === 0
                              ? 'reminders.on'
                              : 'reminders.after',
                          {
                            n: Math.abs(step.days),
                          },
                        )}
                      </span>
                      <span className="row">
                        <Badge kind="reminder" value={step.action} />
                        {step.byCall && <span className="badge">{t('byCall')}</span>}
                        {step.chargesLateFee && <span className="badge warn">{t('lateFee')}</span>}
                      </span>
                    </li>
                  ))}
                </ol>
                <p className="small soft">
                  {t('quietHours', { from: plan.quietFromHour, until: plan.quietUntilHour })}
                </p>
              </section>
            ))}
          </div>
        )}
      </Loaded>
    </>
  );
}
