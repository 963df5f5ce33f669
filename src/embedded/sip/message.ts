import type { NameAddr } from './name-addr';
import type { Via } from './via';

/*
 * Every string of a SIP message in this folder holds one byte of the wire per character (latin1), so that lengths are byte lengths,
 * nothing is lost on the way through and no byte is decoded that nobody reads. `utf8Text` and `wireText` stand at the rims.
 */

/** A header field: `key` to compare by (long form, lower case), `name` to write, `value` unfolded and trimmed. */
export type Header = { readonly key: string; readonly name: string; readonly value: string };

export type CSeq = { readonly number: number; readonly method: string };

type MessageParts = {
  readonly headers: readonly Header[];
  readonly body: string;
  readonly callId: string;
  readonly cseq: CSeq;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly fromTag: string | undefined;
  readonly toTag: string | undefined;
  readonly via: Via;
  /** The message as it came, up to the end of its body. */
  readonly text: string;
};

/** A request that passed the parser: everything in it that routing and transactions need is well-formed. */
export type SipRequest = MessageParts & {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
};

/** A response that passed the parser. */
export type SipResponse = MessageParts & {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
};

export type SipMessage = SipRequest | SipResponse;

/** Anything with headers: a parsed message, or what is left of a broken one. */
export type Headed = { readonly headers: readonly Header[] };

/** First value of a header by its key (long form, lower case). */
export function headerValue(message: Headed, key: string): string | undefined {
  for (const header of message.headers) if (header.key === key) return header.value;
  return undefined;
}

/** All values of a header in their order. */
export function headerValues(message: Headed, key: string): string[] {
  const values: string[] = [];
  for (const header of message.headers) if (header.key === key) values.push(header.value);
  return values;
}

/** The option tags of a list header such as Supported or Require, in lower case. */
export function optionTags(message: Headed, key: string): string[] {
  const tags: string[] = [];
  for (const value of headerValues(message, key)) {
    for (const part of value.split(',')) {
      const tag = part.trim().toLowerCase();
      if (tag !== '') tags.push(tag);
    }
  }
  return tags;
}

/** Wire bytes as text for people and applications. */
export function utf8Text(wire: string): string {
  for (let at = 0; at < wire.length; at++) {
    if (wire.charCodeAt(at) > 127) return Buffer.from(wire, 'latin1').toString('utf8');
  }
  return wire;
}

/** Text from an application as wire bytes. */
export function wireText(text: string): string {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 127) return Buffer.from(text, 'utf8').toString('latin1');
  }
  return text;
}
