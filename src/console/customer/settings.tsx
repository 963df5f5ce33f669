import { startRegistration } from '@simplewebauthn/browser';
import { type ReactNode, useState } from 'react';
import { ask, Problem } from '../api/client';
import { type PolicyVersion, useFreshSession, useSession } from '../api/session';
import { useAnswer } from '../api/use-api';
import { ProfilePanel } from '../panels/account';
import { OwnKeys } from '../panels/keys';
import { QrCode, Secret } from '../panels/reach';
import { useWords } from '../strings/words';
import { Action } from '../ui/form';
import { Digits, Time, YesNo } from '../ui/format';
import { Loaded } from '../ui/loaded';
import { Copy, Empty, PageHead, useProblemText, useToast } from '../ui/states';
import { Facts, Table } from '../ui/table';
import { LinkedAccounts } from './linked-accounts';

type Consent = PolicyVersion & { readonly agreed: boolean; readonly atMs: number };

/** Who he is here, who is billed, and what he has agreed to. */
export function SettingsPage(): ReactNode {
  const { t } = useWords();
  const { person, accountId } = useSession();
  const fresh = useFreshSession();
  const consents = useAnswer<{ consents: readonly Consent[] }>('/me/consents');
  return (
    <>
      <PageHead title={t('nav.profile')} />
      <div className="columns">
        <section className="sheet">
          <h2>{t('me')}</h2>
          <Facts
            of={[
              [
                t('name'),
                <bdi key="n" dir="auto">
                  {person.name}
                </bdi>,
              ],
              [
                t('mail'),
                <span key="m">
                  {person.mail} {person.mailVerified && <span className="badge good">{t('confirmed')}</span>}
                </span>,
              ],
              [
                t('phone'),
                <span key="p">
                  <Digits>{person.phone}</Digits>{' '}
                  {person.phoneVerified && <span className="badge good">{t('confirmed')}</span>}
                </span>,
              ],
            ]}
          />
          {person.phone && !person.phoneVerified && (
            <div className="row">
              <Action
                label={t('myPhone.call')}
                says={t('myPhone.call.says')}
                wish={() => ({ path: '/me/phone/code', method: 'POST', body: {} })}
                done={t('prove.calling')}
              />
              <Action
                label={t('myPhone.confirm')}
                fields={[{ name: 'code', label: t('code'), kind: 'code', isRequired: true }]}
                wish={(body) => ({ path: '/me/phone/confirm', method: 'POST', body })}
                onDone={() => void fresh()}
              />
            </div>
          )}
        </section>
        {accountId !== null && <ProfilePanel accountId={accountId} />}
      </div>
      <section className="stack">
        <h2>{t('consents')}</h2>
        <Loaded of={consents}>
          {({ consents }) =>
            consents.length === 0 ? (
              <Empty title={t('consents.none')} />
            ) : (
              <Table
                name={t('consents')}
                rows={consents}
                keyOf={({ policyId, version, atMs }) => `${policyId} ${version} ${atMs}`}
                columns={[
                  { label: t('consent'), cell: ({ policyId }) => policyId },
                  { label: t('version'), cell: ({ version }) => version },
                  { label: t('agreed'), cell: ({ agreed }) => <YesNo value={agreed} /> },
                  { label: t('when'), cell: ({ atMs }) => <Time ms={atMs} /> },
                ]}
              />
            )
          }
        </Loaded>
        <Action
          label={t('cookies.title')}
          says={t('cookies.says')}
          fields={[{ name: 'analysis', label: t('cookies.analysis'), kind: 'check' }]}
          wish={(body) => ({ path: '/cookie-choice', method: 'POST', body })}
        />
      </section>
    </>
  );
}

type Passkey = { readonly id: string; readonly name: string; readonly createdAtMs: number };
type OwnSession = {
  readonly id: string;
  readonly browser: string;
  readonly address: string;
  readonly createdAtMs: number;
  readonly seenAtMs: number;
  readonly isCurrent: boolean;
};

/** Password, second factor, passkeys, and where he is signed in. */
export function SecurityPage(): ReactNode {
  const { t } = useWords();
  const { secondFactor, accountId } = useSession();
  const fresh = useFreshSession();
  const reload = () => void fresh();
  return (
    <>
      <PageHead title={t('nav.security')} says={t('security.says')} />
      <div className="columns">
        <section className="sheet">
          <h2>{t('password')}</h2>
          <p className="soft">{t('password.change.says')}</p>
          <div>
            <Action
              label={t('password.change')}
              fields={[
                {
                  name: 'currentPassword',
                  label: t('password'),
                  kind: 'password',
                  isRequired: true,
                  autoComplete: 'current-password',
                },
                {
                  name: 'newPassword',
                  label: t('newPassword'),
                  kind: 'password',
                  isRequired: true,
                  help: t('password.help'),
                  autoComplete: 'new-password',
                },
              ]}
              wish={(body) => ({ path: '/me/password', method: 'POST', body })}
              onDone={reload}
            />
          </div>
        </section>
        <section className="sheet">
          <h2>{t('totp')}</h2>
          <p className="soft">{secondFactor.totp ? t('totp.on') : t('totp.off')}</p>
          <div className="row">
            {secondFactor.totp ? (
              <>
                <Action
                  label={t('totp.remove')}
                  says={t('totp.remove.says')}
                  fields={[
                    {
                      name: 'password',
                      label: t('password'),
                      kind: 'password',
                      isRequired: true,
                      autoComplete: 'current-password',
                    },
                  ]}
                  wish={(body) => ({ path: '/me/totp/remove', method: 'POST', body })}
                  onDone={reload}
                  isDangerous
                />
                <Action<{ recoveryCodes: readonly string[] | null }>
                  label={t('recoveryCodes.new')}
                  says={t('recoveryCodes.says', { n: secondFactor.recoveryCodesLeft })}
                  wish={() => ({ path: '/me/recovery-codes', method: 'POST', body: {} })}
                  result={({ recoveryCodes }) => <RecoveryCodes codes={recoveryCodes} />}
                  onDone={reload}
                />
              </>
            ) : (
              <SetUpTotp onDone={reload} />
            )}
          </div>
        </section>
      </div>
      <Passkeys onDone={reload} />
      <LinkedAccounts />
      <Sessions />
      {accountId !== null && <OwnKeys />}
    </>
  );
}

