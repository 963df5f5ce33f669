import type { Setting } from './settings';

/** The settings of people who sign in. */
export const IDENTITY_SETTINGS = {
  PUBLIC_URL: {
    type: 'text',
    default: '',
    pattern: /^https?:\/\/[^\s<>"/]{1,200}$/,
    form: 'a URL without a path, for example https://voice.example.org',
    about:
      'What addresses of this service begin with, from outside: links in mails, and the pages that may ask for changes; empty leaves links out of mails',
  },
  SIGN_UP_DECK: {
    type: 'text',
    default: '',
    pattern: /^.{1,100}$/,
    form: 'the name of a rate deck',
    about: 'Deck that prices the calls of whoever signs up; empty: he can make none that cost',
  },
  IDENTITY_KEY: {
    type: 'secret',
    pattern: /^[0-9a-fA-F]{64}$/,
    form: '64 hexadecimal digits (32 random bytes)',
    about:
      'Key that the secrets of authenticator programs are sealed with; without it they must be set up again',
  },
  OIDC_PROVIDERS: {
    type: 'text',
    default: '',
    about:
      'Providers that people may sign in by (OpenID Connect), as JSON: `[{"id": "google", "label": "Google", "issuer": "https://accounts.google.com", "clientId": "…"}]`; Facebook’s issuer is `https://www.facebook.com` and needs `scope` and `tokenEndpoint`, see src/people/README.md; empty: none',
  },
  OIDC_CLIENT_SECRETS: {
    type: 'secret',
    generated: false,
    about:
      'What we prove ourselves to these providers with, as JSON by their ids: `{"google": "…"}`; a provider that is left out knows us by PKCE alone',
  },
} as const satisfies Readonly<Record<string, Setting>>;
