#!/usr/bin/env node
import { type Command, EXIT, helpOf, readArguments, WrongUsage } from './command-line/command';
import {
  createKey,
  explain,
  migrate,
  rate,
  replayJournalCommand,
  seedDemoCommand,
  verifyAuditCommand,
  verifyLedgerCommand,
} from './command-line/database-commands';
import {
  deckBands,
  deckVersions,
  exportRatesCommand,
  importCdrsCommand,
  importRates,
  rerate,
  returnDeck,
} from './command-line/rating-commands';
import { runInvoices } from './command-line/invoice-commands';
import { demoCall, start } from './command-line/start-command';
import { addTrunk, trunkOutbound } from './command-line/trunk-commands';
import { JournalDamaged } from './cdr/journal-files';
import { readConfig, WrongConfiguration } from './config/read-config';
import { withSecrets } from './config/secrets';
import { describeSettings } from './config/settings';
import { AppError } from './kernel/app-error';
import { TimedOut } from './kernel/clock';
import { jsonLog } from './observability/log';
import { ChildFailed } from './supervisor/child-server';
import { AlreadyRunning } from './supervisor/single-instance';

const COMMANDS: readonly Command[] = [
  start,
  migrate,
  seedDemoCommand,
  createKey,
  importRates,
  deckVersions,
  returnDeck,
  exportRatesCommand,
  deckBands,
  importCdrsCommand,
  rerate,
  explain,
  rate,
  runInvoices,
  verifyLedgerCommand,
  verifyAuditCommand,
  replayJournalCommand,
  addTrunk,
  trunkOutbound,
  demoCall,
];

async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    print(overview());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (!command) throw new WrongUsage(`there is no command "${name}"; 123-voip --help lists them`);
  const { help, ...given } = readArguments(command, rest);
  if (help) {
    print(helpOf(command));
    return EXIT.ok;
  }
  const config = withSecrets(readConfig(process.env));
  // A command's answer is what stands on its output; only the service itself logs what goes well.
  const level = command === start ? config.LOG_LEVEL : 'warn';
  return command.run({ ...given, config, log: jsonLog(level), print });
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const settings = describeSettings();
  const nameWidth = Math.max(...settings.map((setting) => setting.name.length));
  return [
    '123-voip: a self-hosted calling platform',
    '',
    'Commands (each has --help):',
    ...COMMANDS.map(({ name, about }) => `  ${name.padEnd(width)}  ${about.split(/[.:] /)[0]}`),
    '',
    'Settings (environment variables):',
    ...settings.map(
      (setting) =>
        `  ${setting.name.padEnd(nameWidth)}  ${setting.about} [${setting.takes}; ${setting.default}]`,
    ),
    '',
    'Exit codes: 0 done, 1 refused or failed, 64 wrong usage, 65 wrong data, 69 the machine or a server is in the way, 70 a fault of ours, 78 wrong configuration',
  ].join('\n');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function complain(line: string): void {
  process.stderr.write(`123-voip: ${line}\n`);
}

/** Says what went wrong in a line a person can use, and gives the exit code. */
function exitCodeOf(error: unknown): number {
  if (error instanceof WrongConfiguration) {
    for (const fault of error.faults) complain(fault);
    return EXIT.wrongConfiguration;
  }
  if (error instanceof WrongUsage) {
    complain(error.message);
    return EXIT.usage;
  }
  if (isTheWorldsFault(error)) {
    complain(error.message);
    return EXIT.unavailable;
  }
  if (error instanceof AppError) complain(error.message);
  else complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return error instanceof AppError ? EXIT.failed : EXIT.software;
}

/** Faults of the machine or of its operation, which an operator can mend: the message says how, a stack would not. */
function isTheWorldsFault(error: unknown): error is Error {
  if ([AlreadyRunning, ChildFailed, JournalDamaged, TimedOut].some((kind) => error instanceof kind))
    return true;
  // A port in use, a folder without permission, a full disk, a database that is not there: the system's message names it.
  return (
    error instanceof Error &&
    (typeof (error as NodeJS.ErrnoException).syscall === 'string' ||
      error.name.startsWith('SequelizeConnection') ||
      error.name === 'SequelizeHostNotFoundError' ||
      error.name === 'SequelizeAccessDeniedError')
  );
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => process.exit(exitCodeOf(error)),
);
