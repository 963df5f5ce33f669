import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { silentLog } from '../kernel/log';
import { MAX_KEPT_LENGTH, withoutNumbers, withoutSecrets } from './mask-sip';
import { readSeenMessage } from './sip-message-seen';
import { SipTracer } from './sip-tracer';
import { forgetMessages, MAX_MESSAGES_OF_LEG, messagesOf } from './traces-store';

const sip = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const INVITE = sip(
  'INVITE sip:+12025550100@203.0.113.9 SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
  'From: "Ada Lovelace" <sip:+3222223344@192.0.2.1>;tag=1',
  'To: <sip:+12025550100@203.0.113.9>',
  'Call-ID: abc@192.0.2.1',
  'CSeq: 1 INVITE',
  'Content-Length: 0',
);
const received = (message: string) =>
  `id1|sip|network|300|udp|192.0.2.1|5060|01:58:37.6|txn||10.0.0.1|5060|\r\n${message}`;
const sent = (message: string) =>
  `id2|response|rid|OK|application|300|tcp|2001:db8::1|5062|01:58:38.0|txn|dialog|\r\n${message}`;

const of = (sipCallId: string) => INVITE.replace('abc@192.0.2.1', sipCallId);

describe('a message of the admin protocol', () => {
  it('is read with its way, transport and peer, whether it came or was sent', () => {
    expect(readSeenMessage(received(INVITE))).toMatchObject({
      sipCallId: 'abc@192.0.2.1',
      way: 'in',
      transport: 'udp',
      peer: '192.0.2.1:5060',
    });
    const ok = sip('SIP/2.0 200 OK', 'i: abc@192.0.2.1', 'cseq: 1 INVITE');
    expect(readSeenMessage(sent(ok))).toMatchObject({
      way: 'out',
      transport: 'tcp',
      peer: '[2001:db8::1]:5062',
    });
  });

  it.each([
    ['nothing of SIP', 'id|response|rid|OK|203.0.113.9:5060|1.0|'],
    ['a registration', received(INVITE.replace('1 INVITE', '1 REGISTER'))],
    ['a probe', received(INVITE.replace('1 INVITE', '7 OPTIONS'))],
    ['a message without Call-ID', received(INVITE.replace(/Call-ID.*\r\n/, ''))],
    ['an answer without a peer', `id|response|rid|NOK|failed\r\n${INVITE}`],
  ])('that is %s is none of a call', (_what, admin) => {
    expect(readSeenMessage(admin)).toBeNull();
  });

  it('never makes the reader throw, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (leader, text) => {
        readSeenMessage(`${leader}\r\n${text}`);
        withoutNumbers(withoutSecrets(text));
      }),
      { seed: 7, numRuns: 2_000 },
    );
  });
});

describe('what is kept of a message', () => {
  it.each([
    ['Authorization: Digest username="p1", response="8ca523f5e9506fed4657c9700eebdbec"', '8ca523f5'],
    ['Proxy-Authorization:Digest username="p1", nonce="n-secret", response="r-secret"', 'secret'],
    ['WWW-Authenticate: Digest realm="x", nonce="n-secret"', 'n-secret'],
  ])('has no credentials: %s', (header, secret) => {
    const kept = withoutSecrets(INVITE.replace('CSeq', `${header}\r\nCSeq`));
    expect(kept).not.toContain(secret);
    expect(kept).toMatch(/Authenticate: Digest \*\*\*|Authorization: ?Digest \*\*\*/);
  });

  it('has no media keys', () => {
    const sdp =
      'v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\n';
    const kept = withoutSecrets(INVITE.replace('Content-Length: 0', 'Content-Type: application/sdp') + sdp);
    expect(kept).not.toMatch(/WVNf|asd88/);
    expect(kept).toContain('a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:***');
  });

  it.each(['application/dtmf-relay', 'application/dtmf', 'text/plain'])(
    'has no body of type %s: a key may be of a PIN',
    (type) => {
      const info = `${sip('INFO sip:a@b SIP/2.0', 'Call-ID: x', 'CSeq: 2 INFO', `Content-Type: ${type}`)}Signal=7\r\nDuration=160\r\n`;
      expect(withoutSecrets(info)).not.toContain('Signal=7');
    },
  );

  it('is bounded', () => {
    expect(withoutSecrets(`${INVITE}${'x'.repeat(100_000)}`).length).toBeLessThan(MAX_KEPT_LENGTH + 20);
  });

  it('shows no number and no name to a reader who may not see them, and all else', () => {
    const shown = withoutNumbers(INVITE);
    expect(shown).not.toMatch(/3222223344|12025550100|Lovelace/);
    expect(shown).toContain('Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1');
    expect(shown).toContain('Call-ID: abc@192.0.2.1');
  });
});

describe.each(DIALECTS)('the tracer on %s', (dialect) => {
  let test: TestDatabase;
  let clock: FakeClock;
  let tracer: SipTracer;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  beforeEach(() => {
    clock = new FakeClock();
    tracer = new SipTracer({ database: test.database, clock, log: silentLog });
    tracer.start();
  });
  afterAll(() => test.drop());

  const kept = async (sipCallId: string) => {
    await tracer.stop();
    return (await messagesOf(test.database.read, sipCallId)).map(({ way, message }) => [
      way,
      message.split('\r\n')[0],
    ]);
  };

  it('keeps what came before the leg was begun, in its order', async () => {
    tracer.seen(received(of('one')));
    tracer.seen(sent(sip('SIP/2.0 180 Ringing', 'Call-ID: one', 'CSeq: 1 INVITE')));
    tracer.begin('one');
    tracer.seen(sent(sip('SIP/2.0 200 OK', 'Call-ID: one', 'CSeq: 1 INVITE')));
    expect(await kept('one')).toEqual([
      ['in', 'INVITE sip:+12025550100@203.0.113.9 SIP/2.0'],
      ['out', 'SIP/2.0 180 Ringing'],
      ['out', 'SIP/2.0 200 OK'],
    ]);
  });

  it('keeps nothing of what never becomes a leg', async () => {
    tracer.seen(received(of('scan')));
    await clock.advance(6_000);
    tracer.begin('scan');
    expect(await kept('scan')).toEqual([]);
  });

  it('keeps a late BYE, and nothing long after the end', async () => {
    tracer.begin('late');
    tracer.end('late');
    const bye = received(sip('BYE sip:a@b SIP/2.0', 'Call-ID: late', 'CSeq: 2 BYE'));
    tracer.seen(bye);
    await clock.advance(40_000);
    tracer.seen(bye);
    expect(await kept('late')).toHaveLength(1);
  });

  it('keeps no more of one leg than is bounded', async () => {
    tracer.begin('flood');
    for (let n = 0; n < MAX_MESSAGES_OF_LEG + 50; n++) tracer.seen(received(of('flood')));
    expect(await kept('flood')).toHaveLength(MAX_MESSAGES_OF_LEG);
  });

  it('forgets what is older than wished', async () => {
    tracer.begin('old');
    tracer.seen(received(of('old')));
    await tracer.stop();
    await forgetMessages(test.database, clock.nowMs());
    expect(await kept('old')).toHaveLength(1);
    await forgetMessages(test.database, clock.nowMs() + 1);
    expect(await kept('old')).toEqual([]);
  });
});
