/** What a key may be allowed to do; every route names one of these. */
export const SCOPES = [
  'calls:read',
  'calls:end',
  /** Has the house call somebody at an account's cost. */
  'calls:begin',
  'cdrs:read',
  /** Brings in CDRs of other switches, which are charged. */
  'cdrs:import',
  /** Prices stored CDRs anew and corrects what was charged. */
  'cdrs:rerate',
  'rooms:read',
  'rooms:write',
  /** Acts in a room that somebody is in: mute, kick, record, call the list. */
  'rooms:control',
  /** Hears what was said in rooms. */
  'recordings:read',
  /** Deletes recordings and holds them back from deletion. */
  'recordings:write',
  'accounts:read',
  'accounts:write',
  'ledger:read',
  'ledger:write',
  /** Decides corrections above the limit that somebody else asked for. */
  'ledger:approve',
  /** Invoices, their files, statements, reminders and notices. */
  'invoices:read',
  /** Issues invoices and credit notes, settles disputes, sets who is billed and how; taxes and reminder plans. */
  'invoices:write',
  /** Publishes plans and lets accounts have them. */
  'plans:write',
  /** Makes vouchers, whose codes are money, and cancels them. */
  'vouchers:write',
  'decks:read',
  /** Changes what calls cost: imports, time bands, return to a former version. */
  'decks:write',
  /** Numbers lent by carriers: always whole, so only for roles that see numbers whole. */
  'dids:read',
  'dids:write',
  'trunks:read',
  'trunks:write',
  /** Which numbers an account may show, and the calls that prove them. */
  'caller-ids:read',
  'caller-ids:write',
  'metrics:read',
  'alerts:read',
  'cases:read',
  'cases:close',
  /** Work that is done by itself: schedules, and jobs that failed too often. */
  'jobs:read',
  'jobs:write',
  /** Who is told what happens, and what happened. */
  'webhooks:read',
  'webhooks:write',
  /** Telephones, where they are registered, and how an account is reached. */
  'devices:read',
  'devices:write',
  /** That there are messages of callers, from whom and when. */
  'voicemails:read',
  /** Hears messages: they are their owner's, so no role of staff but the administrator's has it. */
  'voicemails:hear',
  /** Marks messages as heard and deletes them. */
  'voicemails:write',
  /** Sees the SIP of calls. */
  'traces:read',
  /** Sees telephone numbers whole; without it they are masked. */
  'numbers:full',
  /** Sees numbers that their callers asked to keep from others. */
  'numbers:withheld',
  /** Sees what carriers take for a leg, and what is earned by it. */
  'costs:read',
  /** Who may sign in: names, mail addresses, roles. */
  'people:read',
  /** Invites staff, changes roles, blocks people. */
  'people:write',
  /** Publishes what people must agree to. */
  'policies:write',
  /** Makes keys of programs and ends them. */
  'keys:read',
  'keys:write',
  /** Who did what. */
  'audit:read',
] as const;

export type Scope = (typeof SCOPES)[number];

/** Staff, programs and customers. What a role may do is here and nowhere else; what is not named is denied. */
export const ROLES = {
  admin: SCOPES,
  support: [
    'calls:begin',
    'calls:read',
    'cdrs:read',
    'rooms:read',
    'accounts:read',
    'ledger:read',
    'invoices:read',
    'alerts:read',
    'devices:read',
    'devices:write',
    'traces:read',
    'voicemails:read',
    'voicemails:write',
    'people:read',
  ],
  finance: [
    'cdrs:read',
    'cdrs:import',
    'cdrs:rerate',
    'cases:read',
    'cases:close',
    'accounts:read',
    'accounts:write',
    'ledger:read',
    'ledger:write',
    'ledger:approve',
    'invoices:read',
    'invoices:write',
    'plans:write',
    'vouchers:write',
    'decks:read',
    'decks:write',
    'dids:read',
    'costs:read',
    'jobs:read',
    'numbers:full',
  ],
  moderator: [
    'calls:read',
    'calls:end',
    'cdrs:read',
    'rooms:read',
    'rooms:write',
    'rooms:control',
    'recordings:read',
  ],
  network: [
    'devices:read',
    'calls:read',
    'calls:end',
    'cdrs:read',
    'decks:read',
    'dids:read',
    'dids:write',
    'trunks:read',
    'trunks:write',
    'caller-ids:read',
    'caller-ids:write',
    'costs:read',
    'metrics:read',
    'alerts:read',
    'cases:read',
    'cases:close',
    'jobs:read',
    'jobs:write',
    'numbers:full',
    'traces:read',
  ],
  /** A customer: nothing of others; what he may do to his own is OWN_SCOPES. */
  user: [],
  /** A customer who is paid for being called. */
  host: [],
  /** A customer who looks after hosts. */
  agency: [],
} as const satisfies Readonly<Record<string, readonly Scope[]>>;

/**
 * What whoever has an account may do to its things, where a route says how they are known to be his own. What changes prices, terms or
 * another's money is not among them.
 */
export const OWN_SCOPES = [
  'accounts:read',
  'accounts:write',
  'calls:begin',
  'calls:read',
  'cdrs:read',
  'caller-ids:read',
  'caller-ids:write',
  'decks:read',
  'devices:read',
  'devices:write',
  'dids:read',
  'invoices:read',
  'invoices:write',
  'ledger:read',
  'ledger:write',
  'plans:write',
  'recordings:read',
  'recordings:write',
  'rooms:control',
  'rooms:read',
  'rooms:write',
  'voicemails:hear',
  'voicemails:read',
  'voicemails:write',
] as const satisfies readonly Scope[];

export type Role = keyof typeof ROLES;

/** Roles that have an account and reach what is their own. */
const CUSTOMER_ROLES: readonly Role[] = ['user', 'host', 'agency'];

export function isCustomer(role: Role): boolean {
  return CUSTOMER_ROLES.includes(role);
}

export function isRole(text: string): text is Role {
  return Object.hasOwn(ROLES, text);
}

/** What of `scopes` a key may do: all, or those it was made with when it was made with some. */
export function narrowed(scopes: readonly Scope[], narrowedTo: readonly string[]): readonly Scope[] {
  return narrowedTo.length === 0 ? scopes : scopes.filter((scope) => narrowedTo.includes(scope));
}
