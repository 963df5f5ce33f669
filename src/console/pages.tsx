import { type ComponentType, lazy } from 'react';

type Module = Readonly<Record<string, ComponentType<never>>>;
type Page = ComponentType<Readonly<Record<string, string>>>;
type PageEntry = { readonly path: string; readonly page: Page };

/** A page of a file that is loaded when it is first opened. */
function page(path: string, load: () => Promise<unknown>, name: string): PageEntry {
  const found = lazy(async () => ({ default: ((await load()) as Module)[name] as unknown as Page }));
  return { path, page: found };
}

const signIn = () => import('./sign-in/sign-in');
const tokens = () => import('./sign-in/token-pages');
const live = () => import('./operator/live');
const calls = () => import('./operator/calls');

/** Pages for everybody, signed in or not. */
export const FRONT_PAGES: readonly PageEntry[] = [
  page('/sign-in', signIn, 'SignIn'),
  page('/sign-up', () => import('./sign-in/sign-up'), 'SignUp'),
  page('/forgot-password', signIn, 'ForgotPassword'),
  page('/first-operator', tokens, 'FirstOperator'),
  page('/accept-invitation', tokens, 'AcceptInvitation'),
  page('/reset-password', tokens, 'ResetPassword'),
  page('/confirm-mail', tokens, 'ConfirmMail'),
  page('/join', () => import('./phone/join-page'), 'JoinPage'),
];

/** Pages for whoever is signed in; what he may see of them is the API's to say. */
export const PAGES: readonly PageEntry[] = [
  page('/phone', () => import('./phone/phone-page'), 'PhonePage'),
  page('/live', live, 'LivePage'),
  page('/live/rooms/:roomId', live, 'LiveRoomPage'),
  page('/calls', calls, 'CallsPage'),
  page('/calls/:cdrId', () => import('./operator/one-call'), 'OneCallPage'),
];
