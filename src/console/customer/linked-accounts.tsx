import { type ReactNode, useState } from 'react';
import { ask, Problem } from '../api/client';
import { useAnswer } from '../api/use-api';
import { fromProvider } from '../sign-in/from-provider';
import { useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Time } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Empty, useProblemText, useToast } from '../ui/states';
import { Table } from '../ui/table';

type Provider = { readonly id: string; readonly label: string };
type LinkedAccount = {
  readonly id: string;
  readonly label: string;
  readonly mail: string | null;
  readonly createdAtMs: number;
  readonly usedAtMs: number | null;
};

/** The accounts at other providers that he may sign in with; nothing where there are neither providers nor such accounts. */
export function LinkedAccounts(): ReactNode {
  const { t } = useWords();
  const [isConfirmed, setConfirmed] = useState(false);
  const [{ ticket }] = useState(fromProvider);
  const providers = useAnswer<{ providers: readonly Provider[] }>('/sign-in-providers');
  const links = useAnswer<{ links: readonly LinkedAccount[] }>('/me/links');
  const offered = providers.data?.providers ?? [];
  if (offered.length === 0 && (links.data?.links ?? []).length === 0) return null;
  return (
    <section className="stack">
      <div className="row spread">
        <h2>{t('links')}</h2>
        <div className="row">
          {offered.map((provider) => (
            <LinkButton key={provider.id} provider={provider} />
          ))}
        </div>
      </div>
      {ticket !== '' && !isConfirmed && (
        <div className="note">
          <p>{t('links.confirm.says')}</p>
          <Action
            label={t('links.confirm')}
            wish={() => ({ path: '/me/links', method: 'POST', body: { ticket } })}
            onDone={() => setConfirmed(true)}
            isPrimary
          />
        </div>
      )}
      <Loaded of={links}>
        {({ links }) =>
          links.length === 0 ? (
            <Empty title={t('links.none')}>{t('links.none.says')}</Empty>
          ) : (
            <Table
              name={t('links')}
              rows={links}
              keyOf={({ id }) => id}
              columns={[
                { label: t('name'), cell: ({ label }) => <bdi dir="auto">{label}</bdi> },
                { label: t('mail'), cell: ({ mail }) => <bdi>{mail ?? '–'}</bdi> },
                { label: t('made'), cell: ({ createdAtMs }) => <Time ms={createdAtMs} /> },
                {
                  label: t('actions'),
                  cell: ({ id }) => (
                    <Action
                      label={t('delete')}
                      wish={() => ({ path: `/me/links/${id}`, method: 'DELETE' })}
                      isDangerous
                      isTiny
                    />
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </section>
  );
}

/** Goes to the provider, which leads back here. */
function LinkButton({ provider: { id, label } }: { provider: Provider }): ReactNode {
  const { t } = useWords();
  const toast = useToast();
  const text = useProblemText();
  const go = async () => {
    try {
      const { url } = await ask<{ url: string }>(`/me/links/${encodeURIComponent(id)}`, {
        method: 'POST',
        body: {},
      });
      window.location.assign(url);
    } catch (error) {
      toast(error instanceof Problem ? text(error) : t('problem.fault'));
    }
  };
  return (
    <button type="button" onClick={() => void go()}>
      {t('links.add', { provider: label })}
    </button>
  );
}
