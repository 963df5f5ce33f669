import { e164 } from '../kernel/phone-number';
import { privacyWish, toldCaller } from './privacy';

const FROM = '"Ada" <sip:+3222223344@carrier.example>;tag=1';
const number = e164('+3222223344');

describe('privacyWish', () => {
  it.each([
    [null, FROM, false],
    ['none', FROM, false],
    ['id', FROM, true],
    ['ID', FROM, true],
    ['user;id', FROM, true],
    ['header; session', FROM, true],
    ['session', FROM, false],
    ['history', FROM, false],
    ['id;critical', FROM, true],
    ['nonsense', FROM, false],
    ['none', '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', false],
    [null, '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', true],
    [null, '<sip:anonymous@carrier.example>', true],
    [null, 'sip:restricted@carrier.example', true],
    [null, '<sip:x@gw.anonymous.invalid:5060>', true],
    [null, '"Anonymous" <sip:+3222223344@carrier.example>', true],
    [null, '<sip:carrier.example>', false],
    [null, '<sip:not-anonymous@carrier.example>', false],
    [null, null, false],
  ])('takes Privacy %s with From %s for withheld: %s', (privacy, from, withheld) => {
    expect(privacyWish({ privacy, from }).withheld).toBe(withheld);
  });

  it('has a call refused that insists on what nobody here knows, and no other', () => {
    expect(privacyWish({ privacy: 'id;frobnicate;critical', from: FROM }).unmet).toEqual(['frobnicate']);
    expect(privacyWish({ privacy: 'id;frobnicate', from: FROM }).unmet).toEqual([]);
    expect(privacyWish({ privacy: 'header;session;user;id;critical', from: FROM }).unmet).toEqual([]);
  });
});

describe('a withheld caller', () => {
  const withheld = { number, withheld: true };

  it('is told to a peer of the trust domain, which is asked to keep it', () => {
    expect(toldCaller(withheld, { isTrusted: true })).toEqual({
      shown: null,
      asserted: number,
      asksPrivacy: true,
    });
  });

  it('is told to no other peer', () => {
    expect(toldCaller(withheld, { isTrusted: false })).toEqual({
      shown: null,
      asserted: null,
      asksPrivacy: true,
    });
  });

  it('is unlike one who is not', () => {
    const plain = { number, withheld: false };
    expect(toldCaller(plain, { isTrusted: false })).toEqual({
      shown: number,
      asserted: number,
      asksPrivacy: false,
    });
  });
});
