import type { ReactNode } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { useMay } from '../api/session';
import type { Account, Deck } from '../api/types';
import { useAnswer } from '../api/use-api';
import { CapsPanel, LimitsPanel, NoticesPanel, PlanPanel, ProfilePanel } from '../panels/account';
import { InvoicesPanel, StatementPanel } from '../panels/invoices';
import { AutoRechargePanel, BalancePanel, EntriesPanel, PaymentsPanel } from '../panels/money';
import { CallerIdPanel, DevicesPanel, HandlingPanel, VoicemailPanel } from '../panels/reach';
import { RoomsPanel } from '../panels/rooms';
import { isLanguage, LANGUAGE_NAMES, LANGUAGES, useWords, type WordKey } from '../strings/words';
import { useCountries } from '../ui/countries';
import { Filters, useFilters } from '../ui/filters';
import { Action } from '../ui/form';
import { Badge, Time } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead } from '../ui/states';
import { Facts, ListTable } from '../ui/table';
import { CallSearch } from './calls';

/** Customers: their accounts in the order they were made. */
export function AccountsPage(): ReactNode {
  const { t } = useWords();
  const may = useMay();
  const fields = [{ name: 'search', label: t('name') }];
  const filter = useFilters(fields);
  return (
    <>
      <PageHead title={t('nav.accounts')} says={t('accounts.says')}>
        {may('accounts:write') && <AddAccount />}
      </PageHead>
      <Filters fields={fields} />
      <ListTable<Account>
        name={t('nav.accounts')}
        path="/accounts"
        rows="accounts"
        query={filter}
        pageBy="after"
        keyOf={({ id }) => id}
        href={({ id }) => `/accounts/${id}`}
        empty={<Empty title={t('accounts.none')}>{t('accounts.none.says')}</Empty>}
        columns={[
          { label: t('name'), cell: ({ name }) => <bdi dir="auto">{name}</bdi> },
          { label: t('state'), cell: ({ state }) => <Badge kind="accountState" value={state} /> },
          { label: t('currency'), cell: ({ currency }) => currency },
          { label: t('country'), cell: ({ country }) => country ?? '–' },
          { label: t('made'), cell: ({ createdAtMs }) => <Time ms={createdAtMs} only="date" /> },
        ]}
      />
    </>
  );
}

function AddAccount(): ReactNode {
  const { t } = useWords();
  const countries = useCountries();
  const [, go] = useLocation();
  const decks = useAnswer<{ decks: readonly Deck[] }>('/decks', { limit: 200 });
  return (
    <Action<Account>
      label={t('accounts.add')}
      fields={[
        { name: 'name', label: t('name'), isRequired: true },
        { name: 'currency', label: t('currency'), isRequired: true, value: 'EUR' },
        {
          name: 'deckId',
          label: t('working.deckId'),
          kind: 'choice',
          choices: [['', '–'], ...(decks.data?.decks ?? []).map(({ id, name }) => [id, name] as const)],
        },
        { name: 'country', label: t('country'), kind: 'choice', choices: [['', '–'], ...countries] },
        {
          name: 'language',
          label: t('language'),
          kind: 'choice',
          choices: [['', '–'], ...LANGUAGES.map((one) => [one, LANGUAGE_NAMES[one]] as const)],
        },
        { name: 'creditLimit', label: t('creditLimit'), help: t('creditLimit.help') },
      ]}
      wish={(body) => ({ path: '/accounts', method: 'POST', body })}
      onDone={({ id }) => go(`/accounts/${id}`)}
      isPrimary
    />
  );
}

const TABS: readonly (readonly [tab: string, word: WordKey, panel: (account: Account) => ReactNode])[] = [
  ['overview', 'nav.home', (account) => <Overview account={account} />],
  ['calls', 'nav.calls', ({ id }) => <CallSearch accountId={id} />],
  ['money', 'money', ({ id }) => <MoneyTab accountId={id} />],
  ['invoices', 'nav.invoices', ({ id }) => <InvoicesTab accountId={id} />],
  ['plan', 'nav.plan', ({ id }) => <PlanPanel accountId={id} />],
  ['devices', 'nav.devices', ({ id }) => <ReachTab accountId={id} />],
  ['rooms', 'nav.rooms', ({ id }) => <RoomsPanel accountId={id} />],
  ['limits', 'limits', ({ id }) => <LimitsTab accountId={id} />],
  ['notices', 'notices', ({ id }) => <NoticesPanel accountId={id} />],
];

