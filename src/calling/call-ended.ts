import type { RefusalReason } from './refuse-call';

/** A story found a reason to end its call. */
export class Refused extends Error {
  constructor(readonly reason: RefusalReason) {
    super(reason);
    this.name = 'Refused';
  }
}

/** The call ended while its story was still going on; says nothing more, `end` has it all. */
export class AlreadyEnded extends Error {}
