import { IDENTITY_SETTINGS } from './identity-settings';
import { MONEY_SETTINGS } from './money-settings';
import { RECORD_SETTINGS } from './record-settings';
import { SECURE_SIP_SETTINGS } from './secure-sip-settings';

/** How one setting is written, read and explained: `--help`, the README's table and all fault messages come from this. */
export type Setting =
  | {
      readonly type: 'text';
      readonly default: string;
      readonly about: string;
      readonly pattern?: RegExp;
      readonly form?: string;
    }
  | {
      readonly type: 'secret';
      readonly about: string;
      /** What a given one must look like; a fault never shows it. */
      readonly pattern?: RegExp;
      readonly form?: string;
      /** False: left out, it is empty instead of generated. */
      readonly generated?: false;
    }
  | {
      readonly type: 'integer';
      readonly unit: string;
      readonly default: number;
      readonly least: number;
      readonly most: number;
      readonly about: string;
    }
  | {
      readonly type: 'choice';
      readonly default: string;
      readonly choices: readonly string[];
      readonly about: string;
    };

const HOST = { pattern: /^[A-Za-z0-9.:[\]-]+$/, form: 'an IP address or host name' } as const;

/**
 * Every setting there is. The key is the environment variable's name. Empty host names of the two engines mean: run the
 * embedded servers. Secrets left out are generated into VAR_DIR on first start.
 */
