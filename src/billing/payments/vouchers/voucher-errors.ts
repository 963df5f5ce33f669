import { AppError } from '../../../kernel/app-error';

/** Why a code was not taken; for the house's own records and tests, never for whoever typed it. */
export type VoucherRefusal = 'unknown' | 'used' | 'cancelled' | 'other-currency';

/** The code is no voucher that this account can redeem. Outside all reasons have the same words: which it was would help to guess. */
export class VoucherNotAccepted extends AppError {
  readonly code = 'voucher-not-accepted';
  constructor(readonly reason: VoucherRefusal) {
    super('this code cannot be redeemed');
  }
}

/** The voucher was not redeemed in time: it is worth nothing to anybody, so its owner may be told. */
export class VoucherExpired extends AppError {
  readonly code = 'voucher-expired';
  constructor(expiredAtMs: number) {
    super('this voucher has expired', { expiredAtMs });
  }
}

/** Too many wrong codes: no code is looked at for a while, right or wrong. */
export class VoucherLocked extends AppError {
  readonly code = 'voucher-locked';
  constructor(readonly lockedUntilMs: number) {
    super('too many wrong codes; try again later', { lockedUntilMs });
  }
}
