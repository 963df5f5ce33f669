import { InvalidInput } from '../kernel/app-error';
import { endpointUrl, ForbiddenTarget, requireTarget } from './target-address';

describe('where webhooks may go', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
  ])('not to %s', (address) => {
    expect(() => requireTarget('public', address)).toThrow(ForbiddenTarget);
    expect(() => requireTarget('any', address)).not.toThrow();
  });

  it.each(['1.1.1.1', '93.184.215.14', '2606:4700::1111'])('to %s', (address) => {
    expect(() => requireTarget('public', address)).not.toThrow();
  });

  it.each([
    ['http://shop.example/hook', InvalidInput],
    ['ftp://shop.example/hook', InvalidInput],
    ['https://ada:secret@shop.example/hook', InvalidInput],
    ['https://shop.example/hook#part', InvalidInput],
    ['shop.example', InvalidInput],
    [`https://shop.example/${'x'.repeat(500)}`, InvalidInput],
    ['https://127.1/hook', ForbiddenTarget],
    ['https://0x7f000001/hook', ForbiddenTarget],
    ['https://[::1]/hook', ForbiddenTarget],
    ['https://2130706433/hook', ForbiddenTarget],
  ])('refuses %s', (url, error) => {
    expect(() => endpointUrl(url, 'public')).toThrow(error);
  });

  it('takes https by name, and anything of HTTP where that is allowed', () => {
    expect(endpointUrl('https://shop.example/hook?a=b', 'public')).toBe('https://shop.example/hook?a=b');
    expect(endpointUrl('http://127.0.0.1:3000/hook', 'any')).toBe('http://127.0.0.1:3000/hook');
  });
});
