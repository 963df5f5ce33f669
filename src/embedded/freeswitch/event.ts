/** Names and values of an event; all values are text. */
export type EventHeaders = Record<string, string>;

/** One event as it goes over the event socket. */
export type FreeswitchEvent = {
  readonly name: string;
  /** Only for CUSTOM, for example `conference::maintenance`. */
  readonly subclass: string | undefined;
  readonly headers: Readonly<EventHeaders>;
  readonly body: string;
};

/** Header names that would break the line format are cut down to safe characters. */
function safeName(name: string): string {
  return name.replace(/[^\x21-\x39\x3b-\x7e]/g, '_');
}

/** URL encoding as the event socket's plain format wants it: no value can end its own line. */
export function encodeValue(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    // A lone surrogate cannot be written as UTF-8.
    return encodeURIComponent(value.replace(/[\ud800-\udfff]/g, '\ufffd'));
  }
}

/** `Name: encoded value` lines, ended by a line feed each. */
export function headerLines(headers: Readonly<EventHeaders>): string {
  let text = '';
  for (const [name, value] of Object.entries(headers)) text += `${safeName(name)}: ${encodeValue(value)}\n`;
  return text;
}

/** The whole frame `Content-Length` / `Content-Type` / body for one listener. */
export function serializeEvent(event: FreeswitchEvent, format: 'plain' | 'json'): string {
  const text = format === 'json' ? jsonText(event) : plainText(event);
  return `Content-Length: ${Buffer.byteLength(text)}\nContent-Type: text/event-${format}\n\n${text}`;
}

function jsonText(event: FreeswitchEvent): string {
  if (event.body === '') return JSON.stringify(event.headers);
  return JSON.stringify({
    ...event.headers,
    'Content-Length': String(Buffer.byteLength(event.body)),
    _body: event.body,
  });
}

function plainText(event: FreeswitchEvent): string {
  const lines = headerLines(event.headers);
  if (event.body === '') return `${lines}\n`;
  return `${lines}Content-Length: ${Buffer.byteLength(event.body)}\n\n${event.body}`;
}
