/** drachtio-server reads at most five length digits; srf never sends a longer frame that is meant. */
const maxLengthDigits = 5;
const HASH = 35;

/** Cuts the admin protocol's byte stream into frames: `<decimal byte length>#<message>`. */
export interface FrameReader {
  /** Takes wire text and gives the messages it completes; undefined when the stream is not this protocol and must be closed. */
  push(bytes: string): string[] | undefined;
}

export function createFrameReader(): FrameReader {
  let held = '';
  return {
    push(bytes) {
      held = held === '' ? bytes : held + bytes;
      const messages: string[] = [];
      let at = 0;
      while (at < held.length) {
        const length = readLength(held, at);
        if (length === 'more') break;
        if (length === undefined) return undefined;
        const start = held.indexOf('#', at) + 1;
        if (held.length < start + length) break;
        messages.push(held.slice(start, start + length));
        at = start + length;
      }
      held = held.slice(at);
      return messages;
    },
  };
}

function readLength(text: string, from: number): number | 'more' | undefined {
  let length = 0;
  for (let at = from; at <= from + maxLengthDigits; at++) {
    if (at >= text.length) return 'more';
    const code = text.charCodeAt(at);
    if (code === HASH) return at === from || length === 0 ? undefined : length;
    if (code < 48 || code > 57) return undefined;
    length = length * 10 + code - 48;
  }
  return undefined;
}

/** A message as a frame; both wire text. */
export function frame(message: string): string {
  return `${message.length}#${message}`;
}
