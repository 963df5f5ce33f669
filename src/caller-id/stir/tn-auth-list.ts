/** Whom a certificate speaks for: RFC 8226 section 9. */
export type TnAuthList = {
  /** Providers by code: they speak for any number, which their policy has to answer for. */
  readonly providers: readonly string[];
  readonly numbers: readonly { readonly first: string; readonly count: number }[];
};

/** 1.3.6.1.5.5.7.1.26 with its tag and length. */
const OID = Buffer.from('06082b0601050507011a', 'hex');
const SEQUENCE = 0x30;
const OCTETS = 0x04;
const BOOLEAN = 0x01;
const [PROVIDER, RANGE, ONE] = [0xa0, 0xa1, 0xa2];
const MAX_ENTRIES = 10_000;

type Element = { readonly tag: number; readonly body: Buffer; readonly end: number };

/** The list of a certificate in DER; null when it has none that can be read. */
export function tnAuthList(certificate: Buffer): TnAuthList | null {
  const at = certificate.indexOf(OID);
  if (at === -1) return null;
  let value = elementAt(certificate, at + OID.length);
  if (value?.tag === BOOLEAN) value = elementAt(certificate, value.end);
  if (value?.tag !== OCTETS) return null;
  const list = elementAt(value.body, 0);
  const entries = list?.tag === SEQUENCE ? childrenOf(list.body) : null;
  if (!entries || entries.length === 0) return null;
  const providers: string[] = [];
  const numbers: { first: string; count: number }[] = [];
  for (const entry of entries) {
    const inner = elementAt(entry.body, 0);
    if (!inner) return null;
    if (entry.tag === PROVIDER) providers.push(inner.body.toString('latin1'));
    else if (entry.tag === ONE) numbers.push({ first: inner.body.toString('latin1'), count: 1 });
    else if (entry.tag === RANGE) {
      const [first, count] = childrenOf(inner.body) ?? [];
      if (!first || !count || count.body.length > 6) return null;
      numbers.push({
        first: first.body.toString('latin1'),
        count: Number.parseInt(count.body.toString('hex'), 16),
      });
    }
  }
  return { providers, numbers };
}

/** Whether a list speaks for a number (digits without a plus). */
export function allowsNumber({ providers, numbers }: TnAuthList, digits: string): boolean {
  if (providers.length > 0) return true;
  return numbers.some(({ first, count }) => {
    if (first.length !== digits.length || !/^\d{1,15}$/.test(first)) return first === digits;
    const offset = Number(digits) - Number(first);
    return offset >= 0 && offset < count;
  });
}

function childrenOf(body: Buffer): readonly Element[] | null {
  const found: Element[] = [];
  for (let at = 0; at < body.length; ) {
    const element = elementAt(body, at);
    if (!element || found.length === MAX_ENTRIES) return null;
    found.push(element);
    at = element.end;
  }
  return found;
}

/** The element of DER that begins at `at`; null when it does not fit. */
function elementAt(bytes: Buffer, at: number): Element | null {
  const tag = bytes[at];
  const short = bytes[at + 1];
  if (tag === undefined || short === undefined) return null;
  const more = short & 0x80 ? short & 0x7f : 0;
  if (more > 3) return null;
  const length =
    more === 0 ? short : more > 0 && at + 2 + more <= bytes.length ? bytes.readUIntBE(at + 2, more) : -1;
  const from = at + 2 + more;
  if (length < 0 || from + length > bytes.length) return null;
  return { tag, body: bytes.subarray(from, from + length), end: from + length };
}
