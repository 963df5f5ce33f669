import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWav, writeWav } from '../../src/embedded/media/wav';
import { freePort } from './mariadb-server';
import { eventually } from './service';

/** It speaks this long; a call of a story is shorter. */
const TONE_SECONDS = 60;

/** A telephone of an account of ours. */
export type BaresipAccount = {
  readonly username: string;
  readonly password: string;
  readonly sipPort: number;
  /** How it takes calls: by itself, or by the command accept. */
  readonly answers: 'auto' | 'manual';
  readonly transport?: 'udp' | 'tcp' | 'tls';
};

/** What it subscribes to: modules of its own (mwi, presence), and SIP URIs of contacts whose presence it asks for. */
export type BaresipWatches = { readonly modules: readonly string[]; readonly presenceOf: readonly string[] };

const NOTHING_WATCHED: BaresipWatches = { modules: [], presenceOf: [] };

const STRANGER = '<sip:+3222225566@127.0.0.1>;regint=0;audio_codecs=PCMU';

function accountLine({ username, password, sipPort, answers, transport = 'udp' }: BaresipAccount): string {
  return `<sip:${username}@127.0.0.1:${sipPort};transport=${transport}>;auth_user=${username};auth_pass=${password};answermode=${answers};regint=600;audio_codecs=PCMU`;
}

/** A baresip telephone: a program we did not write, that sends a tone of its own and records what it hears. */
export class Baresip {
  #output = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly control: Socket,
    private readonly folder: string,
    private readonly log: { readonly text: string },
  ) {
    control.on('data', (bytes) => {
      this.#output += String(bytes);
    });
  }

  /**
   * Starts it; `toneHz` is what it says all the time. Signed in with an account it is registered before this resolves. With `caFile` its calls go
   * over TLS to servers that authority answers for, and their sound over SRTP alone.
   */
  static async start(
    toneHz: number,
    {
      account = null,
      caFile,
      watches = NOTHING_WATCHED,
    }: {
      readonly account?: BaresipAccount | null;
      readonly caFile?: string;
      readonly watches?: BaresipWatches;
    } = {},
  ): Promise<Baresip> {
    const folder = mkdtempSync(join(tmpdir(), '123-voip-baresip-'));
    const controlPort = await freePort();
    const settings = [
      ...configuration(folder, controlPort, await freeSipPort()),
      ...(caFile === undefined ? [] : ['module srtp.so', `sip_cafile ${caFile}`, 'sip_verify_server yes']),
      ...watches.modules.map((name) => `module_app ${name}.so`),
    ];
    const secure = caFile === undefined ? '' : ';mediaenc=srtp-mand';
    writeFileSync(join(folder, 'config'), `${settings.join('\n')}\n`);
    writeFileSync(join(folder, 'accounts'), `${account ? accountLine(account) : STRANGER}${secure}\n`);
    const contacts = watches.presenceOf.map((uri) => `"Watched" <${uri}>;presence=p2p\n`);
    writeFileSync(join(folder, 'contacts'), contacts.join(''));
    writeFileSync(join(folder, 'tone.wav'), writeWav(tone(toneHz, TONE_SECONDS)));
    const child = spawn('baresip', ['-f', folder], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    // What it says before its control port answers counts too: registered, it may be told of its messages at once.
    const log = { text: '' };
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes) => {
        log.text += String(bytes);
      });
    let control: Socket | null = null;
    await eventually(10_000, async () => {
      if (child.exitCode !== null) throw new Error(`baresip ended: ${log.text}`);
      control = await tryConnect(controlPort);
      return control !== null;
    });
    const phone = new Baresip(child, control as unknown as Socket, folder, log);
    // It registers before anybody can listen to its events; on its output it says so too.
    if (account) await eventually(10_000, () => log.text.includes('binding]'));
    return phone;
  }

  /** Gives a command of its menu, for example dial. */
  command(name: string, parameters = ''): void {
    const text = JSON.stringify({ command: name, params: parameters, token: name });
    this.control.write(`${Buffer.byteLength(text)}:${text},`);
  }

  /** Resolves when it reports an event, for example CALL_ESTABLISHED. */
  async reports(event: string, limitMs = 20_000): Promise<void> {
    await eventually(limitMs, () => this.#output.includes(`"type":"${event}"`));
  }

  /** Resolves when it has written this to its screen, for example of a message that waits. */
  async shows(text: string | RegExp, limitMs = 20_000): Promise<void> {
    await eventually(limitMs, () =>
      typeof text === 'string' ? this.#shown.includes(text) : text.test(this.#shown),
    ).catch(() => {
      throw new Error(`baresip did not show ${String(text)}, but ${this.#shown.slice(-2_000)}`);
    });
  }

  /** Resolves when the one contact whose presence it asks for is so: Unknown, Offline, Online, Busy. */
  async seesContact(status: string): Promise<void> {
    let last: string | undefined;
    await eventually(
      20_000,
      () => {
        this.command('contacts');
        last = [...this.#output.matchAll(/\[\d+m(\w+)\\u001B\[;m Watched/g)].at(-1)?.[1];
        return last === status;
      },
      200,
    ).catch(() => {
      throw new Error(`the contact did not become ${status}, but ${last}: ${this.#shown.slice(-600)}`);
    });
  }

  get #shown(): string {
    return this.log.text + this.#output;
  }

  /** How often it has reported an event. */
  count(event: string): number {
    return this.#output.split(`"type":"${event}"`).length - 1;
  }

  /** What it heard, 8 kHz; to be asked after the call. */
  heard(): Int16Array {
    const file = readdirSync(this.folder).find((name) => /dump-.*-dec\.wav$/.test(name));
    if (!file) throw new Error('baresip recorded nothing');
    return readWav(readFileSync(join(this.folder, file)));
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.control.destroy();
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** It takes the port above its own too, for TLS. */
async function freeSipPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (await isFree(port + 1)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((tell) => {
    server.once('error', () => tell(false));
    server.listen(port, '127.0.0.1', () => server.close(() => tell(true)));
  });
}

function configuration(folder: string, controlPort: number, sipPort: number): string[] {
  return [
    `sip_listen 127.0.0.1:${sipPort}`,
    'rtp_ports 33000-33100',
    'module_path /usr/lib/baresip/modules',
    'module g711.so',
    'module aufile.so',
    'module sndfile.so',
    'module_tmp account.so',
    'module_app menu.so',
    'module_app ctrl_tcp.so',
    `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
    `audio_source aufile,${join(folder, 'tone.wav')}`,
    `audio_player aufile,${join(folder, 'played.wav')}`,
    `audio_alert aufile,${join(folder, 'alert.wav')}`,
    'audio_srate 8000-8000',
    'audio_channels 1-1',
    `snd_path ${folder}`,
    'call_local_timeout 120',
  ];
}

function tone(frequencyHz: number, seconds: number): Int16Array {
  return Int16Array.from(
    { length: seconds * 8_000 },
    (_, n) => 8_000 * Math.sin((2 * Math.PI * frequencyHz * n) / 8_000),
  );
}

function tryConnect(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => resolve(socket));
    socket.once('error', () => resolve(null));
  });
}