/** One customer: everything of his account. */
export function AccountPage({ accountId = '' }: { accountId?: string }): ReactNode {
  const { t } = useWords();
  const [parameters] = useSearchParams();
  const [location] = useLocation();
  const account = useAnswer<Account>(`/accounts/${accountId}`);
  const tab = TABS.find(([name]) => name === parameters.get('tab')) ?? TABS[0];
  return (
    <Loaded of={account}>
      {(found) => (
        <>
          <PageHead title={found.name} says={<Badge kind="accountState" value={found.state} />}>
            <AccountActions account={found} />
          </PageHead>
          <nav className="tabs" aria-label={found.name}>
            {TABS.map(([name, word]) => (
              <Link
                key={name}
                href={`${location}?tab=${name}`}
                aria-current={name === tab?.[0] ? 'page' : undefined}
              >
                {t(word)}
              </Link>
            ))}
          </nav>
          {tab?.[2](found)}
        </>
      )}
    </Loaded>
  );
}

function AccountActions({ account }: { account: Account }): ReactNode {
  const { t, wordOf } = useWords();
  const may = useMay();
  const path = `/accounts/${account.id}`;
  return (
    <>
      {may('ledger:write') && (
        <>
          <Action
            label={t('topUp')}
            fields={[
              { name: 'amount', label: t('amount'), isRequired: true },
              { name: 'reference', label: t('reference'), isRequired: true, help: t('topUp.reference') },
            ]}
            wish={(body) => ({ path: `${path}/top-ups`, method: 'POST', body })}
          />
          <Action
            label={t('adjust')}
            says={t('adjust.says')}
            fields={[
              {
                name: 'kind',
                label: t('kind'),
                kind: 'choice',
                choices: ['adjustment', 'write-off'].map((one) => [one, wordOf('entry', one)]),
              },
              { name: 'amount', label: t('amount'), isRequired: true },
              { name: 'reason', label: t('reason'), kind: 'area', isRequired: true },
            ]}
            wish={(body) => ({ path: `${path}/adjustments`, method: 'POST', body })}
          />
        </>
      )}
      {may('accounts:write') && (
        <Action
          label={t('setState')}
          says={t('setState.says')}
          fields={[
            {
              name: 'state',
              label: t('state'),
              kind: 'choice',
              choices: ['active', 'limited', 'suspended', 'closed'].map((one) => [
                one,
                wordOf('accountState', one),
              ]),
              value: account.state,
            },
          ]}
          wish={(body) => ({ path: `${path}/state`, method: 'POST', body })}
          isDangerous
        />
      )}
    </>
  );
}

function Overview({ account }: { account: Account }): ReactNode {
  const { t } = useWords();
  return (
    <div className="stack">
      <BalancePanel accountId={account.id} />
      <div className="columns">
        <section className="sheet">
          <h2>{t('facts')}</h2>
          <Facts
            of={[
              [t('accountId'), <code key="i">{account.id}</code>],
              [t('currency'), account.currency],
              [t('country'), account.country],
              [
                t('language'),
                isLanguage(account.language) ? LANGUAGE_NAMES[account.language] : account.language,
              ],
              [
                t('working.deckId'),
                account.deckId && (
                  <Link key="d" href={`/decks/${account.deckId}`}>
                    {account.deckId}
                  </Link>
                ),
              ],
              [t('made'), <Time key="m" ms={account.createdAtMs} />],
            ]}
          />
        </section>
        <ProfilePanel accountId={account.id} />
      </div>
    </div>
  );
}

function MoneyTab({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  return (
    <div className="stack">
      <BalancePanel accountId={accountId} />
      <EntriesPanel accountId={accountId} />
      <section className="stack">
        <h2>{t('nav.payments')}</h2>
        <PaymentsPanel accountId={accountId} />
      </section>
      <AutoRechargePanel accountId={accountId} />
    </div>
  );
}

function InvoicesTab({ accountId }: { accountId: string }): ReactNode {
  return (
    <div className="stack">
      <InvoicesPanel accountId={accountId} />
      <StatementPanel accountId={accountId} />
    </div>
  );
}

function ReachTab({ accountId }: { accountId: string }): ReactNode {
  return (
    <div className="stack">
      <DevicesPanel accountId={accountId} />
      <div className="columns">
        <HandlingPanel accountId={accountId} />
        <CallerIdPanel accountId={accountId} />
      </div>
      <VoicemailPanel accountId={accountId} />
    </div>
  );
}

function LimitsTab({ accountId }: { accountId: string }): ReactNode {
  return (
    <div className="columns">
      <LimitsPanel accountId={accountId} />
      <CapsPanel accountId={accountId} />
    </div>
  );
}
