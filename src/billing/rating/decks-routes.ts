import { z } from 'zod';
import {
  cursorSchema,
  encodeCursor,
  limitSchema,
  moneyJson,
  moneySchema,
  type Route,
  route,
  timeSchema,
} from '../../http/route';
import { NotFound } from '../../kernel/app-error';
import { money } from '../../kernel/money';
import { e164 } from '../../kernel/phone-number';
import type { Database } from '../../kernel/unit-of-work';
import { listDecks, type RateDeck, readDeck } from './decks-store';
import { quoteCall } from './find-rate';
import { deckHeadAt, readRates } from './rates-store';

const deckSchema = z.object({
  id: z.string(),
  name: z.string(),
  currency: z.string(),
  chargeDecimals: z.number(),
  currentVersion: z.number(),
  createdAtMs: z.number(),
});
const rateSchema = z.object({
  prefix: z.string(),
  destination: z.string(),
  effectiveFromMs: z.number(),
  effectiveUntilMs: z.number().nullable(),
  rateVersion: z.number(),
  pricePerMinute: moneySchema,
  bandPrices: z.record(z.string(), moneySchema),
  connectFee: moneySchema,
  firstIncrementSeconds: z.number(),
  nextIncrementSeconds: z.number(),
  minimumSeconds: z.number(),
  graceSeconds: z.number(),
  minimumCharge: moneySchema,
  maximumCharge: moneySchema.nullable(),
});
const positionSchema = z.object({
  prefix: z.string().max(20),
  effectiveFromMs: z.number().int(),
  rateVersion: z.number().int(),
});
const deckParams = z.object({ deckId: z.string().max(36) });

/** URLs of rate decks. */
export function deckRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/decks',
      summary: 'Rate decks in the order they were made',
      scope: 'decks:read',
      query: z.object({ after: z.string().max(36).optional(), limit: limitSchema }),
      answer: { kind: 'json', schema: z.object({ decks: z.array(deckSchema), next: z.string().nullable() }) },
      handle: async ({ query }) => {
        const page = await listDecks(database.read, { afterId: query.after ?? null, limit: query.limit });
        return { decks: page.decks, next: page.nextAfterId };
      },
    }),
    route({
      method: 'get',
      path: '/decks/{deckId}/rates',
      summary: 'Rates of the deck in the order of their prefixes, as they are now or were in a version',
      scope: 'decks:read',
      own: { thing: 'deck', at: 'path.deckId' },
      params: deckParams,
      query: z.object({
        version: z.coerce.number().int().min(0).optional(),
        limit: limitSchema,
        cursor: cursorSchema(positionSchema).optional(),
      }),
      answer: { kind: 'json', schema: z.object({ rates: z.array(rateSchema), next: z.string().nullable() }) },
      handle: async ({ params, query }) => {
        const deck = await readDeck(database.read, params.deckId);
        const head = await deckHeadAt(database.read, deck.id, query.version ?? deck.currentVersion);
        const rates = await readRates(database.read, head, {
          after: query.cursor ?? null,
          limit: query.limit,
        });
        const last = rates.length === query.limit ? rates.at(-1) : undefined;
        return {
          rates: rates.map((rate) => ({
            prefix: rate.prefix,
            destination: rate.destination,
            effectiveFromMs: rate.effectiveFromMs,
            effectiveUntilMs: rate.effectiveUntilMs,
            rateVersion: rate.rateVersion,
            pricePerMinute: price(deck, rate.pricePerMinuteMicros),
            bandPrices: Object.fromEntries(
              Object.entries(rate.bandPrices ?? {}).map(([band, micros]) => [band, price(deck, micros)]),
            ),
            connectFee: price(deck, rate.connectFeeMicros),
            firstIncrementSeconds: rate.firstIncrementSeconds,
            nextIncrementSeconds: rate.nextIncrementSeconds,
            minimumSeconds: rate.minimumSeconds,
            graceSeconds: rate.graceSeconds,
            minimumCharge: price(deck, rate.minimumChargeMicros),
            maximumCharge: rate.maximumChargeMicros === null ? null : price(deck, rate.maximumChargeMicros),
          })),
          next: last
            ? encodeCursor({
                prefix: last.prefix,
                effectiveFromMs: last.effectiveFromMs,
                rateVersion: last.rateVersion,
              })
            : null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/decks/{deckId}/quote',
      summary: 'What a call would cost, by the function that bills it, with its working',
      scope: 'decks:read',
      own: { thing: 'deck', at: 'path.deckId' },
      params: deckParams,
      query: z.object({
        number: z.string().max(16),
        seconds: z.coerce.number().int().min(0).max(86_400),
        at: timeSchema.optional(),
      }),
      answer: {
        kind: 'json',
        schema: z.object({ charge: moneySchema, working: z.record(z.string(), z.unknown()) }),
      },
      handle: async ({ params, query, nowMs }) => {
        const number = e164(query.number, 'number');
        const quote = await quoteCall(database, {
          deckId: params.deckId,
          number,
          atMs: query.at ?? nowMs,
          talkSeconds: query.seconds,
        });
        if (!quote) throw new NotFound('rate for', query.number);
        return { charge: moneyJson(quote.charge), working: quote.working };
      },
    }),
  ];
}

function price(deck: RateDeck, priceMicros: number) {
  return moneyJson(money(BigInt(priceMicros), deck.currency));
}
