/** Longest line of a calendar file in octets, its end not counted (RFC 5545 section 3.1). */
const MAX_LINE_OCTETS = 75;

/** Lines as a calendar file: folded, each ended by CRLF. */
export function calendarText(lines: readonly string[]): string {
  return lines.map((line) => `${folded(line)}\r\n`).join('');
}

/** Text as a property's value (RFC 5545 section 3.3.11). Control characters that could end a line are left out. */
export function escapedText(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[^\P{Cc}\n\t]/gu, '')
    .replaceAll(/[\\;,]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`);
}

/** A wall time (as the milliseconds it would be in UTC) in the form of RFC 5545 section 3.3.5: 20260701T093000. */
export function basicTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replaceAll(/[-:]|\.\d{3}Z$/g, '');
}

/** A line in parts of 75 octets, never inside a character; each further part begins with a space. */
function folded(line: string): string {
  const parts: string[] = [];
  let part = '';
  let octets = 0;
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (octets + size > MAX_LINE_OCTETS) {
      parts.push(part);
      part = ' ';
      octets = 1;
    }
    part += character;
    octets += size;
  }
  return [...parts, part].join('\r\n');
}
