import type { AccountState } from '../../accounts/account';
import { AppError } from '../../kernel/app-error';

export { CapReached, DestinationClosed } from '../fraud-caps/caps-errors';
export { LimitReached } from '../../leases/lease';
export { HoldNotOpen, InsufficientCredit } from '../ledger/ledger-errors';

/** The payer's deck has no price for the number, so nobody could say what the call would cost. */
export class NoRate extends AppError {
  readonly code = 'no-rate';
  constructor(accountId: string, deckId: string | null, atMs: number) {
    super(
      deckId === null ? 'the account has no rate deck' : `the deck ${deckId} has no rate for this number`,
      {
        accountId,
        deckId: deckId ?? '',
        atMs,
      },
    );
  }
}

/** The payer's state allows no such leg: suspended and closed ones pay none, a limited one only legs that come in. */
export class AccountBlocked extends AppError {
  readonly code = 'account-blocked';
  constructor(accountId: string, state: AccountState) {
    super(`the account is ${state}`, { accountId, state });
  }
}
