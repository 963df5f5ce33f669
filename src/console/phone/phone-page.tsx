import { type FormEvent, type ReactNode, useState } from 'react';
import { useSession } from '../api/session';
import type { Money as Amount } from '../api/types';
import { useAnswer } from '../api/use-api';
import { useWords } from '../strings/words';
import { Digits, Money } from '../ui/format';
import { Empty, PageHead, useProblemText, useToast } from '../ui/states';
import { CallsInHand } from './calls-in-hand';
import { useContacts } from './contacts';
import { Devices } from './devices';
import { KeyPad } from './key-pad';
import { LineTest } from './line-test';
import { phone } from './softphone';
import { switchOn, usePhone } from './use-phone';

/** The browser as a telephone of the account. */
export function PhonePage(): ReactNode {
  const { t } = useWords();
  const { accountId } = useSession();
  const { link } = usePhone();
  return (
    <>
      <PageHead title={t('nav.phone')} says={t('phone.says')}>
        {accountId !== null && <Switch accountId={accountId} />}
      </PageHead>
      {accountId === null ? (
        <Empty title={t('phone.noAccount')} />
      ) : (
        <>
          <CallsInHand />
          <div className="columns">
            <Dial accountId={accountId} isReady={link === 'ready'} />
            <Contacts isReady={link === 'ready'} />
            <section className="sheet">
              <h2>{t('phone.sound')}</h2>
              <Devices />
              <LineTest />
            </section>
          </div>
        </>
      )}
    </>
  );
}

const TONES = { off: '', connecting: 'warn', ready: 'good', lost: 'bad', refused: 'bad' } as const;

/** Whether the browser can be called, and the way to change it. */
function Switch({ accountId }: { accountId: string }): ReactNode {
  const { t } = useWords();
  const { link } = usePhone();
  const toast = useToast();
  const text = useProblemText();
  const isOff = link === 'off' || link === 'refused';
  return (
    <>
      <span className={`badge ${TONES[link]}`} role="status">
        {t(`phone.link.${link}`)}
      </span>
      <button
        type="button"
        className={isOff ? 'primary' : ''}
        onClick={() =>
          isOff ? void switchOn(accountId).catch((error: Error) => toast(text(error))) : phone.stop()
        }
      >
        {isOff ? t('phone.switchOn') : t('phone.switchOff')}
      </button>
    </>
  );
}

function Dial({ accountId, isReady }: { accountId: string; isReady: boolean }): ReactNode {
  const { t } = useWords();
  const [dialled, setDialled] = useState('');
  const call = (event: FormEvent) => {
    event.preventDefault();
    if (dialled.trim() === '' || !isReady) return;
    phone.call(dialled.trim());
    setDialled('');
  };
  return (
    <form className="sheet" onSubmit={call}>
      <h2>{t('phone.dial')}</h2>
      <input
        className="dialled"
        aria-label={t('phone.number')}
        inputMode="tel"
        dir="ltr"
        autoComplete="off"
        value={dialled}
        onChange={(event) => setDialled(event.target.value)}
      />
      <KeyPad onKey={(key) => setDialled((before) => before + key)} />
      <Price accountId={accountId} number={dialled.replaceAll(/[\s()./-]/g, '')} />
      <div className="row">
        <button type="submit" className="primary" disabled={!isReady || dialled.trim() === ''}>
          {t('phone.callIt')}
        </button>
        <button
          type="button"
          disabled={dialled === ''}
          onClick={() => setDialled((before) => before.slice(0, -1))}
        >
          {t('phone.erase')}
        </button>
      </div>
      {!isReady && <p className="help">{t('phone.switchOnFirst')}</p>}
    </form>
  );
}

/** What a minute to the number costs, by the function that bills it. */
function Price({ accountId, number }: { accountId: string; number: string }): ReactNode {
  const { t } = useWords();
  const account = useAnswer<{ deckId: string | null }>(`/accounts/${accountId}`);
  const deckId = account.data?.deckId ?? null;
  const isWhole = /^\+[1-9]\d{6,14}$/.test(number);
  const minute = useAnswer<{ charge: Amount }>(deckId !== null && isWhole ? `/decks/${deckId}/quote` : null, {
    number,
    seconds: 60,
  });
  if (!isWhole || !minute.data) return null;
  return (
    <p className="help" role="status">
      {t('phone.minuteCosts')} <Money of={minute.data.charge} />
    </p>
  );
}

function Contacts({ isReady }: { isReady: boolean }): ReactNode {
  const { t } = useWords();
  const { contacts, add, remove } = useContacts();
  const [name, setName] = useState('');
  const [number, setNumber] = useState('');
  const keep = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '' || number.trim() === '') return;
    add({ name: name.trim(), number: number.trim() });
    setName('');
    setNumber('');
  };
  return (
    <section className="sheet">
      <h2>{t('phone.contacts')}</h2>
      {contacts.length === 0 ? (
        <Empty title={t('phone.noContacts')}>{t('phone.contactsSay')}</Empty>
      ) : (
        <ul className="stack-small">
          {contacts.map((contact) => (
            <li key={contact.number} className="row spread">
              <span>
                <bdi dir="auto">{contact.name}</bdi> <Digits>{contact.number}</Digits>
              </span>
              <span className="row">
                <button
                  type="button"
                  className="tiny"
                  disabled={!isReady}
                  onClick={() => phone.call(contact.number)}
                >
                  {t('phone.callIt')}
                </button>
                <button type="button" className="tiny plain" onClick={() => remove(contact.number)}>
                  {t('phone.remove')}
                </button>
              </span>
            </li>
          ))}
        </ul>
      )}
      <form className="fields" onSubmit={keep}>
        <div className="field">
          <label htmlFor="contact-name">{t('name')}</label>
          <input
            id="contact-name"
            dir="auto"
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor="contact-number">{t('phone.number')}</label>
          <input
            id="contact-number"
            dir="ltr"
            inputMode="tel"
            maxLength={40}
            value={number}
            onChange={(event) => setNumber(event.target.value)}
          />
        </div>
        <button type="submit">{t('phone.addContact')}</button>
      </form>
    </section>
  );
}
