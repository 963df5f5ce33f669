import { type ReactNode, useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useFreshSession } from '../api/session';
import { useWords } from '../strings/words';
import { type FieldSpec, Form } from '../ui/form';
import { useToast } from '../ui/states';
import { FrontSheet } from './front';

/** The secret of a mailed link: behind the #, so that no server and no log sees it. Taken out of the address at once. */
function useToken(): string {
  const [token] = useState(() => window.location.hash.slice(1));
  useEffect(() => window.history.replaceState(null, '', window.location.pathname), []);
  return token;
}

function useNewPassword(): FieldSpec {
  const { t } = useWords();
  return {
    name: 'password',
    label: t('newPassword'),
    kind: 'password',
    isRequired: true,
    help: t('password.help'),
    autoComplete: 'new-password',
  };
}

function NoToken(): ReactNode {
  const { t } = useWords();
  return <p className="note warn">{t('token.missing')}</p>;
}

function useSignedIn(): () => Promise<void> {
  const fresh = useFreshSession();
  const [, go] = useLocation();
  return async () => {
    await fresh();
    go('/', { replace: true });
  };
}

/** Makes the first administrator, by the link that the first start wrote down. */
export function FirstOperator(): ReactNode {
  const { t } = useWords();
  const token = useToken();
  const signedIn = useSignedIn();
  const password = useNewPassword();
  return (
    <FrontSheet title={t('firstOperator')}>
      <p>{t('firstOperator.says')}</p>
      {token === '' ? (
        <NoToken />
      ) : (
        <Form
          fields={[
            { name: 'name', label: t('name'), isRequired: true, autoComplete: 'name' },
            { name: 'mail', label: t('mail'), kind: 'mail', isRequired: true, autoComplete: 'username' },
            password,
          ]}
          wish={(body) => ({ path: '/first-operator', method: 'POST', body: { token, ...body } })}
          submit={t('firstOperator.make')}
          onDone={() => void signedIn()}
        />
      )}
    </FrontSheet>
  );
}

/** Somebody who was invited to the staff sets his name and password. */
export function AcceptInvitation(): ReactNode {
  const { t } = useWords();
  const token = useToken();
  const signedIn = useSignedIn();
  const password = useNewPassword();
  return (
    <FrontSheet title={t('invitation')}>
      {token === '' ? (
        <NoToken />
      ) : (
        <Form
          fields={[{ name: 'name', label: t('name'), isRequired: true, autoComplete: 'name' }, password]}
          wish={(body) => ({ path: '/staff-invitations/accept', method: 'POST', body: { token, ...body } })}
          submit={t('invitation.accept')}
          onDone={() => void signedIn()}
        />
      )}
    </FrontSheet>
  );
}

/** Sets a new password by a mailed link. */
export function ResetPassword(): ReactNode {
  const { t } = useWords();
  const token = useToken();
  const toast = useToast();
  const [, go] = useLocation();
  const password = useNewPassword();
  return (
    <FrontSheet title={t('newPassword')}>
      {token === '' ? (
        <NoToken />
      ) : (
        <Form
          fields={[{ ...password, name: 'newPassword' }]}
          wish={(body) => ({ path: '/password-resets/confirm', method: 'POST', body: { token, ...body } })}
          submit={t('save')}
          onDone={() => {
            toast(t('newPassword.done'));
            go('/sign-in');
          }}
        />
      )}
    </FrontSheet>
  );
}

/** Confirms a mail address by a mailed link; one press, since mail programs open links by themselves. */
export function ConfirmMail(): ReactNode {
  const { t } = useWords();
  const token = useToken();
  const fresh = useFreshSession();
  const [isDone, setDone] = useState(false);
  return (
    <FrontSheet title={t('confirmMail')}>
      {isDone ? (
        <>
          <p role="status">{t('confirmMail.done')}</p>
          <Link className="button primary" href="/">
            {t('continue')}
          </Link>
        </>
      ) : token === '' ? (
        <NoToken />
      ) : (
        <Form
          fields={[]}
          wish={() => ({ path: '/sign-ups/confirm-mail', method: 'POST', body: { token } })}
          submit={t('confirmMail')}
          onDone={() => {
            setDone(true);
            void fresh();
          }}
        />
      )}
    </FrontSheet>
  );
}
