import { AppError } from '../../kernel/app-error';
import { type Money, showMoney } from '../../kernel/money';

/** Paying this would take the account below its credit limit, counting what its running calls hold. */
export class InsufficientCredit extends AppError {
  readonly code = 'insufficient-credit';
  constructor(
    readonly needed: Money,
    readonly available: Money,
  ) {
    super(`needs ${showMoney(needed)}, has ${showMoney(available)}`, {
      needed: showMoney(needed),
      available: showMoney(available),
    });
  }
}

/** A set of entries that the ledger does not take: unbalanced, empty, too large, or for an account it does not know. */
export class PostingRefused extends AppError {
  readonly code = 'posting-refused';
  constructor(key: string, reason: string) {
    super(`posting ${key} refused: ${reason}`, { key, reason });
  }
}

/** A hold is not there, or was settled or released before: it can be neither grown nor used again. */
export class HoldNotOpen extends AppError {
  readonly code = 'hold-not-open';
  constructor(callId: string, state: string) {
    super(`the hold of call ${callId} is ${state}`, { callId, state });
  }
}

/** The account has the credit, but may not spend more on this day. */
export class DaySpent extends AppError {
  readonly code = 'day-spent';
  constructor(callId: string) {
    super(`no more may be held on this day for call ${callId}`, { callId });
  }
}

/** A freeze was taken, freed or has expired before: it ends once. */
export class FreezeNotOpen extends AppError {
  readonly code = 'freeze-not-open';
  constructor(freezeId: string, state: string) {
    super(`what was frozen for ${freezeId} is ${state}`, { freezeId, state });
  }
}

/** A correction above the limit is decided by another person than the one who asked for it. */
export class SecondPersonNeeded extends AppError {
  readonly code = 'second-person-needed';
  constructor(adjustmentId: string) {
    super('whoever asked for this cannot approve it; another person must', { adjustmentId });
  }
}
