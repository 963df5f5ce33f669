import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Config } from '../config/settings';
import type { Log } from '../kernel/log';

/** Exit codes, after sysexits.h. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  badData: 65,
  unavailable: 69,
  software: 70,
  wrongConfiguration: 78,
} as const;

/** What a command is given: its parsed options and words, the configuration and where to write. */
export type CommandInput = {
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly words: readonly string[];
  readonly config: Config;
  readonly log: Log;
  readonly print: (line: string) => void;
};

/** One command of the command line; help is made from it. */
export type Command = {
  readonly name: string;
  /** Words after the name, for example "<from> <to>". */
  readonly usage: string;
  readonly about: string;
  /** Number of words it takes: least and most. */
  readonly words: readonly [least: number, most: number];
  readonly options: Readonly<Record<string, { readonly type: 'string' | 'boolean'; readonly about: string }>>;
  readonly examples: readonly string[];
  /** Gives the exit code. */
  run(input: CommandInput): Promise<number>;
};

/** The words of a command line do not fit its command. */
export class WrongUsage extends Error {}

/** Reads a command's options and words. @throws WrongUsage saying what does not fit */
export function readArguments(
  command: Command,
  given: readonly string[],
): Pick<CommandInput, 'options' | 'words'> & { help: boolean } {
  const options: ParseArgsConfig['options'] = { help: { type: 'boolean', short: 'h' } };
  for (const [name, { type }] of Object.entries(command.options)) options[name] = { type };
  try {
    const { values, positionals } = parseArgs({
      args: [...given],
      options,
      allowPositionals: true,
      strict: true,
    });
    const help = values.help === true;
    const [least, most] = command.words;
    if (!help && (positionals.length < least || positionals.length > most))
      throw new WrongUsage(
        `${command.name} takes ${command.usage || 'no words'}, and ${positionals.length} were given`,
      );
    return { options: values as CommandInput['options'], words: positionals, help };
  } catch (error) {
    throw error instanceof WrongUsage
      ? error
      : new WrongUsage(error instanceof Error ? error.message : String(error));
  }
}

/** Help of one command. */
export function helpOf(command: Command): string {
  const options = Object.entries({
    ...command.options,
    help: { type: 'boolean' as const, about: 'Show this help' },
  });
  const width = Math.max(...options.map(([name, { type }]) => optionText(name, type).length));
  return [
    `123-voip ${[command.name, command.usage].filter(Boolean).join(' ')}`,
    '',
    command.about,
    '',
    'Options:',
    ...options.map(([name, { type, about }]) => `  ${optionText(name, type).padEnd(width)}  ${about}`),
    ...(command.examples.length > 0
      ? ['', 'Examples:', ...command.examples.map((example) => `  ${example}`)]
      : []),
  ].join('\n');
}

function optionText(name: string, type: 'string' | 'boolean'): string {
  return type === 'string' ? `--${name} <value>` : `--${name}`;
}
