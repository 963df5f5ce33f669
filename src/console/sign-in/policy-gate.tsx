import type { ReactNode } from 'react';
import { type Policy, useFreshSession } from '../api/session';
import { useWords } from '../strings/words';
import { Form } from '../ui/form';
import { Front, FrontSheet } from './front';

/** Policies have a new version: nothing else is shown before they are accepted. */
export function PolicyGate({ policies }: { policies: readonly Policy[] }): ReactNode {
  const { t } = useWords();
  const fresh = useFreshSession();
  return (
    <Front>
      <FrontSheet title={t('policies.title')}>
        <p>{t('policies.says')}</p>
        <ul className="stack-small">
          {policies.map((policy) => (
            <li key={policy.id}>
              <a href={policy.url} target="_blank" rel="noreferrer">
                {policy.title}
              </a>
            </li>
          ))}
        </ul>
        <Form
          fields={[]}
          wish={() => ({
            path: '/me/policies/accept',
            method: 'POST',
            body: { policies: policies.map(({ id, version }) => ({ policyId: id, version })) },
          })}
          submit={t('policies.accept')}
          onDone={() => void fresh()}
        />
      </FrontSheet>
    </Front>
  );
}
