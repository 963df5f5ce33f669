import type { HungUpLeg } from '../kernel/hung-up-leg';

/** The leg of a caller or callee, which must have a CDR. */
export type SwitchLeg = Omit<HungUpLeg, 'cdrId' | 'purpose'> & { readonly cdrId: string };

/** The leg as one of a call; null for taps and whatever else is no call of ours. */
export function legOfCall({ cdrId, purpose, ...leg }: HungUpLeg): SwitchLeg | null {
  return cdrId === null || purpose !== null ? null : { ...leg, cdrId };
}
