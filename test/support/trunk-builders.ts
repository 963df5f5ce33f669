import { DEFAULT_OUTWARD, type Outward } from '../../src/trunks/outward';
import { DEFAULT_TRUNK, type OutwardTrunk, type Trunk } from '../../src/trunks/trunk';

/** A trunk outside any database, for the pure functions. */
export function aTrunk(of: Partial<Trunk> = {}): Trunk {
  return { ...DEFAULT_TRUNK, id: 'trunk', name: 'Trunk', state: 'active', ...of };
}

/** A trunk that takes calls at carrier.example. */
export function anOutwardTrunk(outward: Partial<Outward> = {}, of: Partial<Trunk> = {}): OutwardTrunk {
  const targets = [{ host: 'carrier.example', port: 5060 }];
  return { ...aTrunk(of), outward: { ...DEFAULT_OUTWARD, targets, ...outward } };
}
