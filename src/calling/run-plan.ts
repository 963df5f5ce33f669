import type Srf from 'drachtio-srf';
import type { OpenedLeg } from '../cdr/journal-records';
import type { CallingParts } from './calling-parts';
import { FeatureCall } from './feature-call';
import { GuestCall } from './guest-call';
import type { Caller } from './identify-caller';
import type { Invite } from './inbound-leg';
import { MenuCall } from './menu-call';
import type { CallPlan } from './plan-call';
import { ConnectCall } from './two-party/connect-call';
import { type ShownCaller, shownCallerOf } from './two-party/shown-caller';

/** A call that is being run. */
export type RunnableCall = {
  /** Runs it to its end; never throws. */
  run(): Promise<void>;
  /** Ends it from our side. */
  endNow(result: 'removed' | 'draining' | 'failed'): void;
};

/** The story of what was decided for a call. */
export async function runPlan(
  parts: CallingParts,
  srf: Srf,
  plan: Exclude<CallPlan, { kind: 'refuse' }>,
  opened: OpenedLeg,
  invite: Invite,
): Promise<RunnableCall> {
  const language = languageOf(parts, plan.caller);
  switch (plan.kind) {
    case 'menu':
      return new MenuCall(parts, srf, plan, opened, invite);
    case 'echo':
    case 'balance':
      return new FeatureCall(parts, srf, plan, opened, invite, language);
    case 'guest':
      return new GuestCall(parts, srf, plan, opened, invite);
    case 'connect': {
      const shown = await shownTo(parts, plan.caller, opened);
      return new ConnectCall(parts, srf, plan, shown, opened, invite, language);
    }
  }
}

function languageOf({ settings }: CallingParts, caller: Caller): string {
  return (caller.kind === 'device' ? caller.account.language : null) ?? settings.houseLanguage;
}

async function shownTo(parts: CallingParts, caller: Caller, opened: OpenedLeg): Promise<ShownCaller> {
  const { isWithheld, fromNumber } = opened;
  if (caller.kind === 'device') return shownCallerOf(parts.database.read, caller.account, isWithheld);
  return { number: fromNumber, isWithheld, accountId: null };
}
