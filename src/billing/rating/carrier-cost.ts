import type { CdrCost, StoredCdr } from '../../cdr/cdrs-store';
import { NotFound } from '../../kernel/app-error';
import { type Money, money, subtractMoney } from '../../kernel/money';
import { isE164 } from '../../kernel/phone-number';
import type { Database } from '../../kernel/unit-of-work';
import { quoteCall } from './find-rate';

/** What the carrier takes for a leg, before it is compared with the charge. */
export type CarrierPrice = Pick<CdrCost, 'amount' | 'working'>;

/**
 * Prices a leg by the carrier's deck: from the answer to the end, whatever of it the payer is charged; emergency legs too. Null when
 * the leg has no cost deck.
 */
export async function priceCarrier(database: Database, cdr: StoredCdr): Promise<CarrierPrice | null> {
  const { costDeckId: deckId, routedNumber } = cdr;
  if (deckId === null) return null;
  if (routedNumber === null || !isE164(routedNumber)) return unknown('the leg has no telephone number');
  const priced = await quoteCall(database, {
    deckId,
    number: routedNumber,
    atMs: cdr.startedAtMs,
    talkSeconds: connectedSeconds(cdr),
  }).catch((error: unknown) => {
    // A deck that is gone must not keep the leg from being charged.
    if (error instanceof NotFound) return null;
    throw error;
  });
  if (!priced) return unknown('the carrier has no deck with a rate for this number');
  return { amount: priced.charge, working: { ...priced.working } };
}

/** Cost and margin beside a charge. A charge of nothing compares with every currency. */
export function costBeside(charge: Money, { amount, working }: CarrierPrice): CdrCost {
  if (!amount) return { amount, margin: null, working: { ...working, noMargin: 'the cost is not known' } };
  if (charge.amountMicros === 0n)
    return { amount, margin: money(-amount.amountMicros, amount.currency), working };
  if (charge.currency !== amount.currency) {
    const noMargin = `the charge is in ${charge.currency}, the cost in ${amount.currency}`;
    return { amount, margin: null, working: { ...working, noMargin } };
  }
  return { amount, margin: subtractMoney(charge, amount), working };
}

function unknown(reason: string): CarrierPrice {
  return { amount: null, working: { reason } };
}

/** Whole started seconds that the carrier carried the leg for: a call into the lobby costs us though nobody is charged. */
function connectedSeconds({ answeredAtMs, endedAtMs }: StoredCdr): number {
  return answeredAtMs === null ? 0 : Math.max(0, Math.ceil((endedAtMs - answeredAtMs) / 1_000));
}
