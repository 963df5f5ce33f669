import type { ReactNode } from 'react';
import { useMay } from '../api/session';
import { useWords } from '../strings/words';
import { Filters, useFilters } from '../ui/filters';
import { Action, type FieldSpec } from '../ui/form';
import { Badge, Digits, Time } from '../ui/format';
import { PageHead } from '../ui/states';
import { ListTable } from '../ui/table';
import { DetailText } from './house';

const STAFF_ROLES = ['support', 'finance', 'moderator', 'network', 'admin'];

type Person = {
  readonly id: string;
  readonly name: string;
  readonly mail: string;
  readonly role: string;
  readonly state: string;
  readonly createdAtMs: number;
};

/** Who signs in: staff and customers. */
export function PeoplePage(): ReactNode {
  const { t, wordOf } = useWords();
  const may = useMay();
  const roles = STAFF_ROLES.map((one) => [one, wordOf('role', one)] as const);
  const fields: readonly FieldSpec[] = [{ name: 'search', label: t('search') }];
  return (
    <>
      <PageHead title={t('nav.people')} says={t('people.says')}>
        {may('people:write') && (
          <Action
            label={t('people.invite')}
            says={t('people.invite.says')}
            fields={[
              { name: 'mail', label: t('mail'), kind: 'mail', isRequired: true },
              { name: 'role', label: t('role'), kind: 'choice', choices: roles },
            ]}
            wish={(body) => ({ path: '/staff-invitations', method: 'POST', body })}
            done={t('people.invited')}
            isPrimary
          />
        )}
      </PageHead>
      <Filters fields={fields} />
      <ListTable<Person>
        name={t('nav.people')}
        path="/people"
        pageBy="after"
        rows="people"
        query={useFilters(fields)}
        keyOf={({ id }) => id}
        columns={[
          { label: t('name'), cell: ({ name }) => <bdi dir="auto">{name}</bdi> },
          { label: t('mail'), cell: ({ mail }) => <bdi>{mail}</bdi> },
          { label: t('role'), cell: ({ role }) => <Badge kind="role" value={role} /> },
          { label: t('state'), cell: ({ state }) => <Badge kind="personState" value={state} /> },
          { label: t('made'), cell: ({ createdAtMs }) => <Time ms={createdAtMs} only="date" /> },
          {
            label: t('actions'),
            cell: ({ id, role, state }) =>
              may('people:write') ? (
                <div className="row">
                  <Action
                    label={t('role')}
                    fields={[
                      {
                        name: 'role',
                        label: t('role'),
                        kind: 'choice',
                        choices: [...roles, ['user', wordOf('role', 'user')]],
                        value: role,
                      },
                    ]}
                    wish={(body) => ({ path: `/people/${id}`, method: 'PATCH', body })}
                    isTiny
                  />
                  <Action
                    label={state === 'active' ? t('block') : t('unblock')}
                    says={state === 'active' ? t('block.says') : undefined}
                    wish={() => ({
                      path: `/people/${id}`,
                      method: 'PATCH',
                      body: { state: state === 'active' ? 'blocked' : 'active' },
                    })}
                    isDangerous={state === 'active'}
                    isTiny
                  />
                </div>
              ) : (
                ''
              ),
          },
        ]}
      />
    </>
  );
}

type AuditEntry = {
  readonly entryNumber: number;
  readonly atMs: number;
  readonly actor: { readonly kind: string; readonly id: string; readonly label: string };
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly address: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
};

/** Who did what, and why: it can only be added to. */
export function AuditPage(): ReactNode {
  const { t } = useWords();
  const fields: readonly FieldSpec[] = [
    { name: 'from', label: t('fromTime'), kind: 'time' },
    { name: 'until', label: t('untilTime'), kind: 'time' },
    { name: 'action', label: t('what') },
    { name: 'subject', label: t('subject') },
  ];
  return (
    <>
      <PageHead title={t('nav.audit')} says={t('audit.says')} />
      <Filters fields={fields} />
      <ListTable<AuditEntry>
        name={t('nav.audit')}
        path="/audit"
        pageBy="before"
        rows="entries"
        query={useFilters(fields)}
        keyOf={({ entryNumber }) => String(entryNumber)}
        columns={[
          { label: t('when'), cell: ({ atMs }) => <Time ms={atMs} /> },
          { label: t('who'), cell: ({ actor }) => <bdi>{actor.label}</bdi> },
          { label: t('what'), cell: ({ action }) => <code>{action}</code> },
          { label: t('subject'), cell: ({ subject }) => subject },
          { label: t('reason'), cell: ({ reason }) => <bdi>{reason}</bdi> },
          { label: t('address'), cell: ({ address }) => <Digits>{address}</Digits> },
          { label: t('facts'), cell: ({ facts }) => <DetailText of={facts} /> },
        ]}
      />
    </>
  );
}
