/**
 * The parent of every error that a caller, user or operator can be told about. `code` is stable and is what the two
 * tables (calling/refuse-call, http/error-response) map from; `facts` carry numbers and names with their units, never secrets.
 */
export abstract class AppError extends Error {
  abstract readonly code: string;
  readonly facts: Readonly<Record<string, string | number | boolean>>;

  constructor(message: string, facts: Readonly<Record<string, string | number | boolean>> = {}) {
    super(message);
    this.name = new.target.name;
    this.facts = facts;
  }
}

/** A value from outside that does not fit: names the field, what is wrong with it and what would be right. */
export class InvalidInput extends AppError {
  readonly code = 'invalid-input';
  constructor(field: string, problem: string, remedy: string) {
    super(`${field}: ${problem}; ${remedy}`, { field, problem, remedy });
  }
}

/** Something was asked for by id that is not there (or that the asker may not know of). */
export class NotFound extends AppError {
  readonly code = 'not-found';
  constructor(kind: string, id: string) {
    super(`no ${kind} ${id}`, { kind, id });
  }
}

/** The wish contradicts what is already stored. */
export class Conflict extends AppError {
  readonly code = 'conflict';
  constructor(message: string, facts: Readonly<Record<string, string | number | boolean>> = {}) {
    super(message, facts);
  }
}

/** Marks a switch arm that the type system says cannot be reached. */
export function assertNever(value: never): never {
  throw new Error(`unreachable case: ${JSON.stringify(value)}`);
}
