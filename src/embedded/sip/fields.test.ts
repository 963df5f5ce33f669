import { splitList } from './characters';
import { parseNameAddr, parseNameAddrList, tagOf } from './name-addr';
import { parameter } from './parameters';
import { hostPortText, parseSipUri, readUri } from './uri';
import { hasMagicBranch, ownVia, parseVia, responsePort, viaAsReceived } from './via';

describe('readUri', () => {
  it.each([
    ['sip:alice@example.com', { user: 'alice', host: 'example.com', port: undefined }],
    ['sips:alice:secret@example.com:5061', { scheme: 'sips', user: 'alice', password: 'secret', port: 5061 }],
    ['sip:user;par=u%40example.net@example.com', { user: 'user;par=u%40example.net', host: 'example.com' }],
    ['sip:sips%3Auser%40example.com@example.net', { user: 'sips%3Auser%40example.com', host: 'example.net' }],
    ['sip:[2001:db8::10]:5070;transport=tcp', { user: undefined, host: '[2001:db8::10]', port: 5070 }],
    ['SIP:a@b?Subject=x&Priority=urgent', { scheme: 'sip', headers: 'Subject=x&Priority=urgent' }],
  ])('reads %s', (text, parts) => {
    expect(parseSipUri(text)).toMatchObject(parts);
  });

  it.each([
    'sip:',
    'sip:@',
    'sip:a@',
    'sip:a@b:port',
    'sip:a@b:99999',
    'sip:a b@c',
    'sip:a@b;=x',
    'sip:2001:db8::10',
    '<sip:a@b>',
    'sip:a%4@b',
  ])('refuses %s', (text) => {
    expect(readUri(text).kind).toBe('malformed');
  });

  it('tells an unknown scheme from a broken URI', () => {
    expect(readUri('soap.beep://192.0.2.103:3002')).toEqual({ kind: 'other', scheme: 'soap.beep' });
  });
});

describe('parseNameAddr', () => {
  it('reads a quoted display name with escapes, brackets and parameters with blanks around them', () => {
    const address = parseNameAddr('"Quoted \\"x\\" <y>" <sip:a@b;lr> ; tag = 12 ; flag');
    expect(address).toMatchObject({ displayName: '"Quoted \\"x\\" <y>"', uri: 'sip:a@b;lr' });
    expect(address && tagOf(address)).toBe('12');
    expect(address && parameter(address.parameters, 'flag')).toBe('');
  });

  it('takes parameters after a URI without brackets as those of the header', () => {
    const address = parseNameAddr('sip:a@b;tag=9');
    expect(address?.uri).toBe('sip:a@b');
    expect(address && tagOf(address)).toBe('9');
  });

  it.each([
    '"open <sip:a@b>',
    'Bell, A <sip:a@b>',
    '<sip:a@b',
    '< sip:a@b >',
    'sip:a@b?x=y',
    '<sip:a@b>;;',
    '',
  ])('refuses %s', (text) => {
    expect(parseNameAddr(text)).toBeUndefined();
  });

  it('splits a list at commas outside quotes and brackets only', () => {
    expect(splitList('"a,b" <sip:x@y,z>, <sip:c@d>')).toEqual(['"a,b" <sip:x@y,z>', '<sip:c@d>']);
    expect(parseNameAddrList('<sip:a@b>, <sip:c@d;lr>')?.map(({ uri }) => uri)).toEqual([
      'sip:a@b',
      'sip:c@d;lr',
    ]);
  });
});

describe('a Via', () => {
  it('is read with the blanks RFC 4475 puts into it', () => {
    const via = parseVia(
      'SIP  / 2.0  / TCP     spindle.example.com   ;  branch  =   z9hG4bK9ikj8  , SIP/2.0/UDP 192.168.255.111',
    );
    expect(via).toMatchObject({
      transport: 'TCP',
      host: 'spindle.example.com',
      branch: 'z9hG4bK9ikj8',
      rest: 'SIP/2.0/UDP 192.168.255.111',
    });
  });

  it('has no magic branch when only the cookie stands there', () => {
    const bare = parseVia('SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK');
    expect(bare && hasMagicBranch(bare)).toBe(false);
  });

  it('gets received and rport filled in when the sender asked for rport', () => {
    const written = 'SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bKa';
    const via = parseVia(written);
    expect(via && viaAsReceived(via, written, '192.0.2.7', 6000)).toBe(
      'SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;received=192.0.2.7;rport=6000',
    );
    expect(via && responsePort(via, 6000)).toBe(6000);
  });

  it('stays as written when it came from where it says and asks for nothing', () => {
    const written = 'SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa';
    const via = parseVia(written);
    expect(via && viaAsReceived(via, written, '127.0.0.1', 6000)).toBe(written);
    expect(via && responsePort(via, 6000)).toBe(5060);
  });

  it('of ours is one we can read', () => {
    expect(parseVia(ownVia('udp', '::1', 5060, 'z9hG4bKx'))).toMatchObject({
      host: '[::1]',
      port: 5060,
      branch: 'z9hG4bKx',
    });
  });
});

describe('hostPortText', () => {
  it('puts an IPv6 address in brackets', () => {
    expect(hostPortText('2001:db8::1', 5060)).toBe('[2001:db8::1]:5060');
  });
});
