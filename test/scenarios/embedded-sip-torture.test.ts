import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type Srf from 'drachtio-srf';
import { sleep, systemClock } from '../../src/kernel/clock';
import {
  freePort,
  headerOf,
  holdsWithin,
  type RawPeer,
  rawRequest,
  runSipp,
  sdp,
  setStage,
  type Stage,
} from './embedded-sip-stage';

const folder = join(__dirname, '../../../shared/data/rfc4475');
const names = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => name.endsWith('.dat'))
      .map((name) => name.slice(0, -4))
  : [];

/**
 * Final status a running server with an application for every verb gives over TCP, where answers come back by the connection; undefined is
 * silence. 200 is the application's answer. The reasons are in src/embedded/sip/torture.test.ts; dialog rules add: no Contact or From tag in an
 * INVITE is 400, a To tag we do not know is 481, an unknown method is 501.
 */
const overTcp: Readonly<Record<string, number | undefined>> = {
  wsinv: 481,
  intmeth: 501,
  esc01: 200,
  escnull: 200,
  esc02: 501,
  lwsdisp: 200,
  longreq: 200,
  // On a stream what follows is a request of its own: an INVITE without Contact, refused before the application answers the first.
  dblreq: 400,
  semiuri: 200,
  transports: 200,
  mpart01: 200,
  unreason: undefined,
  noreason: undefined,
  badinv01: 400,
  clerr: undefined,
  ncl: 400,
  scalar02: 400,
  scalarlg: undefined,
  quotbal: 400,
  ltgtruri: 400,
  lwsruri: 400,
  lwsstart: 400,
  trws: 400,
  escruri: 400,
  baddate: 200,
  regbadct: 400,
  badaspec: 400,
  // Lacks the empty line, without which a stream goes on waiting.
  baddn: undefined,
  badvers: 505,
  mismatch01: 400,
  mismatch02: 400,
  bigcode: undefined,
  badbranch: 200,
  insuf: 400,
  unkscm: 416,
  novelsc: 416,
  unksm2: 200,
  bext01: 420,
  invut: 415,
  regaut01: 200,
  multi01: 400,
  mcl01: 400,
  bcast: undefined,
  zeromf: 200,
  cparam01: 200,
  cparam02: 200,
  regescrt: 200,
  sdp01: 406,
  // RFC 2543: no Contact, no From tag.
  inv2543: 400,
};

describe('hostile input to the embedded SIP server', () => {
  let stage: Stage;
  let peer: RawPeer;
  let app: Srf;

  beforeAll(async () => {
    stage = await setStage();
    peer = await stage.peer();
    app = await stage.app();
    app.invite((req, res) => {
      void app.createUAS(req, res, { localSdp: sdp }).catch(() => {});
    });
    for (const verb of ['options', 'register', 'message'] as const) app[verb]((_, res) => res.send(200));
    await sleep(systemClock, 50);
  });
  afterAll(() => stage.close());

  async function nextCall(): Promise<number> {
    const caller = runSipp({
      scenario: 'uac',
      remotePort: stage.sipPort,
      localPort: await freePort(),
      more: ['-d', '10'],
    });
    return caller.done;
  }

  /** Sends over TCP and gives the final status that comes back within a moment. */
  async function answerOverTcp(bytes: Buffer): Promise<number | undefined> {
    const socket = connect(stage.sipPort, '127.0.0.1');
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.write(bytes);
    const final = (): RegExpExecArray | null => /^SIP\/2\.0 ([2-6]\d\d)/m.exec(text);
    await holdsWithin(120, () => final() !== null);
    socket.destroy();
    const status = final()?.[1];
    return status === undefined ? undefined : Number(status);
  }

  const rows = Object.entries(overTcp).filter(([name]) => names.includes(name));
  it.each(rows.length === 0 ? [['no messages at hand', undefined] as const] : rows)(
    '%s is answered %s over TCP',
    async (name, expected) => {
      const file = join(folder, `${name}.dat`);
      expect(existsSync(file) ? await answerOverTcp(readFileSync(file)) : undefined).toBe(expected);
    },
  );

  it('leaves the next call unharmed by all of it over UDP', async () => {
    for (const name of names) peer.send(readFileSync(join(folder, `${name}.dat`), 'latin1'), stage.sipPort);
    for (let round = 0; round < 200; round++)
      peer.send(String.fromCharCode(...noise(round, 300)), stage.sipPort);
    expect(await nextCall()).toBe(0);
  });

  it('leaves calls unharmed by idle, slow and huge TCP peers', async () => {
    const peers = Array.from({ length: 200 }, (_, at) => {
      const socket = connect(stage.sipPort, '127.0.0.1');
      socket.on('error', () => {});
      if (at % 2 === 0) socket.write('INVITE sip:a@b SIP/2.0\r\nVia: ');
      return socket;
    });
    const huge = connect(stage.sipPort, '127.0.0.1');
    let closed = false;
    huge.on('error', () => {});
    huge.on('close', () => {
      closed = true;
    });
    huge.write(`INVITE sip:a@b SIP/2.0\r\nX: ${'a'.repeat(10 * 1024 * 1024)}`);
    expect(await holdsWithin(2_000, () => closed)).toBe(true);
    expect(await nextCall()).toBe(0);
    for (const socket of peers) socket.resetAndDestroy();
    expect(await nextCall()).toBe(0);
  });

  it('takes a call whose names and numbers are made of separators', async () => {
    const from = '"a|b#c \\" {x}; \\\\" <sip:alice@127.0.0.1>';
    const text = rawRequest(peer, 'OPTIONS', { cseq: 77, lines: ['X-Odd: |sip|network|x#9|'] });
    peer.send(text.replace('<sip:alice@127.0.0.1>', from), stage.sipPort);
    await holdsWithin(1_000, () => peer.received.some((answer) => headerOf(answer, 'CSeq') === '77 OPTIONS'));
    expect(peer.received.find((answer) => headerOf(answer, 'CSeq') === '77 OPTIONS')).toMatch(
      /^SIP\/2\.0 200/,
    );
  });
});

function noise(seed: number, length: number): number[] {
  let state = seed + 1;
  return Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (state >> 8) & 255;
  });
}
