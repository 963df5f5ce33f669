import { dialogAsClient, dialogAsServer, nextRequest, refreshTarget, takeRequest } from './dialogs';
import type { SipRequest, SipResponse } from './message';
import { parseMessage } from './parse';
import { buildResponse } from './responses';
import { type HeaderLine, requestText, responseText } from './serialize';

function request(method: string, cseq: number, more: readonly HeaderLine[] = []): SipRequest {
  const message = parseMessage(
    requestText(method, 'sip:bob@127.0.0.1', [
      ['Via', 'SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKabc'],
      ['From', '"A" <sip:alice@127.0.0.1>;tag=alice'],
      ['To', '<sip:bob@127.0.0.1>'],
      ['Call-ID', 'call-1'],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', '<sip:alice@10.0.0.1:5070>'],
      ...more,
    ]),
  );
  if (message.kind !== 'request') throw new Error('test request is broken');
  return message;
}

function response(more: readonly HeaderLine[]): SipResponse {
  const message = parseMessage(
    responseText(200, 'OK', [
      ['Via', 'SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKabc'],
      ['From', '<sip:us@127.0.0.1>;tag=us'],
      ['To', '<sip:them@127.0.0.1>;tag=them'],
      ['Call-ID', 'call-2'],
      ['CSeq', '5 INVITE'],
      ...more,
    ]),
  );
  if (message.kind !== 'response') throw new Error('test response is broken');
  return message;
}

describe('the dialog of the called side', () => {
  const dialog = dialogAsServer(
    request('INVITE', 4, [
      ['Record-Route', '<sip:p2;lr>, <sip:p1;lr>'],
      ['Record-Route', '<sip:p0;lr>'],
    ]),
    'bob',
  );

  it('sends requests along the recorded route in the order of the headers, to the caller Contact', () => {
    const bye = dialog && nextRequest(dialog, 'BYE');
    expect(bye?.uri).toBe('sip:alice@10.0.0.1:5070');
    expect(bye?.nextHop).toBe('sip:p2;lr');
    expect(bye?.headers).toEqual([
      ['Route', '<sip:p2;lr>'],
      ['Route', '<sip:p1;lr>'],
      ['Route', '<sip:p0;lr>'],
      ['Max-Forwards', '70'],
      ['From', '<sip:bob@127.0.0.1>;tag=bob'],
      ['To', '"A" <sip:alice@127.0.0.1>;tag=alice'],
      ['Call-ID', 'call-1'],
      ['CSeq', '1 BYE'],
    ]);
    expect(bye?.dialog.localSeq).toBe(1);
  });

  it('refuses a request whose CSeq is not above the last', () => {
    expect(dialog && takeRequest(dialog, request('BYE', 4))).toBe('out-of-order');
  });

  it('follows a new Contact in a re-INVITE but not in an INFO', () => {
    const moved = request('INVITE', 5, []);
    const next = dialog && takeRequest({ ...dialog, remoteTarget: 'sip:old' }, moved);
    expect(next).toMatchObject({ remoteTarget: 'sip:alice@10.0.0.1:5070', remoteSeq: 5 });
    expect(dialog && takeRequest({ ...dialog, remoteTarget: 'sip:old' }, request('INFO', 6))).toMatchObject({
      remoteTarget: 'sip:old',
    });
  });

  it('does not exist without a Contact', () => {
    const { headers, ...rest } = request('INVITE', 1);
    expect(
      dialogAsServer({ ...rest, headers: headers.filter(({ key }) => key !== 'contact') }, 'bob'),
    ).toBeUndefined();
  });
});

describe('the dialog of the calling side', () => {
  it('turns the recorded route round and repeats the number of the INVITE in the ACK', () => {
    const dialog = dialogAsClient(
      response([
        ['Record-Route', '<sip:p1;lr>'],
        ['Record-Route', '<sip:p2;lr>'],
        ['Contact', '<sip:them@10.0.0.2>'],
      ]),
    );
    const ack = dialog && nextRequest(dialog, 'ACK', 5);
    expect(ack?.headers.slice(0, 2)).toEqual([
      ['Route', '<sip:p2;lr>'],
      ['Route', '<sip:p1;lr>'],
    ]);
    expect(ack?.headers.at(-1)).toEqual(['CSeq', '5 ACK']);
    expect(dialog && nextRequest(dialog, 'BYE').headers.at(-1)).toEqual(['CSeq', '6 BYE']);
  });

  it('puts a strict router into the Request-URI and the target last', () => {
    const dialog = dialogAsClient(
      response([
        ['Record-Route', '<sip:strict>'],
        ['Contact', '<sip:them@10.0.0.2>'],
      ]),
    );
    const bye = dialog && nextRequest(dialog, 'BYE');
    expect(bye?.uri).toBe('sip:strict');
    expect(bye?.headers[0]).toEqual(['Route', '<sip:them@10.0.0.2>']);
  });

  it('takes the Contact of a later 2xx as target', () => {
    const dialog = dialogAsClient(response([['Contact', '<sip:them@10.0.0.2>']]));
    expect(dialog && refreshTarget(dialog, response([['Contact', '<sip:them@10.0.0.3>']])).remoteTarget).toBe(
      'sip:them@10.0.0.3',
    );
  });
});

describe('buildResponse', () => {
  it('copies what RFC 3261 8.2.6.2 names, adds our tag and a true length', () => {
    const text = buildResponse(
      request('INVITE', 4, [['Record-Route', '<sip:p;lr>']]),
      { address: '10.9.9.9', port: 6000 },
      {
        status: 200,
        reason: 'OK',
        toTag: 'bob',
        headers: [['Contact', '<sip:bob@127.0.0.1>']],
        body: 'v=0',
      },
    );
    expect(text).toBe(
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKabc;received=10.9.9.9\r\nFrom: "A" <sip:alice@127.0.0.1>;tag=alice\r\n' +
        'To: <sip:bob@127.0.0.1>;tag=bob\r\nCall-ID: call-1\r\nCSeq: 4 INVITE\r\nRecord-Route: <sip:p;lr>\r\n' +
        'Contact: <sip:bob@127.0.0.1>\r\nContent-Length: 3\r\n\r\nv=0',
    );
  });
});
