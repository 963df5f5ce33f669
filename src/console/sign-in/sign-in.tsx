import { startAuthentication } from '@simplewebauthn/browser';
import { type ReactNode, useState } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { ask, Problem } from '../api/client';
import { useFreshSession } from '../api/session';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { Form } from '../ui/form';
import { useProblemText } from '../ui/states';
import { FrontSheet } from './front';
import { fromProvider } from './from-provider';

type Step =
  | { readonly state: 'signed-in' }
  | { readonly state: 'second-factor'; readonly methods: readonly string[] };

/** Where he wanted to go before he was asked to sign in: a path of ours, nothing else; whoever came from a provider confirms that it is his account. */
function useWayBack(): () => Promise<void> {
  const [parameters] = useSearchParams();
  const [, go] = useLocation();
  const fresh = useFreshSession();
  const [{ ticket }] = useState(fromProvider);
  const wanted = ticket ? `/security#ticket=${ticket}` : (parameters.get('to') ?? '/');
  return async () => {
    await fresh();
    go(/^\/(?![/\\])/.test(wanted) ? wanted : '/', { replace: true });
  };
}

/** Signs in by mail and password, by a passkey, or by another provider; then the second factor, where there is one. */
export function SignIn(): ReactNode {
  const { t } = useWords();
  const back = useWayBack();
  const [parameters] = useSearchParams();
  const [methods, setMethods] = useState(() => parameters.get('secondFactor')?.split(',') ?? null);
  const first = useAnswer<{ open: boolean }>('/first-operator');
  const providers = useAnswer<{ providers: readonly { id: string; label: string }[] }>('/sign-in-providers');
  if (methods) return <SecondFactor methods={methods} onDone={() => void back()} />;
  return (
    <FrontSheet title={t('signIn')}>
      {parameters.get('problem') && (
        <p className="note warn" role="alert">
          {t(parameters.get('problem') === 'confirm-link' ? 'signIn.confirmLink' : 'signIn.otherFailed')}
        </p>
      )}
      {first.data?.open && <p className="note">{t('signIn.firstOpen')}</p>}
      <Form<Step>
        fields={[
          { name: 'mail', label: t('mail'), kind: 'mail', isRequired: true, autoComplete: 'username' },
          {
            name: 'password',
            label: t('password'),
            kind: 'password',
            isRequired: true,
            autoComplete: 'current-password',
          },
        ]}
        wish={(body) => ({ path: '/session', method: 'POST', body })}
        submit={t('signIn')}
        onDone={(step) => (step.state === 'signed-in' ? void back() : setMethods([...step.methods]))}
      />
      <PasskeyButton onDone={() => void back()} />
      {(providers.data?.providers ?? []).map(({ id, label }) => (
        <a key={id} className="button" href={`/api/v1/sign-in/${encodeURIComponent(id)}`}>
          {t('signIn.with', { provider: label })}
        </a>
      ))}
      <div className="row spread small">
        <Link href="/forgot-password">{t('forgotPassword')}</Link>
        <Link href="/join">{t('join')}</Link>
        <Link href="/sign-up">{t('signUp')}</Link>
      </div>
    </FrontSheet>
  );
}

/** The second step: a code, or a passkey. */
function SecondFactor({ methods, onDone }: { methods: readonly string[]; onDone: () => void }): ReactNode {
  const { t } = useWords();
  const [method, setMethod] = useState(methods.includes('totp') ? 'totp' : 'recovery-code');
  const isCode = method === 'totp';
  return (
    <FrontSheet title={t('secondFactor')}>
      <p>{isCode ? t('secondFactor.says') : t('recoveryCode.says')}</p>
      <Form
        key={method}
        fields={[
          {
            name: 'code',
            label: isCode ? t('code') : t('recoveryCode'),
            kind: isCode ? 'code' : 'text',
            isRequired: true,
            autoComplete: 'one-time-code',
          },
        ]}
        wish={(body) => ({ path: '/session/second-factor', method: 'POST', body: { method, ...body } })}
        submit={t('continue')}
        onDone={onDone}
      />
      {methods.includes('passkey') && <PasskeyButton onDone={onDone} />}
      {methods.includes('recovery-code') && methods.includes('totp') && (
        <button type="button" className="plain" onClick={() => setMethod(isCode ? 'recovery-code' : 'totp')}>
          {isCode ? t('recoveryCode.use') : t('code.use')}
        </button>
      )}
    </FrontSheet>
  );
}

function PasskeyButton({ onDone }: { onDone: () => void }): ReactNode {
  const { t } = useWords();
  const text = useProblemText();
  const [fault, setFault] = useState('');
  const signIn = async () => {
    setFault('');
    try {
      const optionsJSON = await ask<Parameters<typeof startAuthentication>[0]['optionsJSON']>(
        '/session/passkey/options',
        {
          method: 'POST',
          body: {},
        },
      );
      const response = await startAuthentication({ optionsJSON });
      await ask('/session/passkey', { method: 'POST', body: { response } });
      onDone();
    } catch (error) {
      // He closed the browser's own window: that is no fault.
      setFault(error instanceof Problem ? text(error) : t('passkey.notUsed'));
    }
  };
  return (
    <>
      <button type="button" onClick={() => void signIn()}>
        {t('passkey.signIn')}
      </button>
      {fault && (
        <p className="fault" role="alert">
          {fault}
        </p>
      )}
    </>
  );
}

/** Asks for a link to set a new password; the answer is the same for every mail. */
export function ForgotPassword(): ReactNode {
  const { t } = useWords();
  const [isSent, setSent] = useState(false);
  return (
    <FrontSheet title={t('forgotPassword')}>
      {isSent ? (
        <p role="status">{t('forgotPassword.sent')}</p>
      ) : (
        <Form
          fields={[
            { name: 'mail', label: t('mail'), kind: 'mail', isRequired: true, autoComplete: 'username' },
          ]}
          wish={(body) => ({ path: '/password-resets', method: 'POST', body })}
          submit={t('forgotPassword.send')}
          onDone={() => setSent(true)}
        />
      )}
      <Link href="/sign-in">{t('signIn')}</Link>
    </FrontSheet>
  );
}
