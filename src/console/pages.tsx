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
const accounts = () => import('./operator/accounts');
const decks = () => import('./operator/decks');
const deckImport = () => import('./operator/deck-import');
const house = () => import('./operator/house');
const money = () => import('./operator/money');
const offers = () => import('./operator/offers');
const people = () => import('./operator/people');
const trunks = () => import('./operator/trunks');
const rooms = () => import('./panels/rooms');
const own = () => import('./customer/pages');
const settings = () => import('./customer/settings');
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
  page('/traffic', () => import('./operator/traffic'), 'TrafficPage'),
  page('/explain', () => import('./operator/explain'), 'ExplainPage'),
  page('/cases', house, 'CasesPage'),
  page('/trunks', trunks, 'TrunksPage'),
  page('/trunks/:trunkId', trunks, 'TrunkPage'),
  page('/numbers', () => import('./operator/numbers'), 'NumbersPage'),
  page('/decks', decks, 'DecksPage'),
  page('/decks/import', deckImport, 'DeckImportPage'),
  page('/decks/imports/:importId', deckImport, 'DeckImportReportPage'),
  page('/decks/:deckId', decks, 'DeckPage'),
  page('/accounts', accounts, 'AccountsPage'),
  page('/accounts/:accountId', accounts, 'AccountPage'),
  page('/rooms', () => import('./operator/rooms'), 'RoomsPage'),
  page('/rooms/:roomId', rooms, 'RoomPage'),
  page('/invoices', money, 'InvoicesPage'),
  page('/invoices/:invoiceId', () => import('./panels/invoices'), 'InvoicePage'),
  page('/reminders', offers, 'RemindersPage'),
  page('/payments', money, 'PaymentsPage'),
  page('/vouchers', offers, 'VouchersPage'),
  page('/plans', offers, 'PlansPage'),
  page('/ledger', () => import('./operator/ledger'), 'LedgerPage'),
  page('/alerts', house, 'AlertsPage'),
  page('/jobs', house, 'JobsPage'),
  page('/webhooks', () => import('./operator/webhooks'), 'WebhooksPage'),
  page('/health', house, 'HealthPage'),
  page('/audit', people, 'AuditPage'),
  page('/people', people, 'PeoplePage'),
  page('/keys', () => import('./panels/keys'), 'KeysPage'),
  page('/policies', () => import('./operator/policies'), 'PoliciesPage'),
  page('/home', own, 'HomePage'),
  page('/history', own, 'HistoryPage'),
  page('/my-rooms', own, 'OwnRoomsPage'),
  page('/messages', own, 'MessagesPage'),
  page('/devices', own, 'OwnDevicesPage'),
  page('/my-numbers', own, 'OwnNumbersPage'),
  page('/credit', own, 'CreditPage'),
  page('/my-invoices', own, 'OwnInvoicesPage'),
  page('/my-plan', own, 'OwnPlanPage'),
  page('/settings', settings, 'SettingsPage'),
  page('/security', settings, 'SecurityPage'),
];
