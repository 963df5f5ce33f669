import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './mariadb-server';

/** How a SIPp run ended: `code` 0 when every call went as its scenario says. */
export type SippResult = { readonly code: number | null; readonly messages: string };

/** What a speaking telephone sends over and over: one second of a quiet constant, PCMU. */
const SPEECH_FILE = 'speech.ulaw';
const SPEECH_BYTES = 8_000;
const SPEECH_SAMPLE = 0xf0;

/** SIPp's RTP ports: away from the media server's, the test phones' and those the system gives away; every program has its own. */
const MEDIA_PORTS = 21_000;
const PORTS_A_PROGRAM = 100;
const MEDIA_PROGRAMS = 90;
let programs = process.pid;

const IGNORES_UNEXPECTED = ['-default_behaviors', 'all,-abortunexp'];

/** Runs a SIPp scenario against the service; `calls` of them, all begun at once. `callId` may hold %u, the number of the call. */
export async function runSipp(run: {
  scenario: string;
  sipPort: number;
  number: string;
  calls?: number;
  limitSeconds?: number;
  from?: string;
  callId?: string;
  /** For telephones that send twice without waiting: what comes in between is not out of place. */
  ignoresUnexpected?: boolean;
}): Promise<SippResult> {
  const calls = run.calls ?? 1;
  const limit = `${run.limitSeconds ?? 60}s`;
  const target = [`127.0.0.1:${run.sipPort}`, '-s', run.number];
  const how = ['-m', String(calls), '-r', String(calls), '-timeout', limit, '-timeout_error'];
  const who = run.callId === undefined ? [] : ['-cid_str', run.callId];
  const mood = run.ignoresUnexpected ? IGNORES_UNEXPECTED : [];
  const words = [...target, ...how, ...who, ...mood];
  return (await spawnSipp(run.scenario, await freePort(), words, run.from)).ended;
}

