import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useSession } from '../api/session';
import type { Balance, Money as Amount } from '../api/types';
import { useEvents } from '../api/use-events';
import { CallSearch } from '../operator/calls';
import { StreamBadge } from '../operator/live';
import { NoticesPanel, PlanPanel } from '../panels/account';
import { InvoicesPanel, StatementPanel } from '../panels/invoices';
import { AutoRechargePanel, BalanceFigures, BalancePanel, BuyCredit, EntriesPanel } from '../panels/money';
import { CallerIdPanel, DevicesPanel, HandlingPanel, VoicemailPanel } from '../panels/reach';
import { RoomsPanel } from '../panels/rooms';
import { useWords } from '../strings/words';
import { Badge, Digits, Money, Since } from '../ui/format';
import { Empty, PageHead, Skeleton } from '../ui/states';
import { Table } from '../ui/table';

type OwnCall = {
  readonly callId: string;
  readonly direction: string | null;
  readonly fromNumber: string | null;
  readonly dialledNumber: string;
  readonly phase: string | null;
  readonly startedAtMs: number;
  readonly enteredAtMs: number | null;
  readonly pricePerMinute: Amount | null;
  readonly held: Amount | null;
  readonly charge: Amount | null;
};

type OwnLive = Pick<Balance, 'balance' | 'held' | 'creditLimit' | 'available'> & {
  readonly calls: readonly OwnCall[];
};

const HANDLERS = { state: (_: OwnLive | null, data: OwnLive) => data };

/** His own account; a page of a customer is shown to nobody without one. */
function OwnAccount({ children }: { children: (accountId: string) => ReactNode }): ReactNode {
  const { t } = useWords();
  const { accountId } = useSession();
  return accountId === null ? <Empty title={t('noAccount')} /> : children(accountId);
}

/** What he has, what he may spend, and what his calls cost at this moment. */
export function HomePage(): ReactNode {
  return <OwnAccount>{(accountId) => <Home accountId={accountId} />}</OwnAccount>;
}

function Home({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  const { person } = useSession();
  const { state, stream } = useEvents<OwnLive>(`/accounts/${accountId}/live`, HANDLERS);
  return (
    <>
      <PageHead title={t('home.hello', { name: person.name })} says={t('home.says')}>
        <StreamBadge stream={stream} />
        <Link className="button primary" href="/credit">
          {t('buyCredit')}
        </Link>
      </PageHead>
      {state ? (
        <>
          <BalanceFigures of={state} />
          <section className="stack">
            <h2>{t('live.calls')}</h2>
            {state.calls.length === 0 ? (
              <Empty title={t('home.noCalls')}>{t('home.noCalls.says')}</Empty>
            ) : (
              <Table
                name={t('live.calls')}
                rows={state.calls}
                keyOf={({ callId }) => callId}
                columns={[
                  { label: t('from'), cell: ({ fromNumber }) => <Digits>{fromNumber}</Digits> },
                  { label: t('dialled'), cell: ({ dialledNumber }) => <Digits>{dialledNumber}</Digits> },
                  { label: t('state'), cell: ({ phase }) => <Badge kind="phase" value={phase} /> },
                  {
                    label: t('length'),
                    cell: ({ enteredAtMs, startedAtMs }) => <Since ms={enteredAtMs ?? startedAtMs} />,
                    isFigure: true,
                  },
                  {
                    label: t('pricePerMinute'),
                    cell: ({ pricePerMinute }) => <Money of={pricePerMinute} />,
                    isFigure: true,
                  },
                  { label: t('costNow'), cell: ({ charge }) => <Money of={charge} />, isFigure: true },
                ]}
              />
            )}
          </section>
        </>
      ) : (
        <Skeleton />
      )}
      <section className="stack">
        <h2>{t('notices')}</h2>
        <NoticesPanel accountId={accountId} />
      </section>
    </>
  );
}

export function HistoryPage(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PageHead title={t('nav.history')} says={t('history.says')} />
      <OwnAccount>{(accountId) => <CallSearch accountId={accountId} />}</OwnAccount>
    </>
  );
}

export function CreditPage(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PageHead title={t('nav.credit')} />
      <OwnAccount>
        {(accountId) => (
          <>
            <BalancePanel accountId={accountId} />
            <div className="columns">
              <BuyCredit accountId={accountId} />
              <AutoRechargePanel accountId={accountId} />
            </div>
            <EntriesPanel accountId={accountId} />
          </>
        )}
      </OwnAccount>
    </>
  );
}

export function OwnInvoicesPage(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PageHead title={t('nav.invoices')} />
      <OwnAccount>
        {(accountId) => (
          <>
            <InvoicesPanel accountId={accountId} />
            <StatementPanel accountId={accountId} />
          </>
        )}
      </OwnAccount>
    </>
  );
}

export function OwnPlanPage(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PageHead title={t('nav.plan')} />
      <OwnAccount>{(accountId) => <PlanPanel accountId={accountId} />}</OwnAccount>
    </>
  );
}

export function OwnDevicesPage(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PageHead title={t('nav.devices')} says={t('devices.says')} />
      <OwnAccount>{(accountId) => <DevicesPanel accountId={accountId} />}</OwnAccount>
    </>
  );
}

export function OwnRoomsPage(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PageHead title={t('nav.rooms')} says={t('rooms.says')} />
      <OwnAccount>{(accountId) => <RoomsPanel accountId={accountId} />}</OwnAccount>
    </>
  );
}

export function MessagesPage(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PageHead title={t('nav.messages')} />
      <OwnAccount>{(accountId) => <VoicemailPanel accountId={accountId} />}</OwnAccount>
    </>
  );
}

export function OwnNumbersPage(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PageHead title={t('nav.callerId')} />
      <OwnAccount>
        {(accountId) => (
          <div className="columns">
            <CallerIdPanel accountId={accountId} />
            <HandlingPanel accountId={accountId} />
          </div>
        )}
      </OwnAccount>
    </>
  );
}
