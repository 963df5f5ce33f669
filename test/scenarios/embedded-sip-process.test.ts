import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartAnswer } from '../../src/embedded/child-process';
import type { SipServerAddresses } from '../../src/embedded/drachtio-server/main';

const root = join(__dirname, '../..');

describe('the embedded SIP server as a process', () => {
  let built: string;
  let child: ChildProcess | undefined;

  beforeAll(() => {
    built = mkdtempSync(join(tmpdir(), 'embedded-sip-'));
    symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'));
    // Other parts may not compile at the moment; what is written is enough.
    try {
      execFileSync(
        process.execPath,
        [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', built],
        { cwd: root },
      );
    } catch {
      return;
    }
  });
  afterAll(() => rmSync(built, { recursive: true, force: true }));
  afterEach(() => {
    child?.kill('SIGKILL');
  });

  function start(options: object): Promise<StartAnswer<SipServerAddresses>> {
    const forked = fork(join(built, 'embedded/drachtio-server/main.js'), [], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    child = forked;
    return new Promise((resolve) => {
      forked.once('message', (answer) => resolve(answer as StartAnswer<SipServerAddresses>));
      forked.send({ type: 'start', options });
    });
  }

  function exited(): Promise<number | null> {
    return new Promise((resolve) => {
      child?.once('exit', (code) => resolve(code));
    });
  }

  const options = {
    adminHost: '127.0.0.1',
    adminPort: 0,
    secret: 'stage-secret',
    sipHost: '127.0.0.1',
    sipPort: 0,
    transports: ['udp', 'tcp'],
  };

  it('says where it listens once it does, and ends with its parent', async () => {
    const answer = await start(options);
    expect(answer).toMatchObject({
      type: 'ready',
      addresses: { adminPort: expect.any(Number), sipPorts: { udp: expect.any(Number) } },
    });
    const gone = exited();
    child?.disconnect();
    expect(await gone).toBe(0);
  });

  it('ends on SIGTERM', async () => {
    await start(options);
    const gone = exited();
    child?.kill('SIGTERM');
    expect(await gone).toBe(0);
  });

  it('says why it cannot start', async () => {
    const answer = await start({ ...options, adminHost: '0.0.0.0', secret: 'cymru' });
    expect(answer).toMatchObject({ type: 'failed', message: expect.stringContaining('published') });
    if (child?.exitCode === null) await exited();
    expect(child?.exitCode).toBe(1);
  });
});