/** Telephones that are called: SIPp answers every call on `sipPort`, a free one unless it is given, as its scenario says, until stopped. */
export async function startCallees(
  calleeScenario: string,
  { ignoresUnexpected = false, port = null as number | null } = {},
): Promise<{ sipPort: number; stop(): Promise<SippResult> }> {
  const sipPort = port ?? (await freePort());
  const { child, ended } = await spawnSipp(
    calleeScenario,
    sipPort,
    ignoresUnexpected ? IGNORES_UNEXPECTED : [],
  );
  return {
    sipPort,
    stop: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

async function spawnSipp(
  sippScenario: string,
  sipPort: number,
  words: readonly string[],
  from = '+3222223344',
): Promise<{ child: ChildProcess; ended: Promise<SippResult> }> {
  const folder = mkdtempSync(join(tmpdir(), '123-voip-sipp-'));
  const file = join(folder, 'scenario.xml');
  writeFileSync(file, sippScenario);
  writeFileSync(join(folder, SPEECH_FILE), Buffer.alloc(SPEECH_BYTES, SPEECH_SAMPLE));
  const rtpPort = String(await freeMediaPort());
  const local = ['-i', '127.0.0.1', '-p', String(sipPort), '-mi', '127.0.0.1', '-mp', rtpPort];
  const traces = ['-trace_msg', '-message_file', join(folder, 'messages.log')];
  const errors = ['-trace_err', '-error_file', join(folder, 'errors.log')];
  const fixed = [...local, '-key', 'from', from, '-nostdin', ...traces, ...errors];
  const child = spawn('sipp', ['-sf', file, ...words, ...fixed], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: folder,
  });
  let complaints = '';
  child.stderr.on('data', (bytes) => {
    complaints += String(bytes);
  });
  const exited = new Promise<number | null>((resolve, failed) => {
    child.once('error', failed);
    child.once('exit', resolve);
  });
  const ended = exited.then((code) => {
    const logs = readIfThere(join(folder, 'messages.log')) + readIfThere(join(folder, 'errors.log'));
    rmSync(folder, { recursive: true, force: true });
    return { code, messages: logs + complaints };
  });
  return { child, ended };
}

/** One message as the telephone noted it. */
export type LoggedMessage = {
  /** Milliseconds since 1970 by the telephone's own clock. */
  readonly atMs: number;
  readonly way: 'sent' | 'received';
  /** Request or status line. */
  readonly line: string;
  readonly text: string;
};

/** The messages in a SIPp log (-trace_msg), those of one Call-ID when one is given. */
export function loggedMessages(log: string, callId = ''): readonly LoggedMessage[] {
  const head =
    /^-{20,} (\d{4}-\d\d-\d\d)[ \t](\d\d:\d\d:\d\d\.\d{3})\d*.*\n\w+ message (sent|received)\b.*\n+/gm;
  const heads = [...log.matchAll(head)];
  return heads.flatMap((match, index) => {
    const text = log.slice(match.index + match[0].length, heads[index + 1]?.index);
    if (!new RegExp(`^(Call-ID|i): *${callId.replace(/[^\w-]/g, '.')}`, 'im').test(text)) return [];
    const atMs = new Date(`${match[1]}T${match[2]}`).getTime();
    const line = /^.*$/m.exec(text)?.[0].trim() ?? '';
    return [{ atMs, way: match[3] === 'sent' ? ('sent' as const) : ('received' as const), line, text }];
  });
}

/** The next block of RTP ports whose first nobody has: other programs of this machine may be at theirs. */
async function freeMediaPort(): Promise<number> {
  for (let tries = 0; tries < MEDIA_PROGRAMS; tries++) {
    programs += 1;
    const port = MEDIA_PORTS + PORTS_A_PROGRAM * (programs % MEDIA_PROGRAMS);
    if (await isFree(port)) return port;
  }
  throw new Error('all RTP ports for SIPp are taken');
}

function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  return new Promise((tell) => {
    socket.once('error', () => tell(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => tell(true)));
  });
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** A scenario of these steps, in SIPp's XML. */
export function scenario(...steps: readonly string[]): string {
  return `<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="story">\n${steps.join('\n')}\n</scenario>\n`;
}

const HEADERS = (
  method: string,
  cseq: number,
  to: string,
) => `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[from]@[local_ip]:[local_port]>;tag=[pid]T[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>${to}
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Contact: <sip:[from]@[local_ip]:[local_port]>
Max-Forwards: 70`;

/** SIPp sends its events as payload type 96. */
const SDP = `v=0
o=sipp 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [auto_media_port] RTP/AVP 0 96
a=rtpmap:0 PCMU/8000
a=rtpmap:96 telephone-event/8000
a=fmtp:96 0-15`;

const message = (line: string, headers: string, body = '', type = 'application/sdp') =>
  `<send${line.startsWith('ACK') ? '' : ' retrans="500"'}><![CDATA[\n\n${line} SIP/2.0\n${headers}\n${body === '' ? 'Content-Length: 0\n\n' : `Content-Type: ${type}\nContent-Length: [len]\n\n${body}\n`}\n]]></send>`;

export const invite = message(
  'INVITE sip:[service]@[remote_ip]:[remote_port]',
  HEADERS('INVITE', 1, ''),
  SDP,
);
export const ack = message('ACK [next_url]', `[routes]\n${HEADERS('ACK', 1, '[peer_tag_param]')}`);
/** ACK of a refusal: belongs to the INVITE's transaction, so it repeats its Via (RFC 3261 17.1.1.3). */
export const ackRefusal = message(
  'ACK sip:[service]@[remote_ip]:[remote_port]',
  HEADERS('ACK', 1, '[peer_tag_param]').replace(/^Via: .*$/m, '[last_Via:]'),
);
export const bye = message('BYE [next_url]', `[routes]\n${HEADERS('BYE', 900, '[peer_tag_param]')}`);
/** To be sent after INVITE and 100: it repeats the branch of the message two before it. */
export const cancel = message(
  'CANCEL sip:[service]@[remote_ip]:[remote_port]',
  HEADERS('CANCEL', 1, '').replace('branch=[branch]', 'branch=[branch-2]'),
);
export const trying = '<recv response="100" optional="true"/>\n<recv response="180" optional="true"/>';
export const receive = (status: number) => `<recv response="${status}" rrs="true"/>`;
export const receiveRequest = (method: string, limitMs = 60_000) =>
  `<recv request="${method}" timeout="${limitMs}"/>`;
export const pause = (milliseconds: number) => `<pause milliseconds="${milliseconds}"/>`;
export const answerBye = `<send><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>`;

/** Keys as RFC 4733 events in RTP. SIPp takes 200 ms and more for each, so the pause must be long enough for all. */
export const playDigits = (digits: string) =>
  `<nop><action><exec play_dtmf="${digits}"/></action></nop>\n${pause(digits.length * 450)}`;

/** Speaks until `stopSpeaking`, or to the end of the call. */
export const speak = `<nop><action><exec rtp_stream="${SPEECH_FILE},-1,0"/></action></nop>`;
export const speakAgain = '<nop><action><exec rtp_stream="resume"/></action></nop>';
export const stopSpeaking = '<nop><action><exec rtp_stream="pause"/></action></nop>';

/** Keys as SIP INFO, one request each. */
export function infoDigits(digits: string, firstCseq: number): string {
  return Array.from(digits)
    .map((digit, index) =>
      [
        message(
          'INFO [next_url]',
          `[routes]\n${HEADERS('INFO', firstCseq + index, '[peer_tag_param]')}`,
          `Signal=${digit}\nDuration=160`,
          'application/dtmf-relay',
        ),
        '<recv response="200"/>',
        pause(60),
      ].join('\n'),
    )
    .join('\n');
}

/** INVITE, 200, ACK. */
export const answeredCall = [invite, trying, receive(200), ack].join('\n');
/** The house ends the call. */
export const endedByHouse = (limitMs = 60_000) => [receiveRequest('BYE', limitMs), answerBye].join('\n');
/** The caller ends the call. */
export const hangUp = [bye, '<recv response="200"/>'].join('\n');

const ANSWER_HEADERS = `[last_Via:]
[last_From:]
[last_To:];tag=[pid]U[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:callee@[local_ip]:[local_port]>`;

const respond = (line: string, body = '') =>
  `<send${body === '' ? '' : ' retrans="500"'}><![CDATA[\n\nSIP/2.0 ${line}\n${ANSWER_HEADERS}\n${body === '' ? 'Content-Length: 0\n\n' : `Content-Type: application/sdp\nContent-Length: [len]\n\n${body}\n`}\n]]></send>`;

/** What a called telephone needs for requests and late answers of its own: $houseUri, $houseFrom, $houseCseq. */
const KEPT_OF_INVITE = [
  '<ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" check_it="true" assign_to="houseUri"/>',
  '<ereg regexp=".*" search_in="hdr" header="From:" check_it="true" assign_to="houseFrom"/>',
  '<ereg regexp=".*" search_in="hdr" header="CSeq:" check_it="true" assign_to="houseCseq"/>',
].join('');

/** How a called telephone behaves: numbers that match `numbers` (a regular expression over the user part) do `steps` after the INVITE. */
export type Callee = { readonly numbers: string; readonly steps: string };

/** A SIPp scenario in which each called number behaves in its own way; the first match counts, and every number needs one. */
export function calleeScenario(callees: readonly Callee[]): string {
  const matches = callees
    .map(
      ({ numbers }, index) =>
        `<ereg regexp="^INVITE sip:(${numbers})@" search_in="msg" check_it="false" assign_to="is${index},number${index}"/>`,
    )
    .join('');
  const jumps = callees.map((_, index) => `<nop next="${index + 1}" test="is${index}"/>`).join('\n');
  const branches = callees
    .map(({ steps }, index) => `<label id="${index + 1}"/>\n${steps}\n<nop next="99"/>`)
    .join('\n');
  const used = callees.map((_, index) => `is${index},number${index}`).join(',');
  return scenario(
    '<recv request="OPTIONS" optional="true" next="98"/>',
    `<recv request="INVITE" crlf="true"><action>${matches}${KEPT_OF_INVITE}</action></recv>`,
    jumps,
    branches,
    '<label id="98"/>',
    respond('200 OK'),
    '<label id="99"/>',
    `<Reference variables="${used},houseUri,houseFrom,houseCseq"/>`,
  );
}

/** A registrar of one realm: asks for credentials, and says `verdict` of those that it gets. */
export function registrarScenario(realm: string, verdict: string, headers: string): string {
  return scenario(
    '<recv request="REGISTER"/>',
    registrarSays(
      '401 Unauthorized',
      `WWW-Authenticate: Digest realm="${realm}", nonce="abcdef", qop="auth", algorithm=MD5`,
    ),
    '<recv request="REGISTER"/>',
    registrarSays(verdict, headers),
  );
}

const registrarSays = (line: string, more: string) =>
  `<send><![CDATA[\n\nSIP/2.0 ${line}\n${ANSWER_HEADERS.replace(/^Contact:.*$/m, more)}\nContent-Length: 0\n\n]]></send>`;

export const ring = respond('180 Ringing');
/** 200 with SDP, ACK. */
export const pickUp = `${respond('200 OK', SDP)}\n<recv request="ACK"/>`;
/** A refusal and its ACK. */
export const decline = (line: string) => `${respond(line)}\n<recv request="ACK"/>`;
/** Rings until the caller gives up. */
export const neverPickUp = `<recv request="CANCEL" timeout="90000"/>
<send><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>`;
