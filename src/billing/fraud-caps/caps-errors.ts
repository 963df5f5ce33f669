import { AppError } from '../../kernel/app-error';
import type { CapName } from './caps';

/** A cap against fraud keeps the call from beginning. */
export class CapReached extends AppError {
  readonly code = 'cap-reached';
  constructor(
    accountId: string,
    readonly cap: Exclude<CapName, 'destination'>,
  ) {
    super(`the account has reached its cap: ${cap}`, { accountId, cap });
  }
}

/** The account has not opened the country that it calls. */
export class DestinationClosed extends AppError {
  readonly code = 'destination-closed';
  readonly cap = 'destination';
  constructor(
    accountId: string,
    readonly country: string,
  ) {
    super(`the account may not call ${country}: it is not open`, { accountId, country });
  }
}
