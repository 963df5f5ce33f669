/** A telephone, or a program that is one: it proves itself by a password of its own. An account has several. */
export type Device = {
  readonly id: string;
  readonly accountId: string;
  /** What its owner calls it. */
  readonly name: string;
  /** Drawn by us: begins with a letter, so that no telephone number is ever one. */
  readonly username: string;
  readonly state: 'active' | 'revoked';
  /** A page is a telephone for some hours only. */
  readonly kind: 'phone' | 'browser';
  readonly createdAtMs: number;
  /** From then on its password is good for nothing; null: it does not run out. */
  readonly expiresAtMs: number | null;
};

const USERNAME_FORM = /^[a-z][a-z0-9]{9}$/;

/** Whether a text could be the username of a device. */
export function isUsername(text: string): boolean {
  return USERNAME_FORM.test(text);
}
