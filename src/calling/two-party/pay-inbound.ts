import { isE164 } from '../../kernel/phone-number';
import type { CallingParts } from '../calling-parts';
import type { RunningCall } from '../running-call';
import type { Connectable } from '../plan-call';

/** The money of a leg that came in by a number whose owner pays for it. */
export type InboundCharge = { charge(): Promise<void> };

/**
 * Holds, before anything rings, what the owner of a number pays for a call to it; null when the number costs nothing. The leg is charged from the
 * answer on. @throws InsufficientCredit, NoRate, AccountBlocked, LimitReached
 */
export async function payInbound(
  parts: CallingParts,
  call: RunningCall,
  destination: Connectable,
): Promise<InboundCharge | null> {
  const did = destination.kind === 'user' ? destination.did : null;
  if (!did || did.rateDeckId === null || did.ownerAccountId === null || !isE164(did.number)) return null;
  const payerAccountId = did.ownerAccountId;
  const grant = await parts.credit.reserve({
    callId: call.id,
    payerAccountId,
    number: did.number,
    deckId: did.rateDeckId,
    startedAtMs: call.opened.startedAtMs,
    nowMs: call.now(),
    direction: 'inbound',
    roomId: null,
    kind: 'call',
    nodeId: parts.settings.nodeId,
  });
  return {
    charge: async () => {
      const chargedFromMs = call.answeredAtMs ?? call.now();
      await call.enter({ roomId: null, roomSessionId: null, roomRole: null, payerAccountId, chargedFromMs });
      call.watchCredit(chargedFromMs, grant);
    },
  };
}
