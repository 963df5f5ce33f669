/** What a VAT number looks like behind its country's letters (VIES). EL is Greece, XI Northern Ireland. */
const FORMS: Readonly<Record<string, RegExp>> = {
  AT: /^U\d{8}$/,
  BE: /^[01]\d{9}$/,
  BG: /^\d{9,10}$/,
  CY: /^\d{8}[A-Z]$/,
  CZ: /^\d{8,10}$/,
  DE: /^[1-9]\d{8}$/,
  DK: /^\d{8}$/,
  EE: /^\d{9}$/,
  EL: /^\d{9}$/,
  ES: /^[A-Z0-9]\d{7}[A-Z0-9]$/,
  FI: /^\d{8}$/,
  FR: /^[A-HJ-NP-Z0-9]{2}\d{9}$/,
  HR: /^\d{11}$/,
  HU: /^\d{8}$/,
  IE: /^(\d{7}[A-W][A-I]?|\d[A-Z+*]\d{5}[A-W])$/,
  IT: /^\d{11}$/,
  LT: /^(\d{9}|\d{12})$/,
  LU: /^\d{8}$/,
  LV: /^\d{11}$/,
  MT: /^\d{8}$/,
  NL: /^\d{9}B\d{2}$/,
  PL: /^\d{10}$/,
  PT: /^\d{9}$/,
  RO: /^\d{2,10}$/,
  SE: /^\d{10}01$/,
  SI: /^[1-9]\d{7}$/,
  SK: /^\d{10}$/,
  XI: /^(\d{9}|\d{12}|GD\d{3}|HA\d{3})$/,
};

const digitsOf = (text: string) => text.split('').map(Number);
const weighted = (digits: readonly number[], weights: readonly number[]) =>
  weights.reduce((sum, weight, n) => sum + weight * (digits[n] ?? 0), 0);

/** Check digits of the countries whose rule is public and has no exceptions. */
const CHECKS: Readonly<Record<string, (body: string) => boolean>> = {
  BE: (body) => 97 - (Number(body.slice(0, 8)) % 97) === Number(body.slice(8)),
  LU: (body) => Number(body.slice(0, 6)) % 89 === Number(body.slice(6)),
  DK: (body) => weighted(digitsOf(body), [2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0,
  FI: (body) => {
    const check = 11 - (weighted(digitsOf(body), [7, 9, 10, 5, 8, 4, 2]) % 11);
    return (check === 11 ? 0 : check) === Number(body[7]);
  },
  PL: (body) => weighted(digitsOf(body), [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === Number(body[9]),
  PT: (body) => {
    const rest = weighted(digitsOf(body), [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    return (rest < 2 ? 0 : 11 - rest) === Number(body[8]);
  },
  SI: (body) => {
    const check = 11 - (weighted(digitsOf(body), [8, 7, 6, 5, 4, 3, 2]) % 11);
    return check !== 11 && (check === 10 ? 0 : check) === Number(body[7]);
  },
  DE: (body) => isMod11Of10(body),
  HR: (body) => isMod11Of10(body),
  EL: (body) => (weighted(digitsOf(body), [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === Number(body[8]),
  IT: (body) => isLuhn(body),
  AT: (body) => {
    const digits = digitsOf(body.slice(1));
    const sum = digits
      .slice(0, 7)
      .reduce((total, digit, n) => total + (n % 2 === 0 ? digit : doubled(digit)), 0);
    return (10 - ((sum + 4) % 10)) % 10 === digits[7];
  },
};

/** ISO 7064, MOD 11,10. */
function isMod11Of10(body: string): boolean {
  const digits = digitsOf(body);
  let product = 10;
  for (const digit of digits.slice(0, -1)) {
    const sum = (digit + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === digits.at(-1);
}

function isLuhn(body: string): boolean {
  const sum = digitsOf(body)
    .toReversed()
    .reduce((total, digit, n) => total + (n % 2 === 0 ? digit : doubled(digit)), 0);
  return sum % 10 === 0;
}

function doubled(digit: number): number {
  return digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
}

/** The country, as ISO 3166-1 writes it, that a VAT number of the EU names; null for others. */
export function countryOfVatNumber(vatNumber: string): string | null {
  const letters = vatNumber.slice(0, 2);
  if (!Object.hasOwn(FORMS, letters)) return null;
  return letters === 'EL' ? 'GR' : letters;
}

/**
 * What is wrong with a VAT number of the EU, in words, or null. Whether it was really given to somebody only the tax office knows: this looks
 * at its form and, where the country's rule is public, its check digits. Numbers of other countries are taken as they are.
 */
export function faultOfVatNumber(vatNumber: string): string | null {
  if (!/^[A-Z]{2}[A-Z0-9+*]{2,16}$/.test(vatNumber)) return 'is no VAT number';
  const letters = vatNumber.slice(0, 2);
  const body = vatNumber.slice(2);
  const form = FORMS[letters];
  if (!form) return null;
  if (!form.test(body)) return `is not as ${letters} writes them`;
  return CHECKS[letters]?.(body) === false ? 'has wrong check digits' : null;
}
