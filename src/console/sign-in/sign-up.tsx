import { type ReactNode, useId, useState } from 'react';
import { Link } from 'wouter';
import { inLanguage, type Policy } from '../api/session';
import { useAnswer } from '../api/use-api';
import { isLanguage, LANGUAGE_NAMES, LANGUAGES, useWords } from '../strings/words';
import { useCountries } from '../ui/countries';
import { Form } from '../ui/form';
import { Loaded } from '../ui/loaded';
import { FrontSheet } from './front';
import { fromProvider } from './from-provider';

/** Somebody makes himself an account. He hears the same whether his mail was known or not. */
export function SignUp(): ReactNode {
  const { t, language } = useWords();
  const countries = useCountries();
  const policies = useAnswer<{ policies: readonly Policy[] }>('/policies');
  const [mail, setMail] = useState<string | null>(null);
  if (mail !== null)
    return (
      <FrontSheet title={t('signUp.sentTitle')}>
        <p role="status">{t('signUp.sent', { mail })}</p>
        <Link href="/sign-in">{t('signIn')}</Link>
      </FrontSheet>
    );
  return (
    <FrontSheet title={t('signUp')}>
      <Loaded of={policies}>
        {({ policies }) => (
          <SignUpForm
            policies={inLanguage(policies, language)}
            countries={countries}
            language={language}
            onSent={setMail}
          />
        )}
      </Loaded>
      <Link href="/sign-in">{t('signUp.haveAccount')}</Link>
    </FrontSheet>
  );
}

function SignUpForm({
  policies,
  countries,
  language,
  onSent,
}: {
  policies: readonly Policy[];
  countries: readonly (readonly [string, string])[];
  language: string;
  onSent: (mail: string) => void;
}): ReactNode {
  const { t } = useWords();
  const [isAccepted, setAccepted] = useState(false);
  const [mayAnalyse, setAnalyse] = useState(false);
  const id = useId();
  const [sent, setSent] = useState('');
  const [given] = useState(fromProvider);
  return (
    <Form
      fields={[
        { name: 'name', label: t('name'), isRequired: true, autoComplete: 'name', value: given.name },
        {
          name: 'birthDate',
          label: t('birthDate'),
          kind: 'date',
          isRequired: true,
          help: t('birthDate.help'),
          autoComplete: 'bday',
        },
        {
          name: 'country',
          label: t('country'),
          kind: 'choice',
          choices: countries,
          value: regionOfBrowser(),
        },
        {
          name: 'language',
          label: t('language'),
          kind: 'choice',
          choices: LANGUAGES.filter(isLanguage).map((one) => [one, LANGUAGE_NAMES[one]]),
          value: language,
        },
        {
          name: 'phone',
          label: t('phone'),
          kind: 'tel',
          isRequired: true,
          help: t('phone.help'),
          autoComplete: 'tel',
        },
        {
          name: 'mail',
          label: t('mail'),
          kind: 'mail',
          isRequired: true,
          autoComplete: 'username',
          value: given.mail,
        },
        {
          name: 'password',
          label: t('password'),
          kind: 'password',
          isRequired: true,
          help: t('password.help'),
          autoComplete: 'new-password',
        },
      ]}
      wish={(body) => {
        setSent(typeof body.mail === 'string' ? body.mail : '');
        return {
          path: '/sign-ups',
          method: 'POST',
          body: {
            ...body,
            ...(given.ticket === '' ? {} : { ticket: given.ticket }),
            policies: isAccepted
              ? policies.map((policy) => ({ policyId: policy.id, version: policy.version }))
              : [],
            cookies: { analysis: mayAnalyse },
          },
        };
      }}
      submit={t('signUp')}
      onDone={() => onSent(sent)}
      below={
        <div className="stack-small">
          <ul className="stack-small">
            {policies.map((policy) => (
              <li key={policy.id}>
                <a href={policy.textUrl} target="_blank" rel="noreferrer">
                  {policy.title}
                </a>
              </li>
            ))}
          </ul>
          {policies.length > 0 && (
            <label className="check" htmlFor={`${id}-accept`}>
              <input
                id={`${id}-accept`}
                type="checkbox"
                required
                checked={isAccepted}
                onChange={({ target }) => setAccepted(target.checked)}
              />
              {t('policies.accept')}
            </label>
          )}
          <label className="check" htmlFor={`${id}-analyse`}>
            <input
              id={`${id}-analyse`}
              type="checkbox"
              checked={mayAnalyse}
              onChange={({ target }) => setAnalyse(target.checked)}
            />
            {t('cookies.analysis')}
          </label>
        </div>
      }
    />
  );
}

function regionOfBrowser(): string {
  return new Intl.Locale(navigator.language).maximize().region ?? 'US';
}
