import type Srf from 'drachtio-srf';
import { findRate } from './billing/rating/find-rate';
import { sendOutsideBy } from './calling/trunk-watch/outside-request';
import { TrunkQualities } from './calling/trunk-watch/trunk-quality';
import { TrunkPrices } from './calling/trunk-watch/trunk-prices';
import { TrunkWatch } from './calling/trunk-watch/trunk-watch';
import type { RouteParts, TrunkKnowledge } from './calling/two-party/find-route';
import type { Config } from './config/settings';
import type { Database } from './kernel/unit-of-work';
import type { Clock } from './kernel/clock';
import { findDeckHead } from './billing/rating/rates-store';
import { validRates } from './billing/rating/valid-rates';
import type { OtherCaller } from './calling/identify-caller';
import type { OtherNames } from './phones/authenticate';
import { findGuest } from './rooms/guests/guests-store';
import { trunkByDigestUsername } from './trunks/trunks-store';
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
      ...prices(database, clock),
      isAlive: (trunkId, target) => watch.isAlive(trunkId, target),
      callFailed: (trunkId, target) => watch.callFailed(trunkId, target),
      quality: () => qualities.latest(),
    },
  };
}

/** What is known without a running service: prices; every trunk counts as alive, since nobody asks it. */
export function knowledgeOffline(database: Database, clock: Clock): TrunkKnowledge {
  const qualities = new TrunkQualities(database, clock);
  return {
    ...prices(database, clock),
    isAlive: () => true,
    callFailed: () => undefined,
    quality: () => qualities.latest(),
  };
}

function prices(database: Database, clock: Clock): Pick<TrunkKnowledge, 'price' | 'priced'> {
  const sql = database.read;
  const book = new TrunkPrices(
    {
      version: async (deckId) => (await findDeckHead(sql, deckId))?.version ?? null,
      open: (deckId, atMs) => validRates(sql, deckId, atMs),
    },
    clock,
  );
  return {
    price: (wanted) => findRate(database, wanted),
    priced: (digits, trunks) => book.priced(digits, trunks),
  };
}

/** How trunks are chosen, by the configuration. */
export function routeSettings(config: Config): RouteParts['settings'] {
  return {
    routeBy: config.ROUTE_BY === 'quality' ? 'quality' : 'cost',
    leastMarginPercent: config.LEAST_MARGIN_PERCENT === '' ? null : Number(config.LEAST_MARGIN_PERCENT),
  };
}

/** Who may answer a challenge without being a device: guests of rooms, and trunks that call in by digest. */
export function otherNames(database: Database, clock: Clock, realm: string): OtherNames<OtherCaller> {
  return async (username) => {
    const known = await findGuest(database.read, username, clock.nowMs());
    if (known) return { found: { kind: 'guest', guest: known.guest }, hashes: known.hashes };
    const found = await trunkByDigestUsername(database.read, username);
    // A trunk whose password was made for another realm cannot answer our challenges.
    if (!found || found.realm !== realm) return null;
    return { found: { kind: 'trunk', trunk: found.trunk }, hashes: found.hashes };
  };
}
