import type { ReactNode } from 'react';
import { type Policy, useMay } from '../api/session';
import { useAnswer } from '../api/use-api';
import { isLanguage, LANGUAGE_NAMES, LANGUAGES, useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Loaded } from '../ui/loaded';
import { Empty, PageHead } from '../ui/states';
import { Table } from '../ui/table';

/** Texts that people agree to when they sign up, and again when a version is new. */
export function PoliciesPage(): ReactNode {
  const { t } = useWords();
  const may = useMay();
  const policies = useAnswer<{ policies: readonly Policy[] }>('/policies');
  return (
    <>
      <PageHead title={t('policies')} says={t('policies.staff')}>
        {may('policies:write') && (
          <Action
            label={t('policies.publish')}
            fields={[
              { name: 'id', label: t('policyId'), isRequired: true },
              { name: 'version', label: t('version'), kind: 'number', isRequired: true, value: 1 },
              {
                name: 'language',
                label: t('language'),
                kind: 'choice',
                choices: LANGUAGES.map((one) => [one, LANGUAGE_NAMES[one]]),
              },
              { name: 'title', label: t('title'), isRequired: true },
              { name: 'textUrl', label: t('textUrl'), isRequired: true },
            ]}
            wish={(body) => ({ path: '/policies', method: 'POST', body })}
            isPrimary
          />
        )}
      </PageHead>
      <Loaded of={policies}>
        {({ policies }) =>
          policies.length === 0 ? (
            <Empty title={t('policies.none')}>{t('policies.none.says')}</Empty>
          ) : (
            <Table
              name={t('policies')}
              rows={policies}
              keyOf={({ id, language }) => `${id} ${language}`}
              columns={[
                { label: t('title'), cell: ({ title }) => <bdi dir="auto">{title}</bdi> },
                { label: 'ID', cell: ({ id }) => <code>{id}</code> },
                { label: t('version'), cell: ({ version }) => version, isFigure: true },
                {
                  label: t('language'),
                  cell: ({ language }) => (isLanguage(language) ? LANGUAGE_NAMES[language] : language),
                },
                {
                  label: t('textUrl'),
                  cell: ({ textUrl }) => (
                    <a href={textUrl} target="_blank" rel="noreferrer">
                      {textUrl}
                    </a>
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
