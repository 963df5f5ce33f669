import type Srf from 'drachtio-srf';
import { findRate } from './billing/rating/find-rate';
import { sendOutsideBy } from './calling/trunk-watch/outside-request';
import { TrunkQualities } from './calling/trunk-watch/trunk-quality';
import { TrunkWatch } from './calling/trunk-watch/trunk-watch';
import type { TrunkKnowledge } from './calling/two-party/find-route';
import type { Database } from './kernel/unit-of-work';
import { trunkKey } from './trunks/trunk-secrets';
import type { World } from './wiring-api';

/** Puts together what is known of trunks beside their settings, and who finds it out; the watch is to be started once SIP is connected. */
export function wireTrunks(
  { config, log, clock }: World,
  parts: { readonly srf: Srf; readonly database: Database; readonly isConnected: () => boolean },
): { readonly watch: TrunkWatch; readonly knowledge: TrunkKnowledge } {
  const { srf, database, isConnected } = parts;
  const watch = new TrunkWatch({
    database,
    clock,
    log,
    nodeId: config.NODE_ID,
    trunkKey: trunkKey(config.TRUNK_KEY),
    send: sendOutsideBy(srf, clock),
    isConnected,
  });
  const qualities = new TrunkQualities(database, clock);
  return {
    watch,
    knowledge: {
      price: (wanted) => findRate(database, wanted),
      isAlive: (trunkId, target) => watch.isAlive(trunkId, target),
      callFailed: (trunkId, target) => watch.callFailed(trunkId, target),
      quality: () => qualities.latest(),
    },
  };
}
