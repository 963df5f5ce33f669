import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './mariadb-server';

/** How a SIPp run ended: `code` 0 when every call went as its scenario says. */
export type SippResult = { readonly code: number | null; readonly messages: string };

/** SIPp's RTP ports begin somewhere above this: away from the media server's and the test phones'. */
const MEDIA_PORTS = 40_000;

/** Runs a SIPp scenario against the service; `calls` of them, all begun at once. */
export async function runSipp(run: {
  scenario: string;
  sipPort: number;
  number: string;
  calls?: number;
  limitSeconds?: number;
}): Promise<SippResult> {
  const calls = run.calls ?? 1;
  const limit = `${run.limitSeconds ?? 60}s`;
  const target = [`127.0.0.1:${run.sipPort}`, '-s', run.number];
  const how = ['-m', String(calls), '-r', String(calls), '-timeout', limit, '-timeout_error'];
  return (await spawnSipp(run.scenario, await freePort(), [...target, ...how])).ended;
}

/** Telephones that are called: SIPp answers every call on `sipPort` as its scenario says, until stopped. */
export async function startCallees(
  calleeScenario: string,
): Promise<{ sipPort: number; stop(): Promise<SippResult> }> {
  const sipPort = await freePort();
  const { child, ended } = await spawnSipp(calleeScenario, sipPort, []);
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
): Promise<{ child: ChildProcess; ended: Promise<SippResult> }> {
  const folder = mkdtempSync(join(tmpdir(), '123-voip-sipp-'));
  const file = join(folder, 'scenario.xml');
  writeFileSync(file, sippScenario);
  const rtpPort = String(MEDIA_PORTS + 2 * ((await freePort()) % 4_000));
  const local = ['-i', '127.0.0.1', '-p', String(sipPort), '-mi', '127.0.0.1', '-mp', rtpPort];
  const traces = ['-trace_msg', '-message_file', join(folder, 'messages.log')];
  const errors = ['-trace_err', '-error_file', join(folder, 'errors.log')];
  const child = spawn('sipp', ['-sf', file, ...words, ...local, '-nostdin', ...traces, ...errors], {
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
From: <sip:+3222223344@[local_ip]:[local_port]>;tag=[pid]T[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>${to}
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Contact: <sip:+3222223344@[local_ip]:[local_port]>
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

/** Sends a file of μ-law samples as RTP, over and over, while the scenario goes on. */
export const streamAudio = (file: string) => `<nop><action><exec rtp_stream="${file},-1,0"/></action></nop>`;

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
    `<recv request="INVITE" crlf="true"><action>${matches}</action></recv>`,
    jumps,
    branches,
    '<label id="99"/>',
    `<Reference variables="${used}"/>`,
  );
}

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
