import type Srf from 'drachtio-srf';
import { sleep, systemClock } from '../../src/kernel/clock';
import {
  headerOf,
  holdsWithin,
  type RawPeer,
  rawRequest,
  rawResponse,
  sdp,
  setStageOnEither,
} from './embedded-sip-stage';

type EitherStage = Awaited<ReturnType<typeof setStageOnEither>>;

jest.setTimeout(20_000);

const offered = (text: string, name: string): string[] =>
  text.split('\r\n').filter((line) => line.startsWith(`${name}: `));

const numberOf = (text: string): number => Number.parseInt(headerOf(text, 'CSeq'), 10);

describe('requests of every method', () => {
  let stage: EitherStage;
  let app: Srf;
  let peer: RawPeer;

  beforeEach(async () => {
    stage = await setStageOnEither();
    app = await stage.app();
    peer = await stage.peer();
  });
  afterEach(() => stage.close());

  const unique = (name: string): string => `${name}-${peer.port}`;
  const send = (method: string, more: Parameters<typeof rawRequest>[2] = {}): void =>
    peer.send(
      rawRequest(peer, method, {
        callId: unique(method),
        branch: `z9hG4bK${method}${peer.port}-${more.cseq ?? 1}`,
        ...more,
      }),
      stage.sipPort,
    );
  /** Answers what came to the peer. */
  const answer = (request: string, status: string, lines: string[] = [], body = ''): void => {
    const [start = '', ...rest] = rawResponse(peer, request, status, body).split('\r\n');
    peer.send([start, ...lines, ...rest].join('\r\n'), stage.sipPort);
  };

  it.each(['REGISTER', 'OPTIONS', 'SUBSCRIBE', 'NOTIFY', 'MESSAGE', 'PUBLISH', 'INFO'])(
    '%s goes to the application that asked for it, and nowhere without one',
    async (method) => {
      send(method, { callId: unique('none') });
      expect(await peer.next('SIP/2.0')).toMatch(/^SIP\/2\.0 (503|480|404)/);
      const verb = method.toLowerCase() as 'options';
      const seen: string[] = [];
      app[verb]((req, res) => {
        seen.push(req.method);
        res.send(403, { headers: { 'X-Why': 'not now' } });
      });
      await sleep(systemClock, 50);
      send(method, { lines: ['Event: presence', 'Expires: 60'], cseq: 2 });
      const answered = await peer.next('SIP/2.0 403');
      expect(headerOf(answered, 'X-Why')).toBe('not now');
      expect(seen).toEqual([method]);
    },
  );

  it('REGISTER: two challenges, contacts with their expiry, Path and Service-Route pass as they are', async () => {
    app.register((req, res) => {
      if (!req.has('Authorization'))
        return res.send(401, {
          headers: {
            // Challenges stand in lines of their own (RFC 3261 7.3.1); an array would become one line.
            'WWW-Authenticate': [
              'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"',
              'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"',
            ].join('\r\nWWW-Authenticate: '),
          },
        });
      if (req.get('Expires') === '5') return res.send(423, { headers: { 'Min-Expires': '60' } });
      return res.send(200, {
        headers: {
          Contact: [`<sip:alice@127.0.0.1:${peer.port};ob>;expires=60`, '<sip:alice@192.0.2.1>;expires=30'],
          Path: req.get('Path') ?? '',
          'Service-Route': '<sip:edge.example.com;lr>',
          Supported: 'path, outbound',
        },
      });
    });
    await sleep(systemClock, 50);
    send('REGISTER');
    const challenge = await peer.next('SIP/2.0 401');
    expect(
      offered(challenge, 'WWW-Authenticate').map((line) => /algorithm=([\w-]+)/.exec(line)?.[1]),
    ).toEqual(['SHA-256', 'MD5']);
    const lines = [
      'Authorization: Digest username="a"',
      'Supported: path, outbound',
      'Path: <sip:edge.example.com;lr;ob>',
    ];
    send('REGISTER', { cseq: 2, lines: [...lines, 'Expires: 5'] });
    expect(headerOf(await peer.next('SIP/2.0 423'), 'Min-Expires')).toBe('60');
    send('REGISTER', { cseq: 3, lines: [...lines, 'Expires: 60'] });
    const done = await peer.next('SIP/2.0 200');
    const contacts = offered(done, 'Contact').flatMap((line) => line.slice('Contact: '.length).split(/,\s*/));
    expect(contacts).toEqual([
      `<sip:alice@127.0.0.1:${peer.port};ob>;expires=60`,
      '<sip:alice@192.0.2.1>;expires=30',
    ]);
    expect(headerOf(done, 'Path')).toBe('<sip:edge.example.com;lr;ob>');
    expect(headerOf(done, 'Service-Route')).toBe('<sip:edge.example.com;lr>');
  });

  it('an application registers with a carrier and answers its digest challenge', async () => {
    const asked: string[] = [];
    const req = await app.request(`sip:127.0.0.1:${peer.port}`, {
      method: 'REGISTER',
      headers: {
        From: '<sip:trunk@carrier.example>',
        To: '<sip:trunk@carrier.example>',
        Contact: '<sip:trunk@127.0.0.1:5060>',
        Expires: '300',
      },
      auth: (_request, res, give) => {
        asked.push(res.get('WWW-Authenticate') ?? '');
        if (!asked.at(-1)?.includes('realm="carrier.example"')) give(new Error('a stranger asks'));
        else give(null, 'trunk', 'secret');
      },
    });
    const final = new Promise<Srf.SrfResponse>((resolve) => {
      req.on('response', resolve);
    });
    const first = await peer.next('REGISTER');
    expect(first).toMatch(/^REGISTER sip:127\.0\.0\.1:\d+ SIP\/2\.0/);
    answer(first, '401 Unauthorized', [
      'WWW-Authenticate: Digest realm="carrier.example", nonce="abc", qop="auth", algorithm=MD5',
    ]);
    const second = await peer.next('REGISTER');
    expect(headerOf(second, 'Authorization')).toMatch(
      /username="trunk".*realm="carrier\.example".*response="[0-9a-f]{32}"/,
    );
    expect(headerOf(second, 'Call-ID')).toBe(headerOf(first, 'Call-ID'));
    expect(numberOf(second)).toBe(numberOf(first) + 1);
    answer(second, '200 OK', ['Expires: 300']);
    expect((await final).get('Expires')).toBe('300');
  });

  it('a challenge of a foreign realm gets no credentials from a function that looks at it', async () => {
    const req = await app.request(`sip:127.0.0.1:${peer.port}`, {
      method: 'OPTIONS',
      auth: (_request, res, give) => {
        if (res.get('WWW-Authenticate')?.includes('carrier')) give(null, 'trunk', 'secret');
        else give(new Error('a stranger asks'));
      },
    });
    const final = new Promise<Srf.SrfResponse>((resolve) => {
      req.on('response', resolve);
    });
    answer(await peer.next('OPTIONS'), '401 Unauthorized', [
      'WWW-Authenticate: Digest realm="evil", nonce="abc"',
    ]);
    expect((await final).status).toBe(401);
    await sleep(systemClock, 100);
    expect(peer.received.some((text) => /^Authorization/m.test(text))).toBe(false);
  });

  it('an application probes, notifies and writes outside dialogs, by another way where it says so', async () => {
    const route = await stage.peer();
    for (const method of ['OPTIONS', 'NOTIFY', 'MESSAGE', 'PUBLISH']) {
      const req = await app.request(`sip:alice@127.0.0.1:${peer.port}`, {
        method,
        headers: { Event: 'message-summary', 'Subscription-State': 'active', 'Content-Type': 'text/plain' },
        body: 'Messages-Waiting: yes\r\n',
      });
      const final = new Promise<number>((resolve) => {
        req.on('response', (res: Srf.SrfResponse) => resolve(res.status));
      });
      const text = await peer.next(method);
      expect(text).toContain('\r\n\r\nMessages-Waiting: yes');
      answer(text, '200 OK');
      expect(await final).toBe(200);
    }
    void app.request('sip:bob@nowhere.example', { method: 'OPTIONS', proxy: `sip:127.0.0.1:${route.port}` });
    expect(await route.next('OPTIONS')).toMatch(/^OPTIONS sip:bob@nowhere\.example SIP\/2\.0/);
  });

  it('a subscriber is kept, told, refreshed and let go', async () => {
    const dialogs: Srf.Dialog[] = [];
    const refreshed: string[] = [];
    app.subscribe((req, res) => {
      void app.createUAS(req, res, { headers: { Expires: '600' } }).then((dialog) => {
        dialogs.push(dialog);
        dialog.on('subscribe', (again: Srf.SrfRequest, response: Srf.SrfResponse) => {
          refreshed.push(again.get('Expires') ?? '');
          response.send(200, { headers: { Expires: again.get('Expires') ?? '' } });
        });
      });
    });
    await sleep(systemClock, 50);
    const lines = ['Event: presence', 'Expires: 600'];
    send('SUBSCRIBE', { lines });
    const accepted = await peer.next('SIP/2.0 202');
    const to = headerOf(accepted, 'To');
    expect(to).toContain(';tag=');
    await holdsWithin(1_000, () => dialogs.length > 0);
    const notified = dialogs[0]?.request({
      method: 'NOTIFY',
      headers: {
        Event: 'presence',
        'Subscription-State': 'active;expires=600',
        'Content-Type': 'application/pidf+xml',
      },
      body: '<presence/>',
    });
    const notify = await peer.next('NOTIFY');
    expect(notify).toMatch(new RegExp(`^NOTIFY sip:alice@127\\.0\\.0\\.1:${peer.port} SIP/2\\.0`));
    expect(headerOf(notify, 'From')).toBe(to);
    expect(headerOf(notify, 'To')).toContain(`tag=raw${peer.port}`);
    answer(notify, '200 OK');
    expect((await notified)?.status).toBe(200);
    send('SUBSCRIBE', { lines: ['Event: presence', 'Expires: 300'], to, cseq: 2 });
    expect(headerOf(await peer.next('SIP/2.0 200'), 'Expires')).toBe('300');
    expect(refreshed).toEqual(['300']);
    const last = dialogs[0]?.request({
      method: 'NOTIFY',
      headers: { Event: 'presence', 'Subscription-State': 'terminated;reason=timeout' },
    });
    answer(await peer.next('NOTIFY'), '200 OK');
    await last;
    await expect(dialogs[0]?.request({ method: 'NOTIFY' })).rejects.toThrow('unable to find dialog');
  });

  it('an application subscribes and hears until the end', async () => {
    const subscribing = app.createUAC(`sip:state@127.0.0.1:${peer.port}`, {
      method: 'SUBSCRIBE',
      headers: { Event: 'dialog', Expires: '60', Contact: '<sip:us@localhost>' },
    });
    const request = await peer.next('SUBSCRIBE');
    expect(headerOf(request, 'Contact')).toBe(`<sip:us@127.0.0.1:${stage.sipPort}>`);
    answer(request, '200 OK', ['Expires: 60']);
    const dialog = await subscribing;
    const heard: string[] = [];
    dialog.on('notify', (req: Srf.SrfRequest, res: Srf.SrfResponse) => {
      heard.push(req.body);
      res.send(200);
    });
    const inside = {
      callId: headerOf(request, 'Call-ID'),
      to: headerOf(request, 'From'),
      lines: ['Event: dialog', 'Subscription-State: active'],
    };
    send('NOTIFY', { ...inside, body: 'v=0 state', cseq: 1 });
    expect(await peer.next('SIP/2.0 200')).toContain('1 NOTIFY');
    send('NOTIFY', { ...inside, lines: ['Event: dialog', 'Subscription-State: terminated'], cseq: 2 });
    // drachtio-server 0.9.10 answers 500 by itself, since it has forgotten the dialog.
    expect(await peer.next('SIP/2.0 ')).toMatch(/^SIP\/2\.0 (200|500)[^]*2 NOTIFY/);
    expect(heard).toEqual(['v=0 state', '']);
    await sleep(systemClock, 50);
    await expect(dialog.request({ method: 'SUBSCRIBE' })).rejects.toThrow(/dialog/);
  });

  /** A call of the peer's that is up. */
  async function aCall(lines: string[] = []): Promise<{ dialog: Srf.Dialog; to: string }> {
    const dialogs: Srf.Dialog[] = [];
    app.invite(
      (req, res) => void app.createUAS(req, res, { localSdp: sdp }).then((dialog) => dialogs.push(dialog)),
    );
    await sleep(systemClock, 50);
    send('INVITE', { body: sdp, lines, callId: unique('call') });
    const to = headerOf(await peer.next('SIP/2.0 200'), 'To');
    send('ACK', { to, callId: unique('call') });
    await holdsWithin(1_000, () => dialogs.length > 0);
    return { dialog: dialogs[0] as Srf.Dialog, to };
  }

  it.each([
    ['REFER', 202],
    ['INFO', 200],
    ['MESSAGE', 200],
    ['UPDATE', 200],
    ['NOTIFY', 200],
    ['OPTIONS', 200],
  ] as const)('%s inside a call goes both ways, with its headers', async (method, status) => {
    const { dialog, to } = await aCall();
    const heard: string[] = [];
    dialog.on(method.toLowerCase(), (req: Srf.SrfRequest, res: Srf.SrfResponse) => {
      heard.push(`${req.get('Refer-To') ?? ''} ${req.get('Replaces') ?? ''}`);
      res.send(status, { headers: { 'X-Ours': 'yes' } });
    });
    send(method, {
      to,
      callId: unique('call'),
      cseq: 2,
      lines: [
        'Refer-To: <sip:c@127.0.0.1?Replaces=x%3Bto-tag%3Da%3Bfrom-tag%3Db>',
        'Event: refer',
        'Subscription-State: active',
      ],
    });
    const answered = await peer.next(`SIP/2.0 ${status} `);
    expect([headerOf(answered, 'CSeq'), headerOf(answered, 'X-Ours')]).toEqual([`2 ${method}`, 'yes']);
    expect(heard).toHaveLength(1);
    expect(heard[0]).toContain('?Replaces=x%3Bto-tag%3Da%3Bfrom-tag%3Db');
    const sending = dialog.request({
      method,
      headers: {
        'Refer-To': '<sip:d@127.0.0.1>',
        Event: 'refer',
        'Subscription-State': 'active',
        'Content-Type': 'message/sipfrag',
      },
      body: 'SIP/2.0 100 Trying',
    });
    const ours = await peer.next(`${method} sip:alice@127.0.0.1`);
    expect(ours).toContain('\r\n\r\nSIP/2.0 100 Trying');
    answer(ours, `${status} Fine`);
    expect((await sending).status).toBe(status);
  });

  it('Replaces comes with an INVITE as it is, and a redirection with its Contact', async () => {
    const replaced: string[] = [];
    app.invite((req, res) => {
      replaced.push(req.get('Replaces') ?? '');
      res.send(302, { headers: { Contact: '<sip:elsewhere@192.0.2.7>' } });
    });
    await sleep(systemClock, 50);
    send('INVITE', { body: sdp, lines: ['Require: replaces', 'Replaces: 1@h;to-tag=a;from-tag=b'] });
    expect(headerOf(await peer.next('SIP/2.0 302'), 'Contact')).toBe('<sip:elsewhere@192.0.2.7>');
    expect(replaced).toEqual(['1@h;to-tag=a;from-tag=b']);
    const calling = app.createUAC(`sip:x@127.0.0.1:${peer.port}`, { localSdp: sdp });
    answer(await peer.next('INVITE'), '302 Moved', ['Contact: <sip:y@192.0.2.9>']);
    await expect(calling).rejects.toMatchObject({ status: 302 });
  });

  it('a call is changed from either side', async () => {
    const { dialog, to } = await aCall();
    const held = sdp.replace('sendrecv', 'sendonly');
    dialog.on('modify', (_req: Srf.SrfRequest, res: Srf.SrfResponse) => res.send(200, { body: held }));
    send('INVITE', { to, callId: unique('call'), cseq: 2, body: held });
    const answered = await peer.next('SIP/2.0 200');
    expect(answered).toContain('a=sendonly');
    send('ACK', { to, callId: unique('call'), cseq: 2 });
    const modifying = dialog.modify(held);
    const invite = await peer.next('INVITE sip:alice');
    expect(invite).toContain('a=sendonly');
    answer(invite, '200 OK', [], sdp);
    await modifying;
    expect(headerOf(await peer.next('ACK'), 'CSeq')).toBe(headerOf(invite, 'CSeq').replace('INVITE', 'ACK'));
  });

  it('100rel: our ringing comes again until the caller acknowledges it', async () => {
    const pracked: string[] = [];
    app.invite((_req, res) => {
      res.send(
        183,
        { headers: { Require: '100rel' }, body: sdp },
        () => {},
        (prack) => {
          pracked.push(prack.get('RAck') ?? '');
          (prack as unknown as { res: Srf.SrfResponse }).res.send(200);
          res.send(486);
        },
      );
    });
    await sleep(systemClock, 50);
    send('INVITE', { body: sdp, lines: ['Supported: 100rel'], callId: unique('rel') });
    const first = await peer.next('SIP/2.0 183');
    const rseq = headerOf(first, 'RSeq');
    expect([Number(rseq) > 0, headerOf(first, 'Require')]).toEqual([true, '100rel']);
    expect(headerOf(await peer.next('SIP/2.0 183'), 'RSeq')).toBe(rseq);
    send('PRACK', {
      to: headerOf(first, 'To'),
      callId: unique('rel'),
      cseq: 2,
      lines: [`RAck: ${rseq} 1 INVITE`],
    });
    expect(await peer.next('SIP/2.0 200')).toContain('2 PRACK');
    expect(pracked).toEqual([`${rseq} 1 INVITE`]);
    expect(await peer.next('SIP/2.0 486')).toContain('1 INVITE');
  });

  it('100rel: to a caller who does not know it nothing is sent reliably', async () => {
    const failed = new Promise<Error | null>((resolve) => {
      app.invite((_req, res) => {
        res.send(183, { headers: { Require: '100rel' }, body: sdp }, (error) => {
          resolve(error);
          res.send(480);
        });
      });
    });
    await sleep(systemClock, 50);
    send('INVITE', { body: sdp, callId: unique('unrel') });
    expect(String(await failed)).toContain('100rel');
    await peer.next('SIP/2.0 480');
    expect(peer.received.filter((text) => text.startsWith('SIP/2.0 183'))).toEqual([]);
  });

  it('100rel: the ringing of a far end that asks for it is acknowledged once, and the call goes on', async () => {
    const provisional: number[] = [];
    const calling = app.createUAC(
      `sip:x@127.0.0.1:${peer.port}`,
      { localSdp: sdp, headers: { Supported: '100rel' } },
      { cbProvisional: (res) => provisional.push(res.status) },
    );
    const invite = await peer.next('INVITE');
    expect(headerOf(invite, 'Supported')).toContain('100rel');
    const number = numberOf(invite);
    const reliable = ['Require: 100rel', 'RSeq: 77'];
    answer(invite, '183 Progress', reliable, sdp);
    const prack = await peer.next('PRACK');
    expect(headerOf(prack, 'RAck')).toBe(`77 ${number} INVITE`);
    expect(prack).toMatch(new RegExp(`^PRACK sip:callee@127\\.0\\.0\\.1:${peer.port} SIP/2\\.0`));
    answer(prack, '200 OK');
    answer(invite, '183 Progress', reliable, sdp);
    answer(invite, '180 Ringing', ['Require: 100rel', 'RSeq: 78']);
    const second = await peer.next('PRACK');
    expect(headerOf(second, 'RAck')).toBe(`78 ${number} INVITE`);
    answer(second, '200 OK');
    answer(invite, '200 OK', [], sdp);
    const dialog = await calling;
    expect(headerOf(await peer.next('ACK'), 'CSeq')).toBe(`${number} ACK`);
    expect(provisional).toEqual([183, 180]);
    const ending = dialog.destroy();
    const bye = await peer.next('BYE');
    expect(numberOf(bye)).toBeGreaterThan(number + 2);
    answer(bye, '200 OK');
    await ending;
    expect(peer.received.filter((text) => text.startsWith('PRACK'))).toHaveLength(2);
  });

  it('a CANCEL and the INVITE it ends are answered with one tag', async () => {
    app.invite((_req, res) => res.send(180));
    await sleep(systemClock, 50);
    send('INVITE', { body: sdp, callId: unique('cancel'), branch: `z9hG4bKc${peer.port}` });
    const ringing = headerOf(await peer.next('SIP/2.0 180'), 'To');
    send('CANCEL', { callId: unique('cancel'), branch: `z9hG4bKc${peer.port}` });
    expect(headerOf(await peer.next('SIP/2.0 200'), 'To')).toBe(ringing);
    expect(headerOf(await peer.next('SIP/2.0 487'), 'To')).toBe(ringing);
  });
});
