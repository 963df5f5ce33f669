import type { ReactNode } from 'react';
import { inLanguage, type Policy, type PolicyVersion, useFreshSession } from '../api/session';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { Form } from '../ui/form';
import { Front, FrontSheet } from './front';

/** Policies have a new version: nothing else is shown before they are accepted. */
export function PolicyGate({ missing }: { missing: readonly PolicyVersion[] }): ReactNode {
  const { t, language } = useWords();
  const fresh = useFreshSession();
  const found = useAnswer<{ policies: readonly Policy[] }>('/policies');
  const texts = inLanguage(found.data?.policies ?? [], language).filter(({ id }) =>
    missing.some(({ policyId }) => policyId === id),
  );
  return (
    <Front>
      <FrontSheet title={t('policies.title')}>
        <p>{t('policies.says')}</p>
        <ul className="stack-small">
          {texts.map((policy) => (
            <li key={policy.id}>
              <a href={policy.textUrl} target="_blank" rel="noreferrer">
                {policy.title}
              </a>
            </li>
          ))}
        </ul>
        <Form
          fields={[]}
          wish={() => ({ path: '/me/policies/accept', method: 'POST', body: { policies: missing } })}
          submit={t('policies.accept')}
          onDone={() => void fresh()}
        />
      </FrontSheet>
    </Front>
  );
}
