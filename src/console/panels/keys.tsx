import type { ReactNode } from 'react';
import { useWords } from '../strings/words';
import { Action, type FieldSpec } from '../ui/form';
import { Badge, Time } from '../ui/format';
import { Empty, PageHead } from '../ui/states';
import { ListTable } from '../ui/table';

const ROLES = ['support', 'finance', 'moderator', 'network', 'admin'];

type Key = {
  readonly id: string;
  readonly label: string;
  readonly role: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
};

/** Makes a key; its secret is told once. */
function AddKey({ path, more = [] }: { path: string; more?: readonly FieldSpec[] }): ReactNode {
  const { t } = useWords();
  return (
    <Action<{ secret: string | null }>
      label={t('keys.add')}
      fields={[
        { name: 'label', label: t('name'), isRequired: true },
        ...more,
        { name: 'expiresAtMs', label: t('expires'), kind: 'time-ms', isRequired: true },
      ]}
      wish={(body) => ({ path, method: 'POST', body })}
      result={({ secret }) => (
        <div className="note warn">
          <span>{t('toldOnce')}</span>
          <code>{secret ?? t('toldAlready')}</code>
        </div>
      )}
      isPrimary
    />
  );
}

function Keys({ path }: { path: string }): ReactNode {
  const { t } = useWords();
  return (
    <ListTable<Key>
      name={t('nav.keys')}
      path={path}
      rows="keys"
      pageBy="after"
      keyOf={({ id }) => id}
      empty={<Empty title={t('keys.none')} />}
      columns={[
        { label: t('name'), cell: ({ label }) => <bdi dir="auto">{label}</bdi> },
        { label: t('role'), cell: ({ role }) => <Badge kind="role" value={role} /> },
        { label: t('made'), cell: ({ createdAtMs }) => <Time ms={createdAtMs} /> },
        { label: t('expires'), cell: ({ expiresAtMs }) => <Time ms={expiresAtMs} /> },
        {
          label: t('actions'),
          cell: ({ id }) => (
            <Action
              label={t('revoke')}
              says={t('keys.revoke.says')}
              wish={() => ({ path: `${path}/${id}`, method: 'DELETE' })}
              isDangerous
              isTiny
            />
          ),
        },
      ]}
    />
  );
}

/** Keys of programs of the house. */
export function KeysPage(): ReactNode {
  const { t, wordOf } = useWords();
  const role: FieldSpec = {
    name: 'role',
    label: t('role'),
    kind: 'choice',
    choices: ROLES.map((one) => [one, wordOf('role', one)]),
  };
  return (
    <>
      <PageHead title={t('nav.keys')} says={t('keys.says')}>
        <AddKey path="/api-keys" more={[role]} />
      </PageHead>
      <Keys path="/api-keys" />
    </>
  );
}

/** Keys of somebody's own programs. */
export function OwnKeys(): ReactNode {
  const { t } = useWords();
  return (
    <section className="stack">
      <div className="row spread">
        <h2>{t('nav.keys')}</h2>
        <AddKey path="/me/api-keys" />
      </div>
      <Keys path="/me/api-keys" />
    </section>
  );
}
