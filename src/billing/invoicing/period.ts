import { InvalidInput } from '../../kernel/app-error';

/** A month of UTC that is invoiced: `2026-01`. */
export type BillingPeriod = { readonly name: string; readonly fromMs: number; readonly untilMs: number };

/** The month that a name says. @throws InvalidInput */
export function periodNamed(name: string): BillingPeriod {
  const match = /^(20\d{2})-(0[1-9]|1[0-2])$/.exec(name);
  if (!match) throw new InvalidInput('period', `"${name}" is no month`, 'write it as in 2026-01');
  const [, year = '', month = ''] = match;
  return {
    name,
    fromMs: Date.UTC(Number(year), Number(month) - 1),
    untilMs: Date.UTC(Number(year), Number(month)),
  };
}

/** The month of UTC that a moment lies in. */
export function periodOf(atMs: number): BillingPeriod {
  return periodNamed(new Date(atMs).toISOString().slice(0, 7));
}

/** The last month that had ended at a moment. */
export function lastEndedPeriod(atMs: number): BillingPeriod {
  return periodOf(periodOf(atMs).fromMs - 1);
}

/** The months of which each was the last one ended at some moment from one to another, the oldest first. */
export function endedPeriods(fromMs: number, untilMs: number): readonly BillingPeriod[] {
  const last = lastEndedPeriod(untilMs);
  const periods = [lastEndedPeriod(fromMs)];
  for (let one = periods[0]; one && one.untilMs < last.untilMs; one = periods.at(-1))
    periods.push(periodOf(one.untilMs));
  return periods;
}
