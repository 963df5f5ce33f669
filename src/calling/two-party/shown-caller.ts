import type { Account } from '../../accounts/account';
import { callerIdChoiceOf } from '../../caller-id/proven-numbers-store';
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

/**
 * An account as those see it whom it calls among ourselves: by its 123-voip number. `isWithheld` is what the call itself asks; left out, what the account
 * wishes for all its calls.
 */
export async function shownCallerOf(sql: Sql, account: Account, isWithheld?: boolean): Promise<ShownCaller> {
  return {
    number: await voipNumberOf(sql, account.id),
    isWithheld: isWithheld ?? (await callerIdChoiceOf(sql, account.id)).withholds,
    accountId: account.id,
  };
}
