import { type ReactNode, useState } from 'react';
import { useMay } from '../api/session';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Badge, Time } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead } from '../ui/states';
import { ListTable, Table } from '../ui/table';

const EVENT_KINDS = [
  'call.charged',
  'call.corrected',
  'invoice.issued',
  'invoice.settled',
  'reminder.sent',
  'payment.received',
  'payment.returned',
  'account.state',
] as const;
type Endpoint = {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly kinds: readonly string[];
  readonly state: string;
  readonly secret?: string | null;
};
type Delivery = {
  readonly eventId: string;
  readonly state: string;
  readonly attempts: number;
  readonly lastAnswer: string | null;
  readonly tryAtMs: number;
  readonly finishedAtMs: number | null;
};

export function WebhooksPage(): ReactNode {
  const { t } = useWords();
  const may = useMay();
  const [shown, setShown] = useState<string | null>(null);
  const endpoints = useAnswer<{ endpoints: readonly Endpoint[] }>('/webhook-endpoints');
  const secret = ({ secret: told }: Endpoint) => (
    <div className="note warn">
      <span>{t('toldOnce')}</span>
      <code>{told ?? t('toldAlready')}</code>
    </div>
  );
  return (
    <>
      <PageHead title={t('nav.webhooks')} says={t('webhooks.says')}>
        {may('webhooks:write') && (
          <Action<Endpoint>
            label={t('webhooks.add')}
            fields={[
              { name: 'url', label: 'URL', isRequired: true },
              { name: 'description', label: t('note') },
              {
                name: 'kinds',
                label: t('kinds'),
                kind: 'list',
                isRequired: true,
                value: EVENT_KINDS.join('\n'),
                help: t('webhooks.kinds'),
              },
            ]}
            wish={(body) => ({ path: '/webhook-endpoints', method: 'POST', body })}
            result={secret}
            isPrimary
          />
        )}
      </PageHead>
      <Loaded of={endpoints}>
        {({ endpoints }) =>
          endpoints.length === 0 ? (
            <Empty title={t('webhooks.none')}>{t('webhooks.none.says')}</Empty>
          ) : (
            <Table
              name={t('nav.webhooks')}
              rows={endpoints}
              keyOf={({ id }) => id}
              columns={[
                {
                  label: 'URL',
                  cell: ({ url, description }) => (
                    <span>
                      <code>{url}</code> <bdi>{description}</bdi>
                    </span>
                  ),
                },
                { label: t('state'), cell: ({ state }) => <Badge kind="endpointState" value={state} /> },
                { label: t('kinds'), cell: ({ kinds }) => <span className="small">{kinds.join(', ')}</span> },
                {
                  label: t('actions'),
                  cell: ({ id, state }) => (
                    <div className="row">
                      <button
                        type="button"
                        className="tiny"
                        onClick={() => setShown(shown === id ? null : id)}
                      >
                        {t('deliveries')}
                      </button>
                      {may('webhooks:write') && (
                        <>
                          <Action
                            label={t('test')}
                            wish={() => ({ path: `/webhook-endpoints/${id}/test`, method: 'POST', body: {} })}
                            isTiny
                          />
                          <Action
                            label={state === 'active' ? t('pause') : t('resume')}
                            wish={() => ({
                              path: `/webhook-endpoints/${id}`,
                              method: 'PATCH',
                              body: { state: state === 'active' ? 'paused' : 'active' },
                            })}
                            isTiny
                          />
                          <Action<Endpoint>
                            label={t('newSecret')}
                            says={t('newSecret.says')}
                            wish={() => ({
                              path: `/webhook-endpoints/${id}/rotate-secret`,
                              method: 'POST',
                              body: {},
                            })}
                            result={secret}
                            isTiny
                          />
                          <Action
                            label={t('delete')}
                            says={t('webhooks.delete.says')}
                            wish={() => ({ path: `/webhook-endpoints/${id}`, method: 'DELETE' })}
                            isDangerous
                            isTiny
                          />
                        </>
                      )}
                    </div>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {shown && (
        <section className="stack">
          <h2>{t('deliveries')}</h2>
          <ListTable<Delivery>
            name={t('deliveries')}
            path={`/webhook-endpoints/${shown}/deliveries`}
            rows="deliveries"
            keyOf={({ eventId }) => eventId}
            columns={[
              { label: t('event'), cell: ({ eventId }) => <code>{eventId}</code> },
              { label: t('state'), cell: ({ state }) => <Badge kind="deliveryState" value={state} /> },
              { label: t('attempt'), cell: ({ attempts }) => attempts, isFigure: true },
              { label: t('lastAnswer'), cell: ({ lastAnswer }) => lastAnswer },
              {
                label: t('when'),
                cell: ({ finishedAtMs, tryAtMs }) => <Time ms={finishedAtMs ?? tryAtMs} />,
              },
            ]}
          />
        </section>
      )}
    </>
  );
}
