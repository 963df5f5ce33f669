import type { Setting } from './settings';

/** The settings of payments, corrections and payouts. */
export const MONEY_SETTINGS = {
  STRIPE_SECRET_KEY: {
    type: 'secret',
    pattern: /^(sk|rk)_(test|live)_[A-Za-z0-9]{3,250}$/,
    form: 'a key of Stripe that begins with sk_ or rk_',
    generated: false,
    about: 'Key of the account at Stripe that cards are paid to; empty: vouchers and bank transfers only',
  },
  STRIPE_WEBHOOK_SECRETS: {
    type: 'secret',
    pattern: /^whsec_[A-Za-z0-9+/=]{3,200}(\s*,\s*whsec_[A-Za-z0-9+/=]{3,200}){0,4}$/,
    form: 'up to five secrets that begin with whsec_, separated by commas',
    generated: false,
    about:
      'Secrets that Stripe signs webhooks with; two while one is exchanged for another. Empty: no webhook is believed, and payments are looked for every five minutes',
  },
  STRIPE_API_URL: {
    type: 'text',
    default: '',
    pattern: /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?$/,
    form: 'a URL without a path, for example http://127.0.0.1:12111',
    about: 'Where Stripe is spoken to, for a proxy or a test; empty means Stripe itself',
  },
  PAYMENT_RETURN_URL: {
    type: 'text',
    default: 'https://localhost/paid',
    pattern: /^https?:\/\/[^\s<>"]{1,500}$/,
    form: 'a URL',
    about: 'Page that payers come back to from the payment provider, paid or not',
  },
  BANK_TRANSFER_DETAILS: {
    type: 'text',
    default: '',
    pattern: /^[^\r\n]{1,500}$/,
    form: 'one line of up to 500 characters',
    about: 'What payers are told of your bank account (name, IBAN, BIC); empty: bank transfer is not offered',
  },
  ADJUSTMENT_APPROVAL_ABOVE: {
    type: 'integer',
    unit: 'units of the account’s currency',
    default: 50,
    least: 0,
    most: 1_000_000,
    about: 'Corrections of a balance above this, either way, need the approval of a second person',
  },
  EARNINGS_HOLD_DAYS: {
    type: 'integer',
    unit: 'days',
    default: 30,
    least: 0,
    most: 365,
    about: 'How long earnings of hosts, agencies and resellers wait before they can be paid out',
  },
} as const satisfies Readonly<Record<string, Setting>>;
