import { InvalidInput } from '../kernel/app-error';
import { isCommonPassword } from './common-passwords';

export const LEAST_PASSWORD = 12;
export const MOST_PASSWORD = 128;

/** What must be left of a password without the words that everybody would try first. */
const LEAST_OF_ITS_OWN = 6;
/** A word of the context shorter than this may stand in a password by chance. */
const LEAST_WORD = 4;
const PRODUCT_WORDS = ['123-voip', '123voip', 'voip'];

/** A password as it is hashed: two ways to type one letter are one (Unicode NFKC). */
export function normalisedPassword(typed: string): string {
  return typed.normalize('NFKC');
}

/**
 * A new password, normalised. There are no rules about kinds of letters: length counts, and that it is none of those tried first (NIST SP 800-63B, 5.1.1.2).
 * @throws InvalidInput that says why, and never what was typed
 */
export function newPassword(
  field: string,
  typed: string,
  about: { readonly mail: string; readonly name: string },
): string {
  const password = normalisedPassword(typed);
  const length = Array.from(password).length;
  if (length < LEAST_PASSWORD || length > MOST_PASSWORD)
    throw new InvalidInput(
      field,
      `has ${length} characters`,
      `choose ${LEAST_PASSWORD} to ${MOST_PASSWORD}; several words make a good one`,
    );
  if (isGuessable(password.toLowerCase(), contextOf(about)))
    throw new InvalidInput(
      field,
      'is among those that are tried first',
      'choose several words that do not belong together, without your name or mail address',
    );
  return password;
}

function contextOf({ mail, name }: { readonly mail: string; readonly name: string }): readonly string[] {
  return [...mail.split(/[@.+_-]/), mail, ...name.toLowerCase().split(/[^\p{L}\p{N}]+/u), ...PRODUCT_WORDS]
    .filter((word) => word.length >= LEAST_WORD)
    .toSorted((a, b) => b.length - a.length);
}

function isGuessable(password: string, context: readonly string[]): boolean {
  if (new Set(password).size < LEAST_OF_ITS_OWN - 1) return true;
  let own = password;
  for (const word of context) own = own.replaceAll(word, '');
  if (Array.from(own).length < LEAST_OF_ITS_OWN) return true;
  return [password, own, withoutRim(password), withoutRim(own), shortestPeriod(password)].some(
    isCommonPassword,
  );
}

/** Without the digits and signs before and behind: "!!summer2026" is "summer". */
function withoutRim(password: string): string {
  return password.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
}

/** What a password repeats: "secretsecret" is "secret". */
function shortestPeriod(password: string): string {
  const at = `${password}${password}`.indexOf(password, 1);
  return password.slice(0, at);
}
