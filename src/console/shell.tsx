import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { ask } from './api/client';
import { isStaff, type Session, useFreshSession, useSession } from './api/session';
import { useAnswer } from './api/use-api';
import icon from './icon.svg';
import { CallBar } from './phone/call-bar';
import { phone } from './phone/softphone';
import { useWords, type WordKey } from './strings/words';
import { ZoneContext } from './ui/format';
import { LanguageSelect } from './ui/language';
import { useToast } from './ui/states';

type Entry = { readonly path: string; readonly word: WordKey; readonly scope?: string };

/** What staff see, by what they may. */
const STAFF_GROUPS: readonly { readonly word: WordKey; readonly entries: readonly Entry[] }[] = [
  {
    word: 'nav.calls',
    entries: [
      { path: '/live', word: 'nav.live', scope: 'calls:read' },
      { path: '/calls', word: 'nav.cdrs', scope: 'cdrs:read' },
      { path: '/traffic', word: 'nav.traffic', scope: 'cdrs:read' },
      { path: '/explain', word: 'nav.explain', scope: 'calls:read' },
      { path: '/cases', word: 'nav.cases', scope: 'cases:read' },
    ],
  },
  {
    word: 'nav.network',
    entries: [
      { path: '/trunks', word: 'nav.trunks', scope: 'trunks:read' },
      { path: '/numbers', word: 'nav.numbers', scope: 'dids:read' },
      { path: '/decks', word: 'nav.decks', scope: 'decks:read' },
    ],
  },
  {
    word: 'nav.customers',
    entries: [
      { path: '/accounts', word: 'nav.accounts', scope: 'accounts:read' },
      { path: '/rooms', word: 'nav.rooms', scope: 'rooms:read' },
      { path: '/invoices', word: 'nav.invoices', scope: 'invoices:read' },
      { path: '/reminders', word: 'nav.reminders', scope: 'invoices:read' },
      { path: '/payments', word: 'nav.payments', scope: 'ledger:read' },
      { path: '/vouchers', word: 'nav.vouchers', scope: 'vouchers:write' },
      { path: '/plans', word: 'nav.plans', scope: 'accounts:read' },
    ],
  },
  {
    word: 'nav.house',
    entries: [
      { path: '/ledger', word: 'nav.ledger', scope: 'ledger:read' },
      { path: '/alerts', word: 'nav.alerts', scope: 'alerts:read' },
      { path: '/jobs', word: 'nav.jobs', scope: 'jobs:read' },
      { path: '/webhooks', word: 'nav.webhooks', scope: 'webhooks:read' },
      { path: '/audit', word: 'nav.audit', scope: 'audit:read' },
      { path: '/people', word: 'nav.people', scope: 'people:read' },
      { path: '/policies', word: 'policies', scope: 'policies:write' },
      { path: '/keys', word: 'nav.keys', scope: 'keys:write' },
      { path: '/health', word: 'nav.health' },
    ],
  },
];

/** What whoever has an account sees of it. */
const OWN_GROUPS: readonly { readonly word: WordKey; readonly entries: readonly Entry[] }[] = [
  {
    word: 'nav.mine',
    entries: [
      { path: '/home', word: 'nav.home' },
      { path: '/phone', word: 'nav.phone' },
      { path: '/history', word: 'nav.history' },
      { path: '/my-rooms', word: 'nav.rooms' },
      { path: '/messages', word: 'nav.messages' },
      { path: '/devices', word: 'nav.devices' },
      { path: '/my-numbers', word: 'nav.callerId' },
    ],
  },
  {
    word: 'nav.money',
    entries: [
      { path: '/credit', word: 'nav.credit' },
      { path: '/my-invoices', word: 'nav.invoices' },
      { path: '/my-plan', word: 'nav.plan' },
    ],
  },
];

const EVERYBODY: { readonly word: WordKey; readonly entries: readonly Entry[] } = {
  word: 'nav.settings',
  entries: [
    { path: '/settings', word: 'nav.profile' },
    { path: '/security', word: 'nav.security' },
  ],
};

/** Groups of the navigation for a session. */
function groupsOf(session: Session) {
  const may = ({ scope }: Entry) => scope === undefined || session.scopes.includes(scope);
  return [
    ...(session.accountId === null ? [] : OWN_GROUPS),
    ...(isStaff(session) ? STAFF_GROUPS : []),
    EVERYBODY,
  ].flatMap((group) => {
    const entries = group.entries.filter(may);
    return entries.length > 0 ? [{ ...group, entries }] : [];
  });
}

/** The frame of all pages for whoever is signed in: navigation, who he is, and the way out. */
export function Shell({ children }: { children: ReactNode }): ReactNode {
  const { t } = useWords();
  const session = useSession();
  const [isOpen, setOpen] = useState(false);
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(location);
  const navigation = useId();
  useEffect(() => {
    if (shown.current === location) return;
    shown.current = location;
    setOpen(false);
    // Those who hear the page begin with what is new of it.
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [location]);
  const isHere = (path: string) => location === path || location.startsWith(`${path}/`);
  return (
    <AccountZone accountId={session.accountId}>
      <div className="frame">
        <a className="skip" href="#main">
          {t('skip')}
        </a>
        <div className="topbar">
          <Brand />
          <button
            type="button"
            aria-expanded={isOpen}
            aria-controls={navigation}
            onClick={() => setOpen(!isOpen)}
          >
            {t('menu')}
          </button>
        </div>
        <nav id={navigation} className={isOpen ? 'side open' : 'side'} aria-label={t('menu')}>
          <Brand />
          {groupsOf(session).map(({ word, entries }) => (
            <div key={word}>
              <h2>{t(word)}</h2>
              <ul>
                {entries.map(({ path, word }) => (
                  <li key={path}>
                    <Link href={path} aria-current={isHere(path) ? 'page' : undefined}>
                      {t(word)}
                    </Link>
                  </li>
                ))}
              </ul>
            </div>
          ))}
          <Who />
        </nav>
        <main className="main" id="main" tabIndex={-1} ref={main}>
          <CallBar />
          {children}
        </main>
      </div>
    </AccountZone>
  );
}

function Brand(): ReactNode {
  return (
    <Link className="brand" href="/">
      <img src={icon} alt="" />
      <bdi>123-voip</bdi>
    </Link>
  );
}

function Who(): ReactNode {
  const { t, wordOf } = useWords();
  const { person, role } = useSession();
  const fresh = useFreshSession();
  const toast = useToast();
  const [, go] = useLocation();
  const signOut = async () => {
    try {
      phone.stop();
      await ask('/session', { method: 'DELETE' });
      go('/sign-in');
      await fresh();
    } catch {
      toast(t('problem.unreachable'));
    }
  };
  return (
    <div className="who">
      <div>
        <strong dir="auto">{person.name}</strong>
        <div className="small soft">{wordOf('role', role)}</div>
      </div>
      <LanguageSelect />
      <button type="button" onClick={() => void signOut()}>
        {t('signOut')}
      </button>
    </div>
  );
}

/** Times are shown in the zone of the account's billing profile, where it has one. */
function AccountZone({ accountId, children }: { accountId: string | null; children: ReactNode }): ReactNode {
  const profile = useAnswer<{ timeZone: string | null }>(
    accountId === null ? null : `/accounts/${accountId}/billing-profile`,
  );
  const zone = profile.data?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return <ZoneContext.Provider value={zone}>{children}</ZoneContext.Provider>;
}
