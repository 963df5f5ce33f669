import fc from 'fast-check';
import { CommandReader, CommandTooLong } from './command-reader';

const linesOf = (reader: CommandReader, ...chunks: string[]): string[] =>
  chunks.flatMap((chunk) => reader.take(Buffer.from(chunk)).map((command) => command.line));

describe('commands of event socket clients', () => {
  it('reads a command with headers, whatever pieces it comes in', () => {
    const whole = 'sendmsg abc\ncall-command: execute\nExecute-App-Name: playback\nexecute-app-arg: a: b\n\n';
    for (let cut = 1; cut < whole.length; cut += 1) {
      const reader = new CommandReader();
      const commands = [whole.slice(0, cut), whole.slice(cut)].flatMap((piece) =>
        reader.take(Buffer.from(piece)),
      );
      expect(commands).toHaveLength(1);
      expect(commands[0]?.line).toBe('sendmsg abc');
      expect(commands[0]?.headers.get('execute-app-name')).toBe('playback');
      expect(commands[0]?.headers.get('execute-app-arg')).toBe('a: b');
    }
  });

  it('reads several commands of one packet and ignores empty lines between them', () => {
    expect(linesOf(new CommandReader(), 'auth x\n\n\n\nevent json ALL\r\n\r\nexit\n\n')).toEqual([
      'auth x',
      'event json ALL',
      'exit',
    ]);
  });

  it('takes an api command at its line end and does not mistake its late empty line for a command', () => {
    const reader = new CommandReader();
    expect(linesOf(reader, 'api status\n')).toEqual(['api status']);
    expect(linesOf(reader, '\n', 'sendmsg abc\n', 'call-command: hangup\n\n')).toEqual(['sendmsg abc']);
  });

  it('reads a body of the length given', () => {
    const [command] = new CommandReader().take(Buffer.from('sendevent X\nContent-Length: 6\n\na\n\nbcd'));
    expect(command?.body).toBe('a\n\nbcd');
  });

  it('refuses a command or body without end', () => {
    expect(() => new CommandReader().take(Buffer.alloc(70_000, 65))).toThrow(CommandTooLong);
    expect(() => new CommandReader().take(Buffer.from('sendevent X\nContent-Length: 99999999\n\n'))).toThrow(
      CommandTooLong,
    );
  });

  it('survives any bytes in any pieces', () => {
    const streams = fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (chunks) => {
      const reader = new CommandReader();
      for (const chunk of chunks) reader.take(Buffer.from(chunk));
    });
    expect(() => fc.assert(streams, { numRuns: 1_000 })).not.toThrow();
  });
});