function RecoveryCodes({ codes }: { codes: readonly string[] | null }): ReactNode {
  const { t } = useWords();
  if (!codes) return <p className="note warn">{t('toldAlready')}</p>;
  return (
    <div className="stack">
      <p className="note warn">{t('recoveryCodes.keep')}</p>
      <ul className="columns">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div>
        <Copy text={codes.join('\n')} />
      </div>
    </div>
  );
}

function SetUpTotp({ onDone }: { onDone: () => void }): ReactNode {
  const { t } = useWords();
  const [started, setStarted] = useState<{ secret: string; uri: string } | null>(null);
  if (!started)
    return (
      <Action<{ secret: string; uri: string }>
        label={t('totp.begin')}
        says={t('totp.begin.says')}
        wish={() => ({ path: '/me/totp', method: 'POST', body: {} })}
        onDone={setStarted}
        isPrimary
      />
    );
  return (
    <div className="stack">
      <QrCode text={started.uri} name={t('totp')} />
      <Secret label={t('totp.secret')} value={started.secret} />
      <Action<{ recoveryCodes: readonly string[] | null }>
        label={t('totp.confirm')}
        says={t('secondFactor.says')}
        fields={[
          { name: 'code', label: t('code'), kind: 'code', isRequired: true, autoComplete: 'one-time-code' },
        ]}
        wish={(body) => ({ path: '/me/totp/confirm', method: 'POST', body })}
        result={({ recoveryCodes }) => (
          <>
            <RecoveryCodes codes={recoveryCodes} />
            <button type="button" onClick={onDone}>
              {t('done')}
            </button>
          </>
        )}
        isPrimary
      />
    </div>
  );
}

function Passkeys({ onDone }: { onDone: () => void }): ReactNode {
  const { t } = useWords();
  const toast = useToast();
  const text = useProblemText();
  const passkeys = useAnswer<{ passkeys: readonly Passkey[] }>('/me/passkeys');
  const add = async () => {
    try {
      const optionsJSON = await ask<Parameters<typeof startRegistration>[0]['optionsJSON']>(
        '/me/passkeys/options',
        { method: 'POST', body: {} },
      );
      const response = await startRegistration({ optionsJSON });
      await ask('/me/passkeys', {
        method: 'POST',
        body: { name: navigator.platform || t('passkey'), response },
      });
      await passkeys.refetch();
      onDone();
    } catch (error) {
      toast(error instanceof Problem ? text(error) : t('passkey.notUsed'));
    }
  };
  return (
    <section className="stack">
      <div className="row spread">
        <h2>{t('passkeys')}</h2>
        <button type="button" onClick={() => void add()}>
          {t('passkeys.add')}
        </button>
      </div>
      <Loaded of={passkeys}>
        {({ passkeys }) =>
          passkeys.length === 0 ? (
            <Empty title={t('passkeys.none')}>{t('passkeys.none.says')}</Empty>
          ) : (
            <Table
              name={t('passkeys')}
              rows={passkeys}
              keyOf={({ id }) => id}
              columns={[
                { label: t('name'), cell: ({ name }) => <bdi dir="auto">{name}</bdi> },
                { label: t('made'), cell: ({ createdAtMs }) => <Time ms={createdAtMs} /> },
                {
                  label: t('actions'),
                  cell: ({ id }) => (
                    <Action
                      label={t('delete')}
                      wish={() => ({ path: `/me/passkeys/${id}`, method: 'DELETE' })}
                      onDone={onDone}
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

function Sessions(): ReactNode {
  const { t } = useWords();
  const sessions = useAnswer<{ sessions: readonly OwnSession[] }>('/me/sessions');
  return (
    <section className="stack">
      <div className="row spread">
        <h2>{t('sessions')}</h2>
        <Action
          label={t('sessions.endOthers')}
          says={t('sessions.endOthers.says')}
          wish={() => ({ path: '/me/sessions/end-others', method: 'POST', body: {} })}
          isDangerous
        />
      </div>
      <Loaded of={sessions}>
        {({ sessions }) => (
          <Table
            name={t('sessions')}
            rows={sessions}
            keyOf={({ id }) => id}
            columns={[
              {
                label: t('browser'),
                cell: ({ browser, isCurrent }) => (
                  <span>
                    {browser} {isCurrent && <span className="badge accent">{t('thisOne')}</span>}
                  </span>
                ),
              },
              { label: t('address'), cell: ({ address }) => <Digits>{address}</Digits> },
              { label: t('startedAt'), cell: ({ createdAtMs }) => <Time ms={createdAtMs} /> },
              { label: t('lastSeen'), cell: ({ seenAtMs }) => <Time ms={seenAtMs} /> },
              {
                label: t('actions'),
                cell: ({ id, isCurrent }) =>
                  isCurrent ? (
                    ''
                  ) : (
                    <Action
                      label={t('sessions.end')}
                      wish={() => ({ path: `/me/sessions/${id}`, method: 'DELETE' })}
                      isDangerous
                      isTiny
                    />
                  ),
              },
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}
