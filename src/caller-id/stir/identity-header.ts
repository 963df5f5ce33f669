/** An Identity header taken apart (RFC 8224 section 4). */
export type IdentityHeader = {
  /** Header, claims and signature; the first two are empty in the compact form. */
  readonly token: readonly [header: string, claims: string, signature: string];
  readonly info: string | null;
  readonly alg: string | null;
  readonly ppt: string | null;
};

const MAX_HEADER = 8_192;
const TOKEN = /^([\w-]*)\.([\w-]*)\.([\w-]+)$/;
const INFO = /^info\s*=\s*<([^<>\s]{1,1000})>$/i;
const PARAMETER = /^(\w+)\s*=\s*(?:"([^"\\]{0,100})"|([\w.+-]{1,100}))$/;

/** Takes a header apart; null when it is malformed. */
export function parseIdentity(value: string): IdentityHeader | null {
  if (value.length > MAX_HEADER) return null;
  const [first = '', ...parameters] = splitOutsideBrackets(value).map((part) => part.trim());
  const token = TOKEN.exec(first);
  if (!token || (token[1] === '') !== (token[2] === '')) return null;
  const found = new Map<string, string>();
  for (const parameter of parameters) {
    const info = INFO.exec(parameter);
    const other = info ? null : PARAMETER.exec(parameter);
    const name = info ? 'info' : other?.[1]?.toLowerCase();
    const text = info ? info[1] : (other?.[2] ?? other?.[3]);
    if (name === undefined || text === undefined || found.has(name)) return null;
    found.set(name, text);
  }
  return {
    token: [token[1] ?? '', token[2] ?? '', token[3] ?? ''],
    info: found.get('info') ?? null,
    alg: found.get('alg') ?? null,
    ppt: found.get('ppt') ?? null,
  };
}

/** The parts between semicolons; one inside <> belongs to the URI there. */
function splitOutsideBrackets(value: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let inside = false;
  for (let at = 0; at < value.length; at++) {
    const sign = value[at];
    if (sign === '<') inside = true;
    else if (sign === '>') inside = false;
    else if (sign === ';' && !inside) {
      parts.push(value.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(value.slice(from));
  return parts;
}
