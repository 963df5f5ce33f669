import type { Sql } from '../kernel/unit-of-work';
import { trunkByAddress } from '../trunks/trunks-store';
import { gatherFacts } from './call-facts';
import { planCall } from './plan-call';
import { refusal } from './refuse-call';
import { routedNumber } from './two-party/destination';

/** What would happen to a call, in words for people and programs. */
export type CallExplanation = {
  readonly caller: string;
  readonly understoodAs: string | null;
  readonly decision: 'menu' | 'connect' | 'echo' | 'balance' | 'refuse';
  /** Why it is refused; null when it is not. */
  readonly reason: string | null;
  /** What the caller's side would be answered. */
  readonly sipStatus: number;
  readonly payer: string;
};

/** Decides a call as the door would, on an idle house, without making it. */
export async function explainCall(
  sql: Sql,
  call: { readonly to: string; readonly address: string },
): Promise<CallExplanation> {
  const trunk = await trunkByAddress(sql, call.address);
  if (!trunk)
    return {
      caller: `unknown: ${call.address} belongs to no trunk`,
      understoodAs: null,
      decision: 'refuse',
      reason: 'unknown-caller',
      sipStatus: 401,
      payer: 'nobody: refused calls cost nothing',
    };
  const idle = { draining: false, liveCalls: 0, maxLiveCalls: 1 };
  const loop = { kind: 'pass', maxForwards: 69, hops: 1 } as const;
  const asked = { dialled: call.to, offer: 'usable', loop } as const;
  const facts = await gatherFacts(sql, { kind: 'trunk', trunk }, asked, idle);
  const plan = planCall(facts);
  const refused = plan.kind === 'refuse' ? plan.reason : null;
  return {
    caller: `trunk "${trunk.name}" by its address ${call.address}`,
    understoodAs: routedNumber(facts.destination),
    decision: plan.kind,
    reason: refused,
    sipStatus: refused ? refusal(refused).sipStatus : 200,
    payer: refused
      ? 'nobody: refused calls cost nothing'
      : 'the owner of the room that is entered, from entry on',
  };
}
