import type { Sql } from '../kernel/unit-of-work';
import { callerIdNumber } from '../numbers/access-numbers-store';
import type { Caller } from './identify-caller';
import type { CallFacts } from './plan-call';
import { findDestination } from './two-party/destination';

/** What a call says of itself. */
export type AskedCall = Pick<CallFacts, 'offer' | 'maxForwards' | 'isLoop'> & { readonly dialled: string };

/** Looks up what the dialled string leads to; the same for a real call and for explain. */
export async function gatherFacts(
  sql: Sql,
  caller: Caller,
  call: AskedCall,
  house: Pick<CallFacts, 'draining' | 'liveCalls' | 'maxLiveCalls'>,
): Promise<CallFacts> {
  const { dialled, ...asked } = call;
  const country = caller.kind === 'device' ? caller.account.country : null;
  const destination = await findDestination(sql, { dialled, country });
  const isRated = destination.kind === 'feature' || destination.kind === 'room';
  return {
    caller,
    destination,
    houseNumber: isRated ? await callerIdNumber(sql, null) : null,
    ...asked,
    ...house,
  };
}
