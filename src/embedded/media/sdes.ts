import { randomBytes } from 'node:crypto';
import { type SrtpSuite, srtpKeyBytes } from './srtp';

/** One line `a=crypto` (RFC 4568): the key its sender encrypts with. */
export type SdesKey = { readonly tag: number; readonly suite: SrtpSuite; readonly master: Buffer };

/** Lines read of one media description. */
const cryptoLinesMax = 20;
const line =
  /^a=crypto:(\d{1,9}) (AES_CM_128_HMAC_SHA1_(?:80|32)) inline:([A-Za-z0-9+/]{40}={0,2})(\|\S*)?((?: \S+)*)\s*$/;
/** A lifetime says when to change the key, which no call lives to see. */
const lifetime = /^\|(2\^)?\d{1,15}$/;

/**
 * The first key of a media description that we can use; undefined when there is none. Lines with a key index (MKI), several keys or
 * session parameters that change the protection are passed over, as section 6.3 asks of who does not know them.
 */
export function usableKey(lines: readonly string[]): SdesKey | undefined {
  for (const text of lines.filter((one) => one.startsWith('a=crypto:')).slice(0, cryptoLinesMax)) {
    const [, tag, suite, key, more = '', parameters = ''] = line.exec(text) ?? [];
    if (key === undefined || (more !== '' && !lifetime.test(more))) continue;
    if (parameters.trim() !== '' && !/^( WSH=\d+)+$/.test(parameters)) continue;
    const master = Buffer.from(key, 'base64');
    if (master.length === srtpKeyBytes) return { tag: Number(tag), suite: suite as SrtpSuite, master };
  }
  return undefined;
}

/** A new key of ours in answer to theirs: same tag and suite (section 5.1.2). */
export function answerKey({ tag, suite }: SdesKey): SdesKey {
  return { tag, suite, master: randomBytes(srtpKeyBytes) };
}

/** A new key to offer. */
export function offerKey(tag: number, suite: SrtpSuite): SdesKey {
  return { tag, suite, master: randomBytes(srtpKeyBytes) };
}

/** The line that says it. */
export function cryptoLine({ tag, suite, master }: SdesKey): string {
  return `a=crypto:${tag} ${suite} inline:${master.toString('base64')}`;
}

/** Whether two lines name one key: then the packets go on being counted. */
export function sameKey(one: SdesKey | undefined, other: SdesKey | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.suite === other.suite && one.master.equals(other.master);
}
