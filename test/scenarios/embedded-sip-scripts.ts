/** SIPp scenarios, written as the steps of a call. */

const sdp =
  'v=0\no=user1 53655765 2353687637 IN IP[local_ip_type] [local_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 0\n';

export type SendOptions = {
  readonly cseq?: number;
  readonly lines?: string;
  readonly body?: boolean;
  readonly retrans?: boolean;
};

/** A request of the caller; inside the dialog once an answer was received. */
export function request(
  method: string,
  { cseq = 1, lines = '', body = method === 'INVITE', retrans = true }: SendOptions = {},
): string {
  const inside = cseq > 1 || method === 'ACK';
  const target = inside && method !== 'CANCEL' ? '[next_url]' : 'sip:[service]@[remote_ip]:[remote_port]';
  const routes = inside ? '[routes]\n' : '';
  const type = body ? 'Content-Type: application/sdp\n' : '';
  return `<send${retrans && method !== 'ACK' ? ' retrans="100"' : ''}><![CDATA[
${method} ${target} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: sipp <sip:sipp@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
${routes}Call-ID: [call_id]
CSeq: ${cseq} ${method}
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
${lines}${type}Content-Length: ${body ? '[len]' : '0'}

${body ? sdp : ''}
]]></send>`;
}

/** CANCEL of the INVITE three messages before it, with its branch. */
export function cancel(): string {
  return `<send retrans="100"><![CDATA[
CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-3]
From: sipp <sip:sipp@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 CANCEL
Max-Forwards: 70
Content-Length: 0

]]></send>`;
}

/** ACK of a refusal with the branch of the INVITE, which SIPp counts back in messages. */
export function ackRefusal(branch = '[branch-3]'): string {
  return `<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=${branch}
From: sipp <sip:sipp@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>`;
}

/** A response of the called side to the request received last. */
export function respond(status: string, { body = false, lines = '', retrans = false } = {}): string {
  const tag = status.startsWith('100') ? '' : ';tag=[pid]SIPpTag01[call_number]';
  const type = body ? 'Content-Type: application/sdp\n' : '';
  return `<send${retrans ? ' retrans="100"' : ''}><![CDATA[
SIP/2.0 ${status}
[last_Via:]
[last_From:]
[last_To:]${tag}
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>
${lines}${type}Content-Length: ${body ? '[len]' : '0'}

${body ? sdp : ''}
]]></send>`;
}

/** A response inside a dialog: To already has its tag. */
export function respondInside(status: string, body = false): string {
  return respond(status, { body }).replace(';tag=[pid]SIPpTag01[call_number]', '');
}

export function receive(
  what: number | string,
  { optional = false, auth = false, regexp = '', header = '' } = {},
): string {
  const kind = typeof what === 'number' ? `response="${what}"` : `request="${what}"`;
  const rrs = what === 200 || what === 'INVITE' ? ' rrs="true"' : '';
  const search =
    regexp === ''
      ? ''
      : `<action><ereg regexp="${regexp}" search_in="hdr" header="${header}" check_it="true" assign_to="found"/></action>`;
  return `<recv ${kind}${rrs}${optional ? ' optional="true"' : ''}${auth ? ' auth="true"' : ''}>${search}</recv>`;
}

export const pause = (ms: number): string => `<pause milliseconds="${ms}"/>`;

export function scenario(...steps: readonly string[]): string {
  const variables = steps.some((step) => step.includes('assign_to="found"'))
    ? '<Reference variables="found"/>'
    : '';
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="stage">\n${steps.join('\n')}\n${variables}</scenario>\n`;
}

export const trying = receive(100, { optional: true });
export const ringing = receive(180, { optional: true });
