import { type ReactNode, Suspense } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { isStaff, SessionContext, useSessionQuery } from './api/session';
import { FRONT_PAGES, PAGES } from './pages';
import { Front } from './sign-in/front';
import { PolicyGate } from './sign-in/policy-gate';
import { Shell } from './shell';
import { useWords } from './strings/words';
import { Failed } from './ui/loaded';
import { Empty, Skeleton, Toasts } from './ui/states';

/** Chooses between the pages for everybody and those for whoever is signed in. */
export function App(): ReactNode {
  return (
    <Toasts>
      <Suspense fallback={<Skeleton />}>
        <Switch>
          {FRONT_PAGES.map(({ path, page: Page }) => (
            <Route key={path} path={path}>
              <Front>
                <Suspense fallback={<Skeleton />}>
                  <Page />
                </Suspense>
              </Front>
            </Route>
          ))}
          <Route>
            <SignedIn />
          </Route>
        </Switch>
      </Suspense>
    </Toasts>
  );
}

function SignedIn(): ReactNode {
  const session = useSessionQuery();
  const [location] = useLocation();
  const { t } = useWords();
  if (session.isPending) return <Skeleton />;
  if (session.error && session.data === undefined)
    return (
      <Front>
        <Failed problem={session.error} retry={() => void session.refetch()} />
      </Front>
    );
  if (!session.data) {
    const back = location === '/' ? '' : `?to=${encodeURIComponent(location + window.location.search)}`;
    return <Redirect to={`/sign-in${back}`} replace />;
  }
  if (session.data.policiesToAccept.length > 0) return <PolicyGate missing={session.data.policiesToAccept} />;
  const home = isStaff(session.data) ? '/live' : '/home';
  return (
    <SessionContext.Provider value={session.data}>
      <Shell>
        <Suspense fallback={<Skeleton lines={8} />}>
          <Switch>
            <Route path="/">
              <Redirect to={home} replace />
            </Route>
            {PAGES.map(({ path, page: Page }) => (
              <Route key={path} path={path}>
                {(parameters) => <Page {...(parameters as Readonly<Record<string, string>>)} />}
              </Route>
            ))}
            <Route>
              <Empty title={t('noPage')}>
                <a href="/">{t('toStart')}</a>
              </Empty>
            </Route>
          </Switch>
        </Suspense>
      </Shell>
    </SessionContext.Provider>
  );
}
