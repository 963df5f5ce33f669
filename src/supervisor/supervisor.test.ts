import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../test/support/fake-clock';
import type { LogFacts } from '../kernel/log';
import { ChildFailed, ChildServer } from './child-server';
import { AlreadyRunning, claimFolder } from './single-instance';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), '123-voip-supervisor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A child that answers with the options it was started with, and dies when told to. */
const ECHO = `
process.on('message', (message) => {
  if (message.type !== 'start') return;
  if (message.options.fail) return process.send({ type: 'failed', message: message.options.fail });
  console.log(JSON.stringify({ level: 'warn', event: 'started', options: message.options }));
  process.send({ type: 'ready', addresses: { port: message.options.port || 4711 } });
});
process.on('disconnect', () => process.exit(0));
`;

function aChild(start: object) {
  const module = join(folder, 'child.js');
  writeFileSync(module, ECHO);
  const lines: { event: string; facts: LogFacts | undefined }[] = [];
  const note = (event: string, facts?: LogFacts) => void lines.push({ event, facts });
  const clock = new FakeClock();
  const log = { debug: note, info: note, warn: note, error: note };
  const server = new ChildServer<{ port: number }>({
    name: 'echo',
    module,
    start,
    restart: (at) => ({ port: at.port, again: true }),
    clock,
    log,
  });
  const logged = async (event: string) => {
    while (!lines.some((line) => line.event === event)) await new Promise((resolve) => setImmediate(resolve));
    return lines.filter((line) => line.event === event).at(-1)?.facts;
  };
  return { server, clock, logged, lines };
}

describe('a server process', () => {
  it('gives its addresses, and its log lines become ours with its name', async () => {
    const { server, logged } = aChild({ port: 5 });
    expect(await server.start()).toEqual({ port: 5 });
    expect(await logged('started')).toEqual({ part: 'echo', options: { port: 5 } });
    await server.stop();
  });

  it('that cannot start says why', async () => {
    const { server } = aChild({ fail: 'the port is taken' });
    await expect(server.start()).rejects.toThrow(new ChildFailed('echo', 'the port is taken'));
    await server.stop();
  });

  it('that dies is started again with the addresses it had', async () => {
    const { server, clock, logged, lines } = aChild({});
    await server.start();
    const first = server.pid as number;
    await logged('started');
    lines.length = 0;
    process.kill(first, 'SIGKILL');
    await logged('a server process died and is started again');
    await clock.advance(1_000);
    expect(await logged('started')).toEqual({ part: 'echo', options: { port: 4711, again: true } });
    expect(server.pid).not.toBe(first);
    await server.stop();
  });

  it('that is stopped stays stopped', async () => {
    const { server, clock, lines } = aChild({});
    await server.start();
    await server.stop();
    await clock.advance(60_000);
    expect(lines.map((line) => line.event)).not.toContain('a server process died and is started again');
  });
});

describe('a folder', () => {
  it('belongs to one running process, and to the next after it', () => {
    const free = claimFolder(folder);
    expect(() => claimFolder(folder)).not.toThrow(AlreadyRunning);
    writeFileSync(join(folder, 'running.pid'), String(process.ppid));
    expect(() => claimFolder(folder)).toThrow(/process \d+ already uses .* a VAR_DIR of its own/);
    free();
    expect(() => claimFolder(folder)).not.toThrow();
  });

  it('that a killed process left claimed is taken over', () => {
    writeFileSync(join(folder, 'running.pid'), '999999999');
    expect(() => claimFolder(folder)).not.toThrow();
  });
});
