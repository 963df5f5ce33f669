import { z } from 'zod';
import { AppError, InvalidInput } from '../kernel/app-error';
import { ImportRefused } from '../csv/read-csv-file';

/** The caller did not say who he is, or may not do this. */
export class Denied extends AppError {
  readonly code: 'unauthenticated' | 'forbidden' | 'too-many-tries';
  constructor(code: Denied['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** A request whose parts do not fit the route's schemas: one line a fault. */
export class BadRequest extends AppError {
  readonly code = 'bad-request';
  constructor(readonly faults: readonly { field: string; problem: string }[]) {
    super(faults.map(({ field, problem }) => `${field}: ${problem}`).join('; '));
  }
}

/** An Idempotency-Key that cannot be used for this request. */
export class IdempotencyConflict extends AppError {
  readonly code: 'idempotency-key-reused' | 'idempotency-in-progress';
  constructor(code: IdempotencyConflict['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** One thing that does not fit; `line` when it is in a file. */
export type Fault = {
  readonly field: string;
  readonly problem: string;
  readonly line?: number;
  readonly remedy?: string;
};

/** RFC 9457. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly faults?: readonly Fault[];
};

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  faults: z
    .array(
      z.object({
        field: z.string(),
        problem: z.string(),
        line: z.number().optional(),
        remedy: z.string().optional(),
      }),
    )
    .optional(),
});

/** THE TABLE: code of an error → HTTP status and title. What is not in it is a fault of ours and says nothing of itself. */
const STATUS: Readonly<Record<string, readonly [status: number, title: string]>> = {
  'bad-request': [400, 'The request does not fit'],
  'invalid-input': [422, 'A value does not fit'],
  'invalid-amount': [422, 'A value does not fit'],
  'invalid-currency': [422, 'A value does not fit'],
  unauthenticated: [401, 'Who are you?'],
  'wrong-credentials': [401, 'Not signed in'],
  'too-young': [422, 'Not old enough'],
  'reason-needed': [403, 'What for?'],
  'not-vouched-for': [503, 'The provider does not answer'],
  'link-not-good': [422, 'The link does not count'],
  'too-many-tries': [429, 'Too many tries'],
  forbidden: [403, 'Not allowed'],
  'room-not-opened': [403, 'The room does not open'],
  'guest-unknown': [401, 'Who are you?'],
  'not-found': [404, 'Not found'],
  conflict: [409, 'Contradicts what is stored'],
  'import-refused': [422, 'Lines of the file do not fit'],
  'idempotency-in-progress': [409, 'The same request is being worked on'],
  'idempotency-key-reused': [422, 'The Idempotency-Key belongs to another request'],
  'insufficient-credit': [402, 'Not enough credit'],
  'no-rate': [422, 'No price'],
  'account-blocked': [409, 'The account is blocked'],
  'limit-reached': [409, 'All places are taken'],
  'cap-reached': [409, 'A cap is reached'],
  'destination-closed': [409, 'The country is not open'],
  'voucher-not-accepted': [422, 'Not redeemed'],
  'voucher-expired': [422, 'Not redeemed'],
  'voucher-locked': [429, 'Too many tries'],
  'posting-refused': [422, 'The ledger refused'],
  'freeze-not-open': [409, 'Not frozen any more'],
  'second-person-needed': [403, 'Another person must decide'],
  'no-payment-provider': [409, 'Cards are not taken here'],
  'webhook-refused': [400, 'Not signed by the payment provider'],
  'mixed-currencies': [422, 'Two currencies'],
  'action-refused': [409, 'Not done'],
  'recording-damaged': [500, 'The recording is damaged'],
  'recording-key-unknown': [500, 'The key of the recording is missing'],
  'wrong-code': [422, 'The code is wrong'],
  'not-proven': [409, 'The number is not proven'],
  'too-many-house-calls': [503, 'The house makes as many calls as it can'],
  'forbidden-target': [422, 'Not a public address'],
  'seal-broken': [500, 'The password cannot be opened'],
  'too-slow': [422, 'The search is too wide'],
  'media-unavailable': [503, 'No media server'],
};

/** What the outside is told of an error. */
export function problemOf(error: unknown): Problem {
  const known = error instanceof AppError ? STATUS[error.code] : undefined;
  if (!(error instanceof AppError) || !known)
    return { type: 'about:blank', title: 'A fault of ours', status: 500, detail: 'It has been logged.' };
  const [status, title] = known;
  return {
    type: `urn:123-voip:${error.code}`,
    title,
    status,
    detail: error.message,
    ...faultsOf(error),
  };
}

/** What does not fit, by field: pages put each at the field it names. */
function faultsOf(error: AppError): Pick<Problem, 'faults'> {
  if (error instanceof BadRequest || error instanceof ImportRefused) return { faults: error.faults };
  if (!(error instanceof InvalidInput)) return {};
  const { field, problem, remedy } = error.facts as { field: string; problem: string; remedy: string };
  return { faults: [{ field, problem, remedy }] };
}
