import { rfcTimers } from '../sip/client-transactions';
import type { SipRequest } from '../sip/message';
import { parseMessage } from '../sip/parse';
import { ServerTransaction } from './server-transaction';

function aRequest(method: string): SipRequest {
  const message = parseMessage(
    [
      `${method} sip:b@127.0.0.1 SIP/2.0`,
      'Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-1',
      'From: <sip:a@127.0.0.1>;tag=1',
      'To: <sip:b@127.0.0.1>',
      'Call-ID: c1',
      `CSeq: 1 ${method}`,
      'Contact: <sip:a@127.0.0.1:5070>',
      '',
      '',
    ].join('\r\n'),
  );
  if (message.kind !== 'request') throw new Error('the request of this test is broken');
  return message;
}

function aTransaction(method: string) {
  const sent: string[] = [];
  const source = { protocol: 'udp', address: '127.0.0.1', port: 5070, flow: undefined } as const;
  const transaction = new ServerTransaction(
    {
      carriage: (reliable) => ({ reliable, timers: rfcTimers }),
      transmit: (text) => sent.push(text.slice(0, text.indexOf('\r\n'))),
      timer: () => ({ cancel() {} }),
      serverEnded() {},
      ackForAccepted() {},
    },
    'key',
    aRequest(method),
    source,
    source,
  );
  return { transaction, sent };
}

const ok = { status: 200, reason: 'OK', toTag: 't' };

describe('ServerTransaction', () => {
  it('lets a 2xx to INVITE be sent again by its sender, and absorbs the INVITE that comes again', () => {
    const { transaction, sent } = aTransaction('INVITE');
    const text = transaction.respond(ok);
    transaction.repeated();
    transaction.respondText(200, text);
    expect(sent).toEqual(['SIP/2.0 200 OK', 'SIP/2.0 200 OK']);
  });

  it('repeats the answer when another request comes again', () => {
    const { transaction, sent } = aTransaction('BYE');
    transaction.respond(ok);
    transaction.repeated();
    expect(sent).toEqual(['SIP/2.0 200 OK', 'SIP/2.0 200 OK']);
  });

  it('gives one final answer, and no longer keeps the request after it', () => {
    const { transaction, sent } = aTransaction('INVITE');
    expect(transaction.request.callId).toBe('c1');
    transaction.respond({ status: 486, reason: 'Busy Here' });
    expect(transaction.respond(ok)).toBe('');
    expect(sent).toEqual(['SIP/2.0 486 Busy Here']);
    expect(transaction.isInvite).toBe(true);
    expect(() => transaction.request).toThrow('no longer kept');
  });
});
