import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useMay } from '../api/session';
import type { Deck, Trunk } from '../api/types';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { Action, type FieldSpec } from '../ui/form';
import { Badge, Time, YesNo } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead } from '../ui/states';
import { Facts, ListTable, Table } from '../ui/table';

type Health = {
  readonly alive: boolean;
  readonly targets: readonly { host: string; port: number | null; alive: boolean; failures: number }[];
  readonly registration: { phase: string; validUntilMs: number | null; fault: string | null };
};

function target({ host, port }: { host: string; port: number | null }): string {
  return port === null ? host : `${host}:${port}`;
}

/** Carriers: who hands calls in and takes calls out. */
export function TrunksPage(): ReactNode {
  const { t } = useWords();
  const may = useMay();
  return (
    <>
      <PageHead title={t('nav.trunks')} says={t('trunks.says')}>
        {may('trunks:write') && <AddTrunk />}
      </PageHead>
      <ListTable<Trunk>
        name={t('nav.trunks')}
        path="/trunks"
        rows="trunks"
        pageBy="after"
        keyOf={({ id }) => id}
        href={({ id }) => `/trunks/${id}`}
        empty={<Empty title={t('trunks.none')}>{t('trunks.none.says')}</Empty>}
        columns={[
          { label: t('name'), cell: ({ name }) => <bdi dir="auto">{name}</bdi> },
          { label: t('state'), cell: ({ state }) => <Badge kind="trunkState" value={state} /> },
          { label: t('reachable'), cell: ({ id, outward }) => (outward ? <AliveBadge trunkId={id} /> : '') },
          { label: t('inboundFrom'), cell: ({ addresses }) => <code>{addresses.join(' ')}</code> },
          {
            label: t('outboundTo'),
            cell: ({ outward }) => <code>{(outward?.targets ?? []).map(target).join(' ')}</code>,
          },
          { label: t('channels'), cell: ({ limits }) => limits.channels ?? '∞', isFigure: true },
        ]}
      />
    </>
  );
}

function AliveBadge({ trunkId }: { trunkId: string }): ReactNode {
  const { t } = useWords();
  const health = useAnswer<Health>(`/trunks/${trunkId}/health`, {}, { everyMs: 15_000 });
  if (!health.data) return '';
  return (
    <span className={`badge ${health.data.alive ? 'good' : 'bad'}`}>
      {health.data.alive ? t('alive') : t('notAlive')}
    </span>
  );
}

function useTrunkFields(trunk?: Trunk): readonly FieldSpec[] {
  const { t } = useWords();
  return [
    { name: 'name', label: t('name'), isRequired: true, value: trunk?.name ?? '' },
    {
      name: 'addresses',
      label: t('inboundFrom'),
      kind: 'list',
      help: t('inboundFrom.help'),
      value: trunk?.addresses.join('\n') ?? '',
    },
    { name: 'requiresTls', label: t('requiresTls'), kind: 'check', value: trunk?.requiresTls ?? false },
    {
      name: 'trustsCallerId',
      label: t('trustsCallerId'),
      kind: 'check',
      value: trunk?.trustsCallerId ?? false,
    },
    { name: 'country', label: t('country'), help: t('country.code'), value: trunk?.country ?? '' },
    { name: 'limits.channels', label: t('channels'), kind: 'number', value: trunk?.limits.channels ?? '' },
    {
      name: 'limits.callsPerSecond',
      label: t('callsPerSecond'),
      kind: 'number',
      value: trunk?.limits.callsPerSecond ?? '',
    },
  ];
}

/** The targets of a form: one a line, host or host:port. */
function outwardOf(body: Record<string, unknown>): Record<string, unknown> {
  const { targets, transport, costDeckId, ...rest } = body as {
    targets?: readonly string[];
    transport?: string;
    costDeckId?: string;
  };
  if (!targets || targets.length === 0) return rest;
  const outward = {
    targets: targets.map((text) => {
      const [, host = text, port] = /^(.*?)(?::(\d+))?$/.exec(text) ?? [];
      return { host, port: port === undefined ? null : Number(port) };
    }),
    ...(transport ? { transport } : {}),
    ...(costDeckId ? { costDeckId } : {}),
  };
  return { ...rest, outward };
}

function useOutwardFields(trunk?: Trunk): readonly FieldSpec[] {
  const { t } = useWords();
  const decks = useAnswer<{ decks: readonly Deck[] }>('/decks', { limit: 200 });
  return [
    {
      name: 'targets',
      label: t('outboundTo'),
      kind: 'list',
      help: t('outboundTo.help'),
      value: trunk?.outward?.targets.map(target).join('\n') ?? '',
    },
    {
      name: 'transport',
      label: t('transport'),
      kind: 'choice',
      choices: ['udp', 'tcp', 'tls'].map((one) => [one, one.toUpperCase()]),
      value: trunk?.outward?.transport ?? 'udp',
    },
    {
      name: 'costDeckId',
      label: t('costDeck'),
      kind: 'choice',
      choices: [['', '–'], ...(decks.data?.decks ?? []).map(({ id, name }) => [id, name] as const)],
      value: trunk?.outward?.costDeckId ?? '',
    },
  ];
}

