import { dictionary } from '@zxcvbn-ts/language-common';

let known: ReadonlySet<string> | null = null;

/** Whether a password is among the fifty thousand that leaks show most. Small letters are meant. */
export function isCommonPassword(password: string): boolean {
  // Made when first asked for: most starts of the program never do.
  known ??= new Set(dictionary['passwords-common'].map(String));
  return known.has(password);
}
