import { AppError } from '../kernel/app-error';

/** How long a call's leases live without being renewed: what a crash costs. Nodes renew three times as often. */
export const CALL_LEASE_MS = 60_000;

/** One place wanted in a scope, and how many places the scope has in all. */
export type LeaseWish = {
  /** What is limited, at most 120 characters: `account:<id>`, `account-out:<id>`, `room:<id>`, `trunk-out:<id>`. */
  readonly scope: string;
  /** Most leases that may be open at once; 0 lets nobody in. A scope without a limit is not wished for. */
  readonly limit: number;
};

/** All places of a scope are taken; of starts, all of this second. */
export class LimitReached extends AppError {
  readonly code = 'limit-reached';
  constructor(
    readonly scope: string,
    readonly limit: number,
  ) {
    super(`${scope} has all of its ${limit} places taken`, { scope, limit });
  }
}
