import type { AudioFiles } from './audio-files';
import type { Channel } from './channel';
import type { Execution } from './execution';
import { playFiles } from './playback';
import { splitArguments } from './split-arguments';

/** FreeSWITCH's own buffer. */
const digitsMax = 128;

type Request = {
  min: number;
  max: number;
  tries: number;
  firstTimeoutMs: number;
  digitTimeoutMs: number;
  terminators: string;
  prompt: string;
  invalidPrompt: string;
  variable: string;
  pattern: RegExp | undefined;
};

/** What one try gathered. */
type Gathered = { digits: string; terminator: string; timedOut: boolean };

/**
 * `play_and_get_digits min max tries timeout terminators prompt invalidPrompt variable regexp digitTimeout`: the first key stops
 * the prompt, `max` keys or a terminator end the try, and what the pattern does not match goes to `<variable>_invalid`.
 */
export async function playAndGetDigits(
  files: AudioFiles,
  channel: Channel,
  execution: Execution,
  data: string,
): Promise<void> {
  const request = readRequest(channel, data);
  const { variable } = request;
  channel.setVariable(`${variable}_invalid`, undefined);
  channel.setVariable('read_terminator_used', undefined);
  for (let left = request.tries; left > 0 && execution.alive; left -= 1) {
    channel.setVariable(variable, undefined);
    channel.setVariable('read_result', undefined);
    const { digits, terminator, timedOut } = await gather(files, channel, execution, request);
    if (terminator !== '') channel.setVariable('read_terminator_used', terminator);
    const enough = digits.length >= request.min;
    channel.setVariable('read_result', enough ? (timedOut ? 'timeout' : 'success') : 'failure');
    if (digits === '' && request.min === 0 && terminator !== '') return;
    if (enough && digits !== '') {
      if (request.pattern?.test(digits) ?? true) {
        channel.setVariable(variable, digits);
        return;
      }
      channel.setVariable(`${variable}_invalid`, digits);
    }
    if (!execution.alive) return;
    execution.onDigit = undefined;
    await playFiles(files, channel, execution, request.invalidPrompt);
  }
}

function readRequest(channel: Channel, data: string): Request {
  const [min, max, tries, timeout, terminators, prompt, invalidPrompt, variable, regexp, digitTimeout] =
    splitArguments(data);
  const minDigits = clamp(min, 0, digitsMax, 0);
  const firstTimeoutMs = clamp(timeout, 1, 86_400_000, 1_000);
  return {
    min: minDigits,
    max: Math.max(minDigits, clamp(max, 1, digitsMax, 1)),
    tries: clamp(tries, 1, 100, 1),
    firstTimeoutMs,
    digitTimeoutMs: clamp(digitTimeout, 1, 86_400_000, firstTimeoutMs),
    terminators: terminators === 'none' ? '' : (terminators ?? ''),
    prompt: prompt ?? '',
    invalidPrompt: invalidPrompt ?? '',
    variable: variable ?? 'digits',
    pattern: toPattern(channel, regexp),
  };
}

function clamp(text: string | undefined, low: number, high: number, otherwise: number): number {
  const value = Number.parseInt(text ?? '', 10);
  return Number.isNaN(value) || value < low ? otherwise : Math.min(value, high);
}

function toPattern(channel: Channel, text: string | undefined): RegExp | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return new RegExp(text);
  } catch {
    channel.core.log.warn('digit pattern cannot be read', { pattern: text, channel: channel.uuid });
    // A pattern nobody can read matches nothing, as in FreeSWITCH.
    return /(?!)/;
  }
}

async function gather(
  files: AudioFiles,
  channel: Channel,
  execution: Execution,
  request: Request,
): Promise<Gathered> {
  const gathered: Gathered = { digits: '', terminator: '', timedOut: false };
  const take = (key: string): boolean => {
    if (request.terminators.includes(key)) gathered.terminator = key;
    else if (gathered.digits.length < request.max) gathered.digits += key;
    execution.end('digit');
    return true;
  };
  execution.onDigit = take;
  const complete = (): boolean => gathered.terminator !== '' || gathered.digits.length >= request.max;
  for (
    let key = channel.takeTypedAhead();
    key !== undefined;
    key = complete() ? undefined : channel.takeTypedAhead()
  ) {
    take(key);
  }
  const nothingYet = gathered.digits === '' && gathered.terminator === '';
  if (nothingYet && request.prompt !== '' && request.prompt !== 'silence') {
    const pressed = (): boolean => gathered.digits !== '' || gathered.terminator !== '';
    // FreeSWITCH gives the try up when its prompt is missing, so that a wrong path is noticed.
    if ((await playFiles(files, channel, execution, request.prompt, pressed)) === 'not-found')
      return gathered;
  }
  while (execution.alive && !complete()) {
    const before = gathered.digits.length;
    const end = await execution.wait(before > 0 ? request.digitTimeoutMs : request.firstTimeoutMs);
    if (end === 'timeout') {
      gathered.timedOut = true;
      break;
    }
  }
  return gathered;
}
