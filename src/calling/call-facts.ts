import { lastDialled } from '../cdr/last-dialled';
import type { Sql } from '../kernel/unit-of-work';
import { callerIdNumber } from '../numbers/access-numbers-store';
import type { Caller } from './identify-caller';
import type { CallFacts } from './plan-call';
import { type Destination, findDestination } from './two-party/destination';

/** What a call says of itself. */
export type AskedCall = Pick<CallFacts, 'offer' | 'loop' | 'needsUnknownPrivacy'> & {
  readonly dialled: string;
};

/** Looks up what the dialled string leads to; the same for a real call and for explain. */
export async function gatherFacts(
  sql: Sql,
  caller: Caller,
  call: AskedCall,
  house: Pick<CallFacts, 'draining' | 'liveCalls' | 'maxLiveCalls'>,
): Promise<CallFacts> {
  const { dialled, ...asked } = call;
  const country = caller.kind === 'device' ? caller.account.country : null;
  const isGuest = caller.kind === 'guest';
  const destination: Destination = isGuest
    ? { kind: 'nobody', number: null }
    : await meant(sql, caller, await findDestination(sql, { dialled, country }));
  const isRated = isGuest || destination.kind === 'feature' || destination.kind === 'room';
  return {
    caller,
    destination,
    houseNumber: isRated ? await callerIdNumber(sql, null) : null,
    ...asked,
    ...house,
  };
}

/** Redial stands for the number that the account's telephones called last. */
async function meant(sql: Sql, caller: Caller, destination: Destination): Promise<Destination> {
  if (caller.kind !== 'device' || destination.kind !== 'feature' || destination.code !== 'redial')
    return destination;
  const { id, country } = caller.account;
  const dialled = await lastDialled(sql, id);
  return dialled === null ? { kind: 'nobody', number: null } : findDestination(sql, { dialled, country });
}
