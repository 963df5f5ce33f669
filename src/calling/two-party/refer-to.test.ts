import { readReferTo } from './refer-to';

describe('Refer-To', () => {
  it.each([
    ['<sip:+3222223344@voip.example>', '+3222223344'],
    ['sip:1234567890@voip.example', '1234567890'],
    ['"Desk" <sip:%2B3222223344@voip.example;user=phone>', '+3222223344'],
    ['<sips:100@voip.example;method=INVITE>', '100'],
  ])('%s is dialled as %s', (header, dialled) =>
    expect(readReferTo(header)).toEqual({ dialled, replaces: null }),
  );

  it('names the dialog that is replaced, our tag as its to-tag (RFC 3891)', () => {
    const header = '<sip:100@192.0.2.1?Replaces=12345%40192.0.2.7%3Bto-tag%3Dours%3Bfrom-tag%3Dtheirs>';
    expect(readReferTo(header)).toEqual({
      dialled: '100',
      replaces: { sipCallId: '12345@192.0.2.7', ourTag: 'ours', theirTag: 'theirs' },
    });
  });

  it.each([
    ['nothing', ''],
    ['no user', '<sip:voip.example>'],
    ['another scheme', '<mailto:a@b.example>'],
    ['another method', '<sip:100@voip.example;method=BYE>'],
    ['a dialog without a tag', '<sip:100@voip.example?Replaces=1%3Bto-tag%3Da>'],
    ['an escape that is none', '<sip:100@voip.example?Replaces=%zz>'],
    ['more than is read', `<sip:100@voip.example?Replaces=${'a'.repeat(1_000)}>`],
  ])('leads nowhere with %s', (_, header) => expect(readReferTo(header)).toBeNull());
});
