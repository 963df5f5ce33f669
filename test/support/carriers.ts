import { Readable } from 'node:stream';
import { importRateDeck } from '../../src/billing/rating/import-rate-deck';
import { currency } from '../../src/kernel/money';
import { systemClock } from '../../src/kernel/clock';
import { trunkKey } from '../../src/trunks/trunk-secrets';
import { createTrunk, type NewTrunk } from '../../src/trunks/trunks-store';
import { calleeScenario, decline, endedByHouse, pickUp, ring, speak, startCallees } from './sipp';
import type { TestService } from './service';

/** Key that the services of these stories seal passwords at carriers with. */
export const TRUNK_KEY = 'ab'.repeat(32);

/** Whoever is called answers, speaks, and is hung up on. */
export const ANSWERS = [ring, pickUp, speak, endedByHouse()].join('\n');
/** Rings long enough to be heard, then answers. */
export const RINGS_THEN_ANSWERS = [ring, '<pause milliseconds="1000"/>', pickUp, speak, endedByHouse()].join(
  '\n',
);
/** Says nothing at all. */
export const SILENT = '<pause milliseconds="20000"/>';
export const refuses = (line: string): string => decline(line);
/** Asks for credentials in a realm and answers whoever gives some. */
export const challenges = (realm: string): string =>
  [
    `<send><![CDATA[

SIP/2.0 407 Proxy Authentication Required
[last_Via:]
[last_From:]
[last_To:];tag=[pid]C[call_number]
[last_Call-ID:]
[last_CSeq:]
Proxy-Authenticate: Digest realm="${realm}", nonce="abcdef", qop="auth", algorithm=MD5
Content-Length: 0

]]></send>`,
    '<recv request="ACK"/>',
    '<recv request="INVITE" timeout="3000"><action><ereg regexp="Digest.*" search_in="hdr" header="Proxy-Authorization:" check_it="true" assign_to="credentials"/></action></recv>',
    '<Reference variables="credentials"/>',
    ring,
    pickUp,
    endedByHouse(),
  ].join('\n');

/** A carrier of a story: a SIPp program, and the trunk to it. */
export type Carrier = { readonly trunkId: string; stop(): Promise<{ readonly messages: string }> };

/** Starts a carrier that behaves so for every number, and makes a trunk to it. `pricePerMinute` is what it costs us. */
export async function carrier(
  service: TestService,
  behaviour: string,
  trunk: Omit<NewTrunk, 'nowMs' | 'outward' | 'passwords'> & {
    readonly pricePerMinute?: string;
    readonly outward?: NewTrunk['outward'];
    readonly password?: string;
  },
): Promise<Carrier> {
  const { pricePerMinute = '0.01', outward, password, ...wish } = trunk;
  const program = await startCallees(calleeScenario([{ numbers: '.*', steps: behaviour }]), {
    ignoresUnexpected: true,
  });
  const nowMs = systemClock.nowMs();
  const deck = await importRateDeck(service.database, {
    deckName: `cost of ${trunk.name}`,
    currency: currency('EUR'),
    csv: Readable.from([
      `prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from
32,Belgium,${pricePerMinute},0,1,1,0,2020-01-01T00:00:00Z
`,
    ]),
    sourceName: 'story',
    nowMs,
  });
  const { id } = await createTrunk(service.database, {
    ...wish,
    outward: {
      targets: [{ host: '127.0.0.1', port: program.sipPort }],
      costDeckId: deck.deckId,
      ...outward,
    },
    ...(password === undefined ? {} : { passwords: { outward: { password, key: trunkKey(TRUNK_KEY) } } }),
    nowMs,
  });
  return { trunkId: id, stop: () => program.stop() };
}
