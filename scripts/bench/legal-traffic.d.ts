import type { Caps } from '../../src/billing/fraud-caps/caps';
import type { dayNumber, isNight } from '../../src/billing/fraud-caps/local-time';
import type { judgeCall } from '../../src/billing/fraud-caps/judge-call';

/** How many synthetic legal calls the caps refuse, by cap. */
export function hitsOfLegalCalls(wanted: {
  seed: number;
  calls: number;
  caps: Caps;
  zone: string;
  rules: {
    judgeCall: typeof judgeCall;
    dayNumber: typeof dayNumber;
    isNight: typeof isNight;
  };
}): Record<string, number>;
/** A generator of numbers from 0 to below 1 that begins the same for one seed. */
export function seededRandom(seed: number): () => number;
