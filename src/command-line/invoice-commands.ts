import { issueInvoices } from '../billing/invoicing/issue-invoices';
import { lastEndedPeriod, periodNamed } from '../billing/invoicing/period';
import { systemClock } from '../kernel/clock';
import { ON_POSTED } from '../wiring-money';
import { type Command, EXIT } from './command';
import { withDatabase } from './database-commands';

export const runInvoices: Command = {
  name: 'run-invoices',
  usage: '[month]',
  about:
    'Issues the invoices of a month that has ended (the last one when left out), one for each account that was charged in it, and posts their taxes. The service does this by itself on the first of each month; run it again as often as you like: account and month have one invoice, and a run that was cut off goes on where it was.',
  words: [0, 1],
  options: { json: { type: 'boolean', about: 'Print JSON for programs' } },
  examples: ['123-voip run-invoices', '123-voip run-invoices 2026-01 --json'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const [month] = input.words;
      const nowMs = systemClock.nowMs();
      const period = month === undefined ? lastEndedPeriod(nowMs) : periodNamed(month);
      const run = await issueInvoices(database, {
        period,
        nowMs,
        onPosted: ON_POSTED,
        onProgress: ({ accountsDone, accounts }) => {
          if (!input.options.json) input.print(`${accountsDone} of ${accounts} accounts`);
        },
      });
      input.print(
        input.options.json
          ? JSON.stringify(run, null, 2)
          : `${run.period}: ${run.invoicesMade} invoices for ${run.accountsDone} accounts.`,
      );
      return EXIT.ok;
    }),
};
