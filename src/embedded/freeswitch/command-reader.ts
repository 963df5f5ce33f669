/** Longest head of one command, bytes. */
const headBytesMax = 65_536;
/** Longest body of one command, bytes. */
const bodyBytesMax = 1_048_576;
const headerLinesMax = 200;

/** One command of a client: its first line, the `name: value` lines after it, and a body. */
export type Command = { line: string; headers: ReadonlyMap<string, string>; body: string };

/** A client sent more than a command may be long. */
export class CommandTooLong extends Error {
  constructor(limitBytes: number) {
    super(`event socket command longer than ${limitBytes} bytes`);
    this.name = 'CommandTooLong';
  }
}

/** Cuts the byte stream of a client into commands. A command ends with an empty line, a Content-Length adds a body. */
export class CommandReader {
  private pending: Buffer = Buffer.alloc(0);

  /** All commands that are now complete. Throws CommandTooLong. */
  take(chunk: Buffer): Command[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const commands: Command[] = [];
    for (let next = this.next(); next !== undefined; next = this.next())
      if (next.line !== '') commands.push(next);
    return commands;
  }

  private next(): Command | undefined {
    this.dropEmptyLines();
    const end = findHeadEnd(this.pending);
    if (end === undefined) {
      if (this.isLoneApiLine()) return this.takeLoneApiLine();
      if (this.pending.length > headBytesMax) throw new CommandTooLong(headBytesMax);
      return undefined;
    }
    const lines = this.pending
      .toString('utf8', 0, end.at)
      .split('\n')
      .map((line) => line.replace(/\r$/, ''));
    const headers = readHeaders(lines.slice(1, headerLinesMax));
    const bodyBytes = Number.parseInt(headers.get('content-length') ?? '0', 10) || 0;
    if (bodyBytes > bodyBytesMax || bodyBytes < 0) throw new CommandTooLong(bodyBytesMax);
    const bodyEnd = end.at + end.length + bodyBytes;
    if (this.pending.length < bodyEnd) return undefined;
    const body = this.pending.toString('utf8', end.at + end.length, bodyEnd);
    this.pending = this.pending.subarray(bodyEnd);
    return { line: (lines[0] as string).trim(), headers, body };
  }

  private dropEmptyLines(): void {
    let at = 0;
    while (this.pending[at] === 0x0a || this.pending[at] === 0x0d) at += 1;
    if (at > 0) this.pending = this.pending.subarray(at);
  }

  /**
   * modesl writes `api …` and the empty line after it apart, and the second waits for our TCP acknowledgement, 40 ms later. An api
   * command has no headers, so it is taken at its line end; the empty line that follows is no command.
   */
  private isLoneApiLine(): boolean {
    const { pending } = this;
    return (
      pending.length > 4 &&
      pending.indexOf('\n') === pending.length - 1 &&
      pending.toString('latin1', 0, 4) === 'api '
    );
  }

  private takeLoneApiLine(): Command {
    const line = this.pending.toString('utf8').trim();
    this.pending = Buffer.alloc(0);
    return { line, headers: new Map(), body: '' };
  }
}

function findHeadEnd(bytes: Buffer): { at: number; length: number } | undefined {
  const plain = bytes.indexOf('\n\n');
  const withReturns = bytes.indexOf('\r\n\r\n');
  if (withReturns >= 0 && (plain < 0 || withReturns < plain)) return { at: withReturns, length: 4 };
  return plain < 0 ? undefined : { at: plain, length: 2 };
}

function readHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}