export const SETTINGS = {
  BIND_ADDRESS: {
    type: 'text',
    default: '127.0.0.1',
    ...HOST,
    about: 'Address that SIP, RTP and the API listen on; a machine’s own address opens it to the network',
  },
  HTTP_PORT: {
    type: 'integer',
    unit: 'port',
    default: 8080,
    least: 0,
    most: 65535,
    about: 'Port of the API; 0 picks a free one',
  },
  HTTP_REQUESTS_PER_MINUTE: {
    type: 'integer',
    unit: 'requests',
    default: 1_200,
    least: 60,
    most: 10_000_000,
    about: 'Requests of one address in a minute; more get 429',
  },
  TRUSTED_PROXIES: {
    type: 'text',
    default: '',
    pattern: /^$|^[0-9a-fA-F.:]+(\/\d{1,3})?([\s,]+[0-9a-fA-F.:]+(\/\d{1,3})?){0,19}$/,
    form: 'up to 20 addresses or networks, as in 10.0.0.7, 192.0.2.0/24',
    about:
      'Proxies in front of the API, whose X-Forwarded-For says who asks; empty: whoever connects asks. Limits and delays count by that address',
  },
  SIP_PORT: {
    type: 'integer',
    unit: 'port',
    default: 5060,
    least: 0,
    most: 65535,
    about: 'Port that phones and trunks send SIP to (UDP and TCP); 0 picks a free one',
  },
  SIP_REALM: {
    type: 'text',
    default: '123-voip',
    pattern: /^[A-Za-z0-9.-]{1,60}$/,
    form: 'up to 60 letters, digits, points and hyphens',
    about:
      'Name that telephones sign in to; it is part of every stored password, so a change makes all of them wrong',
  },
  ROUTE_BY: {
    type: 'choice',
    default: 'cost',
    choices: ['cost', 'quality'],
    about:
      'What carriers are chosen by: what they cost, or how their calls of the last quarter of an hour went',
  },
  LEAST_MARGIN_PERCENT: {
    type: 'text',
    default: '',
    pattern: /^-?\d{1,3}$/,
    form: 'a whole number of percent, for example 5, or nothing for any margin',
    about:
      'Share of the price that must be left on the first increment for a carrier to be asked; empty asks those too that cost more than is earned',
  },
  HOUSE_LANGUAGE: {
    type: 'choice',
    default: 'en',
    choices: ['en', 'es', 'fr', 'de', 'ar'],
    about: 'Language spoken to whoever has chosen none',
  },
  ...SECURE_SIP_SETTINGS,
  EXTERNAL_ADDRESS: {
    type: 'text',
    default: '',
    ...HOST,
    about: 'Public address written into SIP and SDP when the machine is behind NAT',
  },
  VAR_DIR: {
    type: 'text',
    default: 'var',
    about: 'Folder of everything that must survive a restart: database, journal, secrets',
  },
  DATABASE_URL: {
    type: 'text',
    default: '',
    pattern: /^(sqlite:.+|(mysql|mariadb):\/\/.+)$/,
    form: 'sqlite:<file> or mysql://user:password@host:port/name',
    about: 'Database; empty means SQLite in VAR_DIR',
  },
  DRACHTIO_HOST: {
    type: 'text',
    default: '',
    ...HOST,
    about: 'Host of a real drachtio-server; empty runs the embedded SIP server',
  },
  DRACHTIO_PORT: {
    type: 'integer',
    unit: 'port',
    default: 9022,
    least: 1,
    most: 65535,
    about: 'Admin port of the real drachtio-server',
  },
  DRACHTIO_SECRET: { type: 'secret', about: 'Admin secret of drachtio-server' },
  FREESWITCH_HOST: {
    type: 'text',
    default: '',
    ...HOST,
    about: 'Host of a real FreeSWITCH; empty runs the embedded media server',
  },
  FREESWITCH_PORT: {
    type: 'integer',
    unit: 'port',
    default: 8021,
    least: 1,
    most: 65535,
    about: 'Event socket port of the real FreeSWITCH',
  },
  FREESWITCH_SECRET: { type: 'secret', about: 'Event socket password of FreeSWITCH' },
  FREESWITCH_PROFILE: {
    type: 'text',
    default: 'drachtio_mrf',
    pattern: /^[A-Za-z0-9_-]+$/,
    form: 'letters, digits, _ and -',
    about: 'Sofia profile that takes our calls on FreeSWITCH',
  },
  EVENT_LISTEN_ADDRESS: {
    type: 'text',
    default: '127.0.0.1',
    ...HOST,
    about: 'Address on which FreeSWITCH reaches us for its outbound event sockets',
  },
  PROMPTS_DIR: {
    type: 'text',
    default: '',
    about: 'Folder of the prompts as the media server sees it; empty means those of this program',
  },
  SPOOL_DIR: {
    type: 'text',
    default: '',
    about:
      'Folder that this service and the media server both reach by the same name, for spoken names and messages; names left by an earlier run are deleted at start, messages are kept; empty means VAR_DIR/spool',
  },
  RTP_PORT_MIN: {
    type: 'integer',
    unit: 'port',
    default: 16384,
    least: 1024,
    most: 65534,
    about: 'First RTP port of the embedded media server',
  },
  RTP_PORT_MAX: {
    type: 'integer',
    unit: 'port',
    default: 20383,
    least: 1025,
    most: 65535,
    about: 'Last RTP port of the embedded media server',
  },
  RTP_TIMEOUT_MS: {
    type: 'integer',
    unit: 'ms',
    default: 20_000,
    least: 2_000,
    most: 300_000,
    about: 'Silence on the wire after which a leg counts as dead; a real FreeSWITCH must be set to the same',
  },
  MAX_LIVE_CALLS: {
    type: 'integer',
    unit: 'calls',
    default: 500,
    least: 1,
    most: 100_000,
    about: 'Calls at once; one more is refused with 503',
  },
  CREDIT_AHEAD_SECONDS: {
    type: 'integer',
    unit: 's',
    default: 90,
    least: 70,
    most: 600,
    about:
      'How far ahead of a talking leg its money is held; at least 70, so that the 60 s warning can be spoken',
  },
  HEARTBEAT_MS: {
    type: 'integer',
    unit: 'ms',
    default: 5_000,
    least: 500,
    most: 60_000,
    about: 'How often live legs are noted in the journal: the most a crash can cost of a call’s length',
  },
  DRAIN_SECONDS: {
    type: 'integer',
    unit: 's',
    default: 30,
    least: 0,
    most: 3_600,
    about: 'How long live calls may go on after SIGTERM',
  },
  WEBHOOK_KEY: {
    type: 'secret',
    pattern: /^[0-9a-fA-F]{64}$/,
    form: '64 hexadecimal digits (32 random bytes)',
    about: 'Key that the secrets of webhook endpoints are derived from; another one changes them all',
  },
  WEBHOOK_TARGETS: {
    type: 'choice',
    default: 'public',
    choices: ['public', 'any'],
    about:
      'Where webhooks may go: public is https to public addresses; any allows HTTP and addresses of your own network',
  },
  SMTP_URL: {
    type: 'secret',
    pattern: /^smtps?:\/\/(?:[^\s@/]+@)?(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/,
    form: 'smtps://user:password@host:port, or smtp://host:port',
    generated: false,
    about: 'Mail server that voicemail, invoices and reminders are sent by; empty sends none, and they wait',
  },
  MAIL_FROM: {
    type: 'text',
    default: '123-voip@localhost',
    pattern: /^[^\s@<>",;:\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,180}[A-Za-z0-9])?$/,
    form: 'one mail address, for example voicemail@example.org',
    about: 'Address that mail of this service comes from',
  },
  LINK_KEY: {
    type: 'secret',
    pattern: /^[0-9a-fA-F]{64}$/,
    form: '64 hexadecimal digits (32 random bytes)',
    about: 'Key that links to invoices are signed with; a new one makes all that were sent void',
  },
  TRUNK_KEY: {
    type: 'secret',
    pattern: /^[0-9a-fA-F]{64}$/,
    form: '64 hexadecimal digits (32 random bytes)',
    about: 'Key that our passwords at carriers are sealed with; without it they must be set again',
  },
  STIR_CERT_FILE: {
    type: 'text',
    default: '',
    about:
      'PEM file of the certificate (its chain behind it) that calls are signed with; empty: calls are not signed',
  },
  STIR_KEY_FILE: {
    type: 'text',
    default: '',
    about: 'PEM file of the certificate’s private key, which is on the curve P-256',
  },
  STIR_CERT_URL: {
    type: 'text',
    default: '',
    pattern: /^https:\/\/[^\s<>"]{1,500}$/,
    form: 'a URL that begins with https://',
    about: 'Where others find the certificate that calls are signed with',
  },
  STIR_CA_FILE: {
    type: 'text',
    default: '',
    about:
      'PEM file of the authorities whose certificates are believed when others sign; empty: signatures are not checked',
  },
  ...RECORD_SETTINGS,
  ...MONEY_SETTINGS,
  ...IDENTITY_SETTINGS,
  NODE_ID: {
    type: 'text',
    default: 'node-1',
    pattern: /^[a-z0-9-]{1,36}$/,
    form: 'up to 36 small letters, digits and -',
    about: 'Name of this application node in CDRs and journal',
  },
  LOG_LEVEL: {
    type: 'choice',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    about: 'Least important lines that are logged',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof SETTINGS;

/** Every setting's value after reading; secrets are filled in. */
export type Config = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name]['type'] extends 'integer' ? number : string;
};

/** The settings as rows for `--help` and the README: name, unit or form, default, what it is for. */
export function describeSettings(): readonly {
  name: string;
  takes: string;
  default: string;
  about: string;
}[] {
  return Object.entries<Setting>(SETTINGS).map(([name, setting]) => ({
    name,
    takes: takes(setting),
    default: shownDefault(setting),
    about: setting.about,
  }));
}

function shownDefault(setting: Setting): string {
  if (setting.type === 'secret') return setting.generated === false ? '(empty)' : 'generated';
  return String(setting.default) || '(empty)';
}

function takes(setting: Setting): string {
  switch (setting.type) {
    case 'integer':
      return `${setting.unit}, ${setting.least} to ${setting.most}`;
    case 'choice':
      return setting.choices.join(' | ');
    case 'secret':
      return setting.form ? `secret, ${setting.form}` : 'secret';
    case 'text':
      return setting.form ?? 'text';
  }
}