function AddTrunk(): ReactNode {
  const { t } = useWords();
  const fields = [...useTrunkFields(), ...useOutwardFields()];
  return (
    <Action
      label={t('trunks.add')}
      fields={fields}
      wish={(body) => ({ path: '/trunks', method: 'POST', body: outwardOf(body) })}
      done={t('added')}
      isPrimary
    />
  );
}

/** One carrier: whether it answers, what holds for it, and its calls. */
export function TrunkPage({ trunkId = '' }: { trunkId?: string }): ReactNode {
  const trunk = useAnswer<Trunk>(`/trunks/${trunkId}`);
  return <Loaded of={trunk}>{(trunk) => <OneTrunk trunk={trunk} />}</Loaded>;
}

function OneTrunk({ trunk }: { trunk: Trunk }): ReactNode {
  const { t, wordOf } = useWords();
  const may = useMay();
  const fields = [...useTrunkFields(trunk), ...useOutwardFields(trunk)];
  const path = `/trunks/${trunk.id}`;
  const isActive = trunk.state === 'active';
  return (
    <>
      <PageHead title={trunk.name} says={<Badge kind="trunkState" value={trunk.state} />}>
        <Link className="button" href={`/calls?trunk=${trunk.id}`}>
          {t('nav.calls')}
        </Link>
        {may('trunks:write') && (
          <>
            <Action
              label={t('change')}
              fields={fields}
              wish={(body) => ({ path, method: 'PATCH', body: outwardOf(body) })}
              done={t('saved')}
            />
            <Action
              label={isActive ? t('disable') : t('enable')}
              says={isActive ? t('trunks.disable.says') : undefined}
              wish={() => ({ path, method: 'PATCH', body: { state: isActive ? 'disabled' : 'active' } })}
              isDangerous={isActive}
            />
          </>
        )}
      </PageHead>
      <div className="columns">
        <section className="sheet">
          <h2>{t('facts')}</h2>
          <Facts
            of={[
              [t('inboundFrom'), <code key="i">{trunk.addresses.join(' ')}</code>],
              [t('requiresTls'), <YesNo key="t" value={trunk.requiresTls} />],
              [t('trustsCallerId'), <YesNo key="c" value={trunk.trustsCallerId} />],
              [t('country'), trunk.country],
              ...Object.entries(trunk.limits).map(
                ([name, value]) => [wordOf('trunkLimit', name), value ?? '∞'] as const,
              ),
              ...(trunk.outward
                ? ([
                    [t('transport'), trunk.outward.transport.toUpperCase()],
                    ['SRTP', wordOf('srtp', trunk.outward.srtp)],
                    [t('weight'), trunk.outward.weight],
                    [t('allowPrefixes'), trunk.outward.allowPrefixes.join(' ')],
                    [t('blockPrefixes'), trunk.outward.blockPrefixes.join(' ')],
                  ] as const)
                : []),
            ]}
          />
        </section>
        <TrunkHealth trunkId={trunk.id} />
      </div>
    </>
  );
}

function TrunkHealth({ trunkId }: { trunkId: string }): ReactNode {
  const { t, wordOf } = useWords();
  const health = useAnswer<Health>(`/trunks/${trunkId}/health`, {}, { everyMs: 5_000 });
  return (
    <section className="stack">
      <h2>{t('reachable')}</h2>
      <Loaded of={health}>
        {({ targets, registration }) => (
          <>
            {targets.length === 0 ? (
              <Empty title={t('trunks.noTargets')} />
            ) : (
              <Table
                name={t('reachable')}
                rows={targets}
                keyOf={target}
                columns={[
                  { label: t('outboundTo'), cell: (one) => <code>{target(one)}</code> },
                  {
                    label: t('state'),
                    cell: ({ alive }) => (
                      <span className={`badge ${alive ? 'good' : 'bad'}`}>
                        {alive ? t('alive') : t('notAlive')}
                      </span>
                    ),
                  },
                  { label: t('failures'), cell: ({ failures }) => failures, isFigure: true },
                ]}
              />
            )}
            {registration.phase !== 'none' && (
              <p className={registration.fault ? 'note warn' : 'note'}>
                {wordOf('registration', registration.phase)} <Time ms={registration.validUntilMs} />{' '}
                {registration.fault}
              </p>
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}
