/** A SIP message as drachtio told us of it: one that came from the network, or one that it sent for us. */
export type SeenMessage = {
  readonly sipCallId: string;
  readonly way: 'in' | 'out';
  readonly transport: string;
  /** Address and port of the other side. */
  readonly peer: string;
  readonly text: string;
};

/** Methods that belong to a call; registrations, probes and subscriptions are not kept. */
const METHODS_OF_CALLS = ['INVITE', 'ACK', 'BYE', 'CANCEL', 'PRACK', 'UPDATE', 'INFO', 'REFER', 'NOTIFY'];

const CALL_ID = /^(?:call-id|i)[ \t]*:[ \t]*(\S{1,255})[ \t]*$/im;
const CSEQ_METHOD = /^cseq[ \t]*:[ \t]*\d+[ \t]+([A-Z]+)/im;

/**
 * Reads one message of drachtio's admin protocol; null when it carries no SIP message of a call. Both `id|sip|…` (received, or made by
 * the server) and `id|response|…` (the echo of what was sent) carry source, transport and peer before the message.
 */
export function readSeenMessage(admin: string): SeenMessage | null {
  const end = admin.indexOf('\r\n');
  if (end < 0) return null;
  const token = admin.slice(0, end).split('|');
  const meta = token[1] === 'sip' ? token.slice(2) : token[1] === 'response' ? token.slice(4) : null;
  if (!meta) return null;
  const [source, , transport, address, port] = meta;
  if ((source !== 'network' && source !== 'application') || !transport || !address || !port) return null;
  const text = admin.slice(end + 2);
  const headers = headersOf(text);
  const sipCallId = CALL_ID.exec(headers)?.[1];
  const method = CSEQ_METHOD.exec(headers)?.[1];
  if (!sipCallId || !method || !METHODS_OF_CALLS.includes(method)) return null;
  const way = source === 'network' ? 'in' : 'out';
  const peer = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  return { sipCallId, way, transport, peer, text };
}

function headersOf(text: string): string {
  const end = text.indexOf('\r\n\r\n');
  return end < 0 ? text : text.slice(0, end);
}
