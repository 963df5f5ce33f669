/** Longer strings are no numbers: E.164 allows fifteen digits, prefixes and separators come on top. */
const MAX_DIGITS = 40;
/** A URI has a host and parameters besides. */
const MAX_TEXT = 256;

/** What a dialled string holds when all that says nothing is gone. */
export type DialledText = {
  /** Digits, perhaps with a plus before them, or a code such as "*43". */
  readonly digits: string;
  /** "+32" when the digits are said to be local to it (RFC 3966 5.1.5); null: local to the caller. */
  readonly context: string | null;
};

/** Visual separators (RFC 3966 5.1.1), blanks, the slash of German and Belgian letterheads, and the dashes that word processors make of minus. */
const SEPARATORS = /[\s().\-/\u2010-\u2015]/g;

/**
 * Takes a dialled string apart: a bare number, the user part of a SIP URI with its parameters, or a whole sip:, sips: or tel: URI. Null for
 * what holds letters or other signs: they are never turned into digits.
 */
export function dialledText(dialled: string): DialledText | null {
  if (dialled.length > MAX_TEXT) return null;
  const user = userPart(dialled.trim());
  const [number = '', ...parameters] = unescaped(user)?.split(';') ?? [];
  // "+44 (0)20": the zero is for those who dial inside the country. Italy's belongs to the number.
  const plain = number.replace(/^\s*(\+(?!39|378)\d{1,3}[\s.-]*)\(0\)/, '$1').replaceAll(SEPARATORS, '');
  const digits = /^[+*]?\d+#$/.test(plain) ? plain.slice(0, -1) : plain;
  if (digits.length > MAX_DIGITS || !/^[+*]?\d+$/.test(digits)) return null;
  return { digits, context: contextOf(parameters) };
}

/** Whether this asks for an emergency service by name: RFC 5031. */
export function isServiceSos(dialled: string): boolean {
  return /^urn:service:sos(\.[a-z0-9-]+)*$/i.test(dialled.trim());
}

function userPart(text: string): string {
  const uri = /^(sips?|tel):/i.exec(text);
  if (!uri) return text;
  const rest = text.slice(uri[0].length).split(/[?>]/, 1)[0] ?? '';
  if (/^tel:/i.test(uri[0])) return rest;
  const at = rest.lastIndexOf('@');
  // A SIP URI without a user names a host. A password behind the user is nobody's number (RFC 3261 19.1.1).
  return at === -1 ? '' : (rest.slice(0, at).split(':', 1)[0] ?? '');
}

function unescaped(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function contextOf(parameters: readonly string[]): string | null {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    if (name.trim().toLowerCase() !== 'phone-context') continue;
    const prefix = value.replaceAll(SEPARATORS, '');
    return /^\+[1-9]\d{0,14}$/.test(prefix) ? prefix : null;
  }
  return null;
}
