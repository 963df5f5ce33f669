import { endOfQuoted, isToken, skipBlanks } from './characters';

/** One `;name=value`; the name in lower case, the value as written (quotes kept), undefined for a bare flag. */
export type Parameter = { readonly name: string; readonly value: string | undefined };

const none: readonly Parameter[] = [];
const SEMICOLON = 59;
const EQUALS = 61;
const QUOTE = 34;
const COMMA = 44;

/** Result of reading parameters: `end` is the first index not read (end of text, or a comma of a list). */
export type ParametersRead = { readonly parameters: readonly Parameter[]; readonly end: number };

/** Reads `*( SEMI generic-param )` of RFC 3261 25.1 from `from`; undefined when it is malformed. */
export function readParameters(text: string, from: number): ParametersRead | undefined {
  let at = skipBlanks(text, from);
  if (at >= text.length || text.charCodeAt(at) === COMMA) return { parameters: none, end: at };
  const parameters: Parameter[] = [];
  while (at < text.length && text.charCodeAt(at) !== COMMA) {
    if (text.charCodeAt(at) !== SEMICOLON) return undefined;
    const nameStart = skipBlanks(text, at + 1);
    const nameEnd = endOfRun(text, nameStart);
    if (!isToken(text, nameStart, nameEnd)) return undefined;
    const name = text.slice(nameStart, nameEnd).toLowerCase();
    at = skipBlanks(text, nameEnd);
    if (text.charCodeAt(at) !== EQUALS) {
      parameters.push({ name, value: undefined });
      continue;
    }
    const valueStart = skipBlanks(text, at + 1);
    const quoted = text.charCodeAt(valueStart) === QUOTE;
    const valueEnd = quoted ? endOfQuoted(text, valueStart) : endOfRun(text, valueStart);
    if (valueEnd <= valueStart) return undefined;
    parameters.push({ name, value: text.slice(valueStart, valueEnd) });
    at = skipBlanks(text, valueEnd);
  }
  return { parameters, end: at };
}

function endOfRun(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (
      code === SEMICOLON ||
      code === EQUALS ||
      code === COMMA ||
      code <= 32 ||
      code === QUOTE ||
      code === 60 ||
      code === 62
    )
      break;
  }
  return at;
}

/** The value of a parameter, '' for a bare flag, undefined when it is not there. */
export function parameter(parameters: readonly Parameter[], name: string): string | undefined {
  for (const entry of parameters) if (entry.name === name) return entry.value ?? '';
  return undefined;
}

/** Writes parameters as they stand in a header. */
export function parametersText(parameters: readonly Parameter[]): string {
  let text = '';
  for (const { name, value } of parameters) text += value === undefined ? `;${name}` : `;${name}=${value}`;
  return text;
}
