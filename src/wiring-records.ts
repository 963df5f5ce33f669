import type { CallingParts } from './calling/calling-parts';
import { SwitchListener } from './cdr/switch-listener';
import { Reconciler } from './cdr/reconciler';
import type { MediaServers } from './media/media-servers';
import type { World } from './wiring-api';

/** What the media server tells of ended legs is kept and compared with our CDRs. */
export function reconcileWith(
  media: MediaServers,
  { config, log, clock }: World,
  undo: (() => Promise<void> | void)[],
  { database, keeper }: Pick<CallingParts, 'database' | 'keeper'>,
): void {
  const nodeId = config.NODE_ID;
  const listener = new SwitchListener({ database, nodeId, isConnected: () => media.ready, clock, log });
  media.onHungUp((facts) => listener.told(facts));
  listener.start();
  undo.push(() => listener.stop());
  const reconciler = new Reconciler({
    database,
    nodeId,
    rtpTimeoutMs: config.RTP_TIMEOUT_MS,
    isPending: (cdrId) => keeper.isPending(cdrId),
    clock,
    log,
  });
  reconciler.start();
  undo.push(() => reconciler.stop());
}
