import { readAccount } from '../../accounts/accounts-store';
import { randomShare } from '../../kernel/ids';
import { digitsOf, type E164, isE164 } from '../../kernel/phone-number';
import { type Candidate, type Choice, chooseTrunks, type DeckPrice } from '../../trunks/choose-trunks';
import type { SipAddress } from '../../trunks/outward';
import type { OutwardTrunk } from '../../trunks/trunk';
import { outwardTrunks } from '../../trunks/trunks-store';
import type { PricedTrunk } from '../../trunks/route-book';
import type { CallingParts, CallingSettings } from '../calling-parts';
import type { Destination } from './destination';

/** What a route is looked for. */
export type RouteWish = {
  readonly destination: Extract<Destination, { kind: 'telephone' | 'emergency' }>;
  /** Whose deck says what the call sells for; null for a call that costs its caller nothing. */
  readonly payerAccountId: string | null;
  readonly nowMs: number;
};

/** Which trunks are asked and why, with what the decision was made from. */
export type Route = {
  readonly choice: Choice;
  readonly trunks: ReadonlyMap<string, OutwardTrunk>;
  /** What the payer is charged; null when nobody pays, or his deck has no price. */
  readonly sale: DeckPrice | null;
};

/** What is known of trunks beside what their operator set. */
export type TrunkKnowledge = {
  /** What a number sells for in a deck; null when it has no price there. */
  price(wanted: { deckId: string; number: E164; atMs: number }): Promise<DeckPrice | null>;
  /** The trunks that come into question for a number (its digits), with what they cost. */
  priced(digits: string, trunks: readonly OutwardTrunk[]): Promise<readonly PricedTrunk[]>;
  /** Whether a trunk answers, or this target of it, as far as it is asked. */
  isAlive(trunkId: string, target?: SipAddress): boolean;
  /** A call to this target got no answer. */
  callFailed(trunkId: string, target: SipAddress): void;
  /** How the trunk's calls went lately. */
  quality(trunkIds: readonly string[], nowMs: number): Promise<ReadonlyMap<string, Candidate['quality']>>;
};

export type RouteParts = Pick<CallingParts, 'database' | 'trunkKnowledge'> & {
  readonly settings: Pick<CallingSettings, 'routeBy' | 'leastMarginPercent'>;
};

/** Looks up what the choice depends on and makes it (choose-trunks, pure); the same for a real call and for explain. */
export async function findRoute(
  parts: RouteParts,
  { destination, payerAccountId, nowMs }: RouteWish,
): Promise<Route> {
  const { database, trunkKnowledge, settings } = parts;
  const all = await outwardTrunks(database.read);
  const number = destination.kind === 'telephone' && isE164(destination.number) ? destination.number : null;
  const priced =
    number === null
      ? all.map((trunk): PricedTrunk => ({ trunk, cost: null }))
      : await trunkKnowledge.priced(digitsOf(number), all);
  const quality =
    settings.routeBy === 'quality' && number !== null
      ? await trunkKnowledge.quality(
          priced.map(({ trunk }) => trunk.id),
          nowMs,
        )
      : new Map<string, Candidate['quality']>();
  const candidates = priced.map(({ trunk, cost }) => ({
    trunk,
    cost,
    alive: trunkKnowledge.isAlive(trunk.id),
    quality: quality.get(trunk.id) ?? null,
  }));
  const sale = number === null ? null : await saleOf(parts, { number, payerAccountId, nowMs });
  const choice = chooseTrunks({
    digits: number === null ? destination.number : digitsOf(number),
    candidates,
    sale,
    mode: settings.routeBy,
    marginFloor:
      settings.leastMarginPercent === null ? null : { shareOfSale: settings.leastMarginPercent / 100 },
    needs: { srtp: false, tls: false },
    emergency: destination.kind === 'emergency' ? { country: destination.country } : null,
    lots: candidates.map(() => randomShare()),
  });
  return { choice, trunks: new Map(all.map((trunk) => [trunk.id, trunk])), sale };
}

async function saleOf(
  { database, trunkKnowledge }: RouteParts,
  call: { readonly number: E164; readonly payerAccountId: string | null; readonly nowMs: number },
): Promise<DeckPrice | null> {
  if (call.payerAccountId === null) return null;
  const { deckId } = await readAccount(database.read, call.payerAccountId);
  return deckId === null ? null : trunkKnowledge.price({ deckId, number: call.number, atMs: call.nowMs });
}
