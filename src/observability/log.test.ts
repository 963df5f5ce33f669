import { jsonLog } from './log';

function logged(
  write: (log: ReturnType<typeof jsonLog>) => void,
  level = 'debug',
): Record<string, unknown>[] {
  const lines: string[] = [];
  write(jsonLog(level, { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

describe('jsonLog', () => {
  it('writes event and facts as one JSON line with the time', () => {
    const [line] = logged((log) => log.info('call ended', { cdrId: 'a', talkSeconds: 12 }));
    expect(line).toMatchObject({ level: 'info', msg: 'call ended', cdrId: 'a', talkSeconds: 12 });
    expect(line?.time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it.each(['pin', 'password', 'secret', 'token', 'digits', 'roomNumber'])(
    'never shows a fact named %s',
    (name) => {
      const text = JSON.stringify(
        logged((log) => log.error('slip', { [name]: '480213', nested: { [name]: '480213' } })),
      );
      expect(text).not.toContain('480213');
      expect(text).toContain('[redacted]');
    },
  );

  it('keeps lines below its level to itself', () => {
    expect(logged((log) => log.debug('detail'), 'warn')).toEqual([]);
  });
});
