import type { ReactNode } from 'react';
import type { Money as Amount } from '../api/types';
import { useMay } from '../api/session';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { useCountries } from '../ui/countries';
import { Action } from '../ui/form';
import { Badge, decimalOf, Money, Time, YesNo } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty } from '../ui/states';
import { Facts, ListTable, Table } from '../ui/table';

type Profile = Readonly<
  Record<
    | 'companyName'
    | 'street'
    | 'postalCode'
    | 'city'
    | 'region'
    | 'country'
    | 'vatNumber'
    | 'mail'
    | 'phone'
    | 'timeZone',
    string | null
  >
> & { readonly wantsReminderCalls: boolean };

/** Who is billed, where mail goes, and the zone that times are shown in. */
export function ProfilePanel({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  const countries = useCountries();
  const path = `/accounts/${accountId}/billing-profile`;
  const profile = useAnswer<Profile>(path);
  const names = ['companyName', 'street', 'postalCode', 'city', 'region', 'vatNumber'] as const;
  return (
    <section className="sheet">
      <h2>{t('billingProfile')}</h2>
      <Loaded of={profile}>
        {(found) => (
          <>
            <Facts
              of={[
                ...names.map((name) => [t(`profile.${name}`), found[name]] as const),
                [t('country'), found.country],
                [t('mail'), found.mail],
                [t('phone'), found.phone],
                [t('timeZone'), found.timeZone],
                [t('wantsReminderCalls'), <YesNo key="w" value={found.wantsReminderCalls} />],
              ]}
            />
            <div>
              <Action
                label={t('change')}
                title={t('billingProfile')}
                fields={[
                  ...names.map((name) => ({
                    name,
                    label: t(`profile.${name}`),
                    value: found[name],
                    canBeNull: true,
                  })),
                  {
                    name: 'country',
                    label: t('country'),
                    kind: 'choice',
                    choices: [['', '–'], ...countries],
                    value: found.country,
                    canBeNull: true,
                  },
                  { name: 'mail', label: t('mail'), kind: 'mail', value: found.mail, canBeNull: true },
                  { name: 'phone', label: t('phone'), kind: 'tel', value: found.phone, canBeNull: true },
                  {
                    name: 'timeZone',
                    label: t('timeZone'),
                    kind: 'choice',
                    choices: [
                      ['', '–'],
                      ...Intl.supportedValuesOf('timeZone').map((zone) => [zone, zone] as const),
                    ],
                    value: found.timeZone,
                    canBeNull: true,
                  },
                  {
                    name: 'wantsReminderCalls',
                    label: t('wantsReminderCalls'),
                    kind: 'check',
                    value: found.wantsReminderCalls,
                  },
                ]}
                wish={(body) => ({ path, method: 'PATCH', body })}
                done={t('saved')}
              />
            </div>
          </>
        )}
      </Loaded>
    </section>
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
type Subscription = {
  readonly id: string;
  readonly planId: string;
  readonly startsAtMs: number;
  readonly trialUntilMs: number | null;
  readonly endsAtMs: number | null;
};
type Bundle = {
  readonly id: string;
  readonly name: string;
  readonly secondsPerPeriod: number;
  readonly usedSeconds: number;
  readonly heldSeconds: number;
  readonly validUntilMs: number;
};

/** The plan of an account, its included minutes, and what else there is. */
export function PlanPanel({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  const base = `/accounts/${accountId}/plans`;
  const plans = useAnswer<{ plans: readonly Plan[] }>('/plans');
  const own = useAnswer<{ subscriptions: readonly Subscription[] }>(base);
  const bundles = useAnswer<{ bundles: readonly Bundle[] }>(`/accounts/${accountId}/bundles`);
  const offered = (plans.data?.plans ?? []).filter(({ state }) => state === 'active');
  const running = own.data?.subscriptions.find(({ endsAtMs }) => endsAtMs === null);
  const nameOf = (id: string) => plans.data?.plans.find((plan) => plan.id === id)?.name ?? id;
  const choices = offered.map((plan) => [plan.id, `${plan.name} · ${plan.monthlyFee.text}`] as const);
  return (
    <section className="stack">
      <div className="row spread">
        <h2>{t('nav.plan')}</h2>
        <div className="row">
          {offered.length > 0 && (
            <Action
              label={running ? t('plans.change') : t('plans.begin')}
              says={running ? t('plans.change.says') : undefined}
              fields={[
                { name: 'planId', label: t('nav.plan'), kind: 'choice', choices },
                ...(running ? [] : [{ name: 'trial', label: t('trial'), kind: 'check' as const }]),
              ]}
              wish={(body) => ({ path: running ? `${base}/change` : base, method: 'POST', body })}
              isPrimary
            />
          )}
          {running && (
            <Action
              label={t('plans.end')}
              says={t('plans.end.says')}
              wish={() => ({ path: `${base}/cancel`, method: 'POST', body: {} })}
              isDangerous
            />
          )}
        </div>
      </div>
      <Loaded of={own}>
        {({ subscriptions }) =>
          subscriptions.length === 0 ? (
            <Empty title={t('plans.noneChosen')}>
              {offered.length === 0 ? t('plans.none') : t('plans.noneChosen.says')}
            </Empty>
          ) : (
            <Table
              name={t('nav.plan')}
              rows={subscriptions}
              keyOf={({ id }) => id}
              columns={[
                { label: t('name'), cell: ({ planId }) => <bdi dir="auto">{nameOf(planId)}</bdi> },
                { label: t('startedAt'), cell: ({ startsAtMs }) => <Time ms={startsAtMs} only="date" /> },
                {
                  label: t('trialUntil'),
                  cell: ({ trialUntilMs }) => <Time ms={trialUntilMs} only="date" />,
                },
                { label: t('endedAt'), cell: ({ endsAtMs }) => <Time ms={endsAtMs} only="date" /> },
              ]}
            />
          )
        }
      </Loaded>
      {(bundles.data?.bundles ?? []).map((bundle) => (
        <div key={bundle.id} className="sheet">
          <div className="row spread">
            <strong dir="auto">{bundle.name}</strong>
            <span className="number">
              {t('minutesLeft', {
                n: Math.floor((bundle.secondsPerPeriod - bundle.usedSeconds - bundle.heldSeconds) / 60),
              })}
            </span>
          </div>
          <progress max={bundle.secondsPerPeriod} value={bundle.usedSeconds} aria-label={bundle.name} />
        </div>
      ))}
    </section>
  );
}

type Limits = {
  readonly limits: readonly { kind: string; most: number }[];
  readonly house: { accountIn: number; accountOut: number };
};

/** How many calls may go on at once. */
export function LimitsPanel({ accountId }: { accountId: string }): ReactNode {
  const { t, wordOf } = useWords();
  const may = useMay();
  const found = useAnswer<Limits>(`/call-limits/${accountId}`);
  return (
    <section className="sheet">
      <h2>{t('limits')}</h2>
      <Loaded of={found}>
        {({ limits, house }) => (
          <Facts
            of={(['account', 'account-in', 'account-out'] as const).map((kind) => {
              const most = limits.find((limit) => limit.kind === kind)?.most;
              const ofHouse =
                kind === 'account-in' ? house.accountIn : kind === 'account-out' ? house.accountOut : '∞';
              return [
                wordOf('limit', kind),
                <span key={kind} className="row">
                  {most ?? `${ofHouse} (${t('ofHouse')})`}
                  {may('accounts:write') && (
                    <Action
                      label={t('change')}
                      title={wordOf('limit', kind)}
                      fields={[
                        {
                          name: 'most',
                          label: t('most'),
                          kind: 'number',
                          value: most ?? '',
                          canBeNull: true,
                          help: t('limit.help'),
                        },
                      ]}
                      wish={(body) => ({ path: `/call-limits/${kind}/${accountId}`, method: 'PATCH', body })}
                      isTiny
                    />
                  )}
                </span>,
              ] as const;
            })}
          />
        )}
      </Loaded>
    </section>
  );
}

type Caps = {
  readonly maxPricePerMinute: Amount | null;
  readonly maxCallCost: Amount | null;
  readonly maxDayCost: Amount | null;
  readonly premiumNumbersPerDay: number;
  readonly shortCallsPerTenMinutes: number;
  readonly nightCallsPerHour: number;
  readonly spentToday: Amount | null;
  readonly openCountries: readonly { country: string; openUntilMs: number }[];
};

/** Caps against fraud, what was spent today, and the countries that are open. */
export function CapsPanel({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  const may = useMay();
  const countries = useCountries();
  const path = `/accounts/${accountId}`;
  const found = useAnswer<Caps>(`${path}/caps`);
  return (
    <section className="sheet">
      <h2>{t('caps')}</h2>
      <Loaded of={found}>
        {(caps) => (
          <>
            <Facts
              of={[
                [t('cap.pricePerMinute'), <Money key="p" of={caps.maxPricePerMinute} />],
                [t('cap.call'), <Money key="c" of={caps.maxCallCost} />],
                [t('cap.day'), <Money key="d" of={caps.maxDayCost} />],
                [t('spentToday'), <Money key="s" of={caps.spentToday} />],
                [t('cap.premium'), caps.premiumNumbersPerDay],
                [t('cap.short'), caps.shortCallsPerTenMinutes],
                [t('cap.night'), caps.nightCallsPerHour],
                [
                  t('openCountries'),
                  caps.openCountries.map(({ country, openUntilMs }) => (
                    <span key={country} className="row">
                      {country} <Time ms={openUntilMs} only="date" />
                      {may('accounts:write') && (
                        <Action
                          label={t('close')}
                          wish={() => ({ path: `${path}/open-countries/${country}`, method: 'DELETE' })}
                          isTiny
                        />
                      )}
                    </span>
                  )),
                ],
              ]}
            />
            {may('accounts:write') && (
              <div className="row">
                <Action
                  label={t('change')}
                  title={t('caps')}
                  says={t('caps.says')}
                  fields={[
                    {
                      name: 'maxPricePerMinute',
                      label: t('cap.pricePerMinute'),
                      value: decimalOf(caps.maxPricePerMinute),
                      canBeNull: true,
                    },
                    {
                      name: 'maxCallCost',
                      label: t('cap.call'),
                      value: decimalOf(caps.maxCallCost),
                      canBeNull: true,
                    },
                    {
                      name: 'maxDayCost',
                      label: t('cap.day'),
                      value: decimalOf(caps.maxDayCost),
                      canBeNull: true,
                    },
                  ]}
                  wish={(body) => ({ path: `${path}/caps`, method: 'PATCH', body })}
                  done={t('saved')}
                />
                <Action
                  label={t('openCountry')}
                  fields={[
                    { name: 'country', label: t('country'), kind: 'choice', choices: countries },
                    { name: 'openUntil', label: t('untilTime'), kind: 'time', isRequired: true },
                  ]}
                  wish={(body) => ({ path: `${path}/open-countries`, method: 'POST', body })}
                />
              </div>
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}

type Notice = {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly body: string;
  readonly createdAtMs: number;
  readonly readAtMs: number | null;
};

/** What an account was told in the application. */
export function NoticesPanel({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  return (
    <ListTable<Notice>
      name={t('notices')}
      path={`/accounts/${accountId}/notices`}
      rows="notices"
      keyOf={({ id }) => id}
      empty={<Empty title={t('notices.none')} />}
      columns={[
        {
          label: t('notice'),
          cell: ({ title, body }) => (
            <span dir="auto">
              <strong>{title}</strong> {body}
            </span>
          ),
        },
        { label: t('when'), cell: ({ createdAtMs }) => <Time ms={createdAtMs} /> },
        {
          label: t('state'),
          cell: ({ id, readAtMs }) =>
            readAtMs === null ? (
              <Action
                label={t('markRead')}
                wish={() => ({ path: `/notices/${id}/read`, method: 'POST', body: {} })}
                isTiny
              />
            ) : (
              <Badge kind="notice" value="read" />
            ),
        },
      ]}
    />
  );
}
