import type { Sql } from '../kernel/unit-of-work';
import { gatherFacts } from './call-facts';
import { planCall } from './plan-call';
import { refusal } from './refuse-call';

/** What would happen to a call, in words for people and programs. */
export type CallExplanation = {
  readonly caller: string;
  readonly understoodAs: string | null;
  readonly decision: 'menu' | 'refuse';
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
  const idle = { draining: false, liveCalls: 0, maxLiveCalls: 1 };
  const { facts, routed } = await gatherFacts(sql, { ...call, dialled: call.to, offer: 'usable' }, idle);
  const plan = planCall(facts);
  const refused = plan.kind === 'refuse' ? plan.reason : null;
  return {
    caller: facts.trunk
      ? `trunk "${facts.trunk.name}" by its address ${call.address}`
      : `unknown: ${call.address} belongs to no trunk`,
    understoodAs: routed,
    decision: plan.kind,
    reason: refused,
    sipStatus: refused ? refusal(refused).sipStatus : 200,
    payer: refused
      ? 'nobody: refused calls cost nothing'
      : 'the owner of the room that is entered, from entry on',
  };
}
