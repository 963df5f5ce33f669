/** Which byte values are what in RFC 3261 section 25; a table lookup a byte keeps the parser linear whatever it is fed. */
const TOKEN = 1;
const HOST = 2;
const USER = 4;
const PARAM = 8;

const classes = new Uint8Array(256);

function mark(characters: string, bit: number): void {
  for (let at = 0; at < characters.length; at++) {
    const code = characters.charCodeAt(at);
    classes[code] = (classes[code] as number) | bit;
  }
}

const alphanumeric = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
mark(alphanumeric, TOKEN | HOST | USER | PARAM);
mark("-.!%*_+`'~", TOKEN);
mark('-._', HOST);
mark("-_.!~*'()&=+$,;?/%:#", USER);
mark("-_.!~*'()[]/:&+$%`", PARAM);

function allOf(text: string, from: number, to: number, bit: number): boolean {
  if (from >= to) return false;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code > 255 || ((classes[code] as number) & bit) === 0) return false;
  }
  return true;
}

/** Whether text[from, to) is a non-empty token (RFC 3261 25.1). */
export function isToken(text: string, from = 0, to = text.length): boolean {
  return allOf(text, from, to, TOKEN);
}

/** Whether text is made of characters a host name may have; underscores are tolerated because networks in use have them. */
export function isHostName(text: string): boolean {
  return allOf(text, 0, text.length, HOST);
}

/** Whether text may stand before the @ of a SIP URI, with every % followed by two hex digits. */
export function isUserInfo(text: string): boolean {
  return allOf(text, 0, text.length, USER) && escapesAreWhole(text);
}

/** Whether text may be the name or value of a URI parameter (paramchar of RFC 3261 25.1). */
export function isUriParameterText(text: string): boolean {
  return allOf(text, 0, text.length, PARAM) && escapesAreWhole(text);
}

/** Whether every % in text starts a two-digit hex escape. */
export function escapesAreWhole(text: string): boolean {
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', at + 1)) {
    if (!isHex(text.charCodeAt(at + 1)) || !isHex(text.charCodeAt(at + 2))) return false;
  }
  return true;
}

function isHex(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
}

/** Whether text is one or more decimal digits. */
export function isDigits(text: string): boolean {
  if (text.length === 0) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

/** The number `text` writes in decimal digits, or undefined when it is none or above `max`. */
export function wholeNumber(text: string, max: number): number | undefined {
  if (text.length > 15 || !isDigits(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

const SPACE = 32;
const TAB = 9;

/** First index at or after `from` that is neither space nor tab. */
export function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB)) at++;
  return at;
}

/** Index after the quoted string that opens at `from`, or -1 when it never closes. */
export function endOfQuoted(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 92) at++;
    else if (code === 34) return at + 1;
  }
  return -1;
}

/** Splits at commas that stand outside quotes and angle brackets: the values of a list header such as Contact or Route. */
export function splitList(value: string): string[] {
  if (value.indexOf(',') === -1) return [value];
  const parts: string[] = [];
  let start = 0;
  let insideBrackets = false;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === 34 && !insideBrackets) {
      const end = endOfQuoted(value, at);
      if (end === -1) break;
      at = end - 1;
    } else if (code === 60) insideBrackets = true;
    else if (code === 62) insideBrackets = false;
    else if (code === 44 && !insideBrackets) {
      parts.push(value.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(value.slice(start).trim());
  return parts;
}
