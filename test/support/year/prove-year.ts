import type { Database } from '../../../src/kernel/unit-of-work';
import { seededRandom } from '../seeded-random';
import { differences, rowsOf } from './digests';
import { liveYear, type YearWanted } from './live-year';
import { Fate } from './mortal-database';
import { faultsOfEnd, faultsOfMonth, figuresOf } from './year-proofs';

export type YearProof = {
  readonly faults: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
  readonly kills: number;
};

/**
 * A year twice: undisturbed, at its end run through once more, and in another database killed at `kills` points before or after a commit. Gives what does
 * not hold. `newDatabase` gives an empty, migrated one each time.
 */
export async function proveYear(
  newDatabase: () => Promise<Database>,
  wanted: YearWanted & { readonly kills: number },
  say: (text: string) => void = () => {},
): Promise<YearProof> {
  const faults: string[] = [];
  const calm = await oneYear(await newDatabase(), wanted, new Fate(), (text) => say(`undisturbed, ${text}`));
  faults.push(...calm.faults);
  say(`undisturbed: ${calm.units} units of work, ${JSON.stringify(calm.figures)}`);
  const kills = killPoints(calm.units, wanted);
  const killed = await oneYear(await newDatabase(), wanted, new Fate(kills), (text) =>
    say(`killed, ${text}`),
  );
  faults.push(...killed.faults.map((fault) => `killed: ${fault}`));
  for (const difference of differences(calm.rows, killed.rows)) faults.push(`killed: ${difference}`);
  if (killed.deaths !== wanted.kills) faults.push(`${killed.deaths} kills instead of ${wanted.kills}`);
  return { faults, figures: calm.figures, kills: killed.deaths };
}

async function oneYear(database: Database, wanted: YearWanted, fate: Fate, say: (text: string) => void) {
  const faults: string[] = [];
  const year = await liveYear(database, wanted, fate);
  const nowMs = await year.run(async (monthEndMs) => {
    faults.push(...(await faultsOfMonth(database, year.accounts, monthEndMs)));
    say(`${new Date(monthEndMs).toISOString().slice(0, 10)}: ${faults.length} faults`);
  });
  const [units, deaths] = [fate.units, fate.deaths];
  const wakeGapDays = gapOf(wanted.wakeDays);
  faults.push(...(await faultsOfEnd(database, year, { nowMs, wakeGapDays, wasKilled: deaths > 0 })));
  const rows = await rowsOf(database, 'without ids and times of day');
  const figures = await figuresOf(database, year);
  const before = await rowsOf(database, 'plain');
  const mailsBefore = [...year.mails.values()].reduce((sum, times) => sum + times, 0);
  await year.runAgain();
  for (const difference of differences(before, await rowsOf(database, 'plain')))
    faults.push(`run again: ${difference}`);
  if ([...year.mails.values()].reduce((sum, times) => sum + times, 0) !== mailsBefore)
    faults.push('run again: mails went out');
  return { faults, rows, figures, units, deaths };
}

/** The longest time between two waking days, over the end of a month too. */
function gapOf(wakeDays: readonly number[]): number {
  const days = [...wakeDays, 31 + (wakeDays[0] ?? 1)];
  return Math.max(...days.slice(1).map((day, n) => day - (days[n] ?? 0))) + 1;
}

function killPoints(units: number, { kills, seed }: { kills: number; seed: number }) {
  const random = seededRandom(seed + 1);
  const points = new Map<number, 'before' | 'after'>();
  while (points.size < Math.min(kills, units))
    points.set(1 + Math.floor(random() * units), random() < 0.5 ? 'before' : 'after');
  return points;
}
