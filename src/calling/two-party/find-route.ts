import { readAccount } from '../../accounts/accounts-store';
import { randomShare } from '../../kernel/ids';
import { digitsOf, type E164, isE164 } from '../../kernel/phone-number';
import { type Candidate, type Choice, chooseTrunks, type DeckPrice } from '../../trunks/choose-trunks';
import type { OutwardTrunk } from '../../trunks/trunk';
import { outwardTrunks } from '../../trunks/trunks-store';
import type { CallingParts } from '../calling-parts';
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
  /** The price of a number in a deck; null when it has none. */
  price(wanted: { deckId: string; number: E164; atMs: number }): Promise<DeckPrice | null>;
  /** Whether a trunk answers, as far as it is asked. */
  isAlive(trunkId: string): boolean;
  /** How the trunk's calls went lately. */
  quality(trunkIds: readonly string[], nowMs: number): Promise<ReadonlyMap<string, Candidate['quality']>>;
};

/** Looks up what the choice depends on and makes it (choose-trunks, pure); the same for a real call and for explain. */
export async function findRoute(
  parts: Pick<CallingParts, 'database' | 'trunkKnowledge' | 'settings'>,
  { destination, payerAccountId, nowMs }: RouteWish,
): Promise<Route> {
  const { database, trunkKnowledge, settings } = parts;
  const trunks = await outwardTrunks(database.read);
  const number = destination.kind === 'telephone' && isE164(destination.number) ? destination.number : null;
  const price = async (deckId: string | null): Promise<DeckPrice | null> =>
    deckId === null || number === null ? null : trunkKnowledge.price({ deckId, number, atMs: nowMs });
  const ids = trunks.map(({ id }) => id);
  const quality =
    settings.routeBy === 'quality' && number !== null
      ? await trunkKnowledge.quality(ids, nowMs)
      : new Map<string, Candidate['quality']>();
  const candidates = await Promise.all(
    trunks.map(
      async (trunk): Promise<Candidate> => ({
        trunk,
        cost: await price(trunk.outward.costDeckId),
        alive: trunkKnowledge.isAlive(trunk.id),
        quality: quality.get(trunk.id) ?? null,
      }),
    ),
  );
  const payer = payerAccountId === null ? null : await readAccount(database.read, payerAccountId);
  const sale = payer && (await price(payer.deckId));
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
  return { choice, trunks: new Map(trunks.map((trunk) => [trunk.id, trunk])), sale };
}
