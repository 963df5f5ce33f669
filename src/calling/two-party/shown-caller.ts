import type { Account } from '../../accounts/account';
import type { Sql } from '../../kernel/unit-of-work';
import { voipNumberOf } from '../../numbers/voip-numbers-store';

/** The caller as others see him. */
export type ShownCaller = {
  /** In E.164 or a 123-voip number; null when nothing is known of it. */
  readonly number: string | null;
  /** He asked that it be kept from the called (RFC 3323, RFC 3325). */
  readonly isWithheld: boolean;
  /** The account that calls; null for somebody from outside. */
  readonly accountId: string | null;
};

/** An account as those see it whom it calls among ourselves: by its 123-voip number. */
export async function shownCallerOf(sql: Sql, account: Account, isWithheld = false): Promise<ShownCaller> {
  return { number: await voipNumberOf(sql, account.id), isWithheld, accountId: account.id };
}
