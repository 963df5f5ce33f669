import { newPassword } from './password-rules';

const ADA = { mail: 'ada.lovelace@example.org', name: 'Ada Lovelace' };

describe('a new password', () => {
  it.each([
    'correct horse battery staple',
    'purple ladder under the sea',
    'Wj4#kd92!mQz',
    'لا أحد يعرف هذه الجملة',
    'ada likes quinces and thunder',
  ])('may be "%s"', (typed) => {
    expect(newPassword('password', typed, ADA)).toBe(typed.normalize('NFKC'));
  });

  it.each([
    ['too short', 'elf owl moon'.slice(0, 11)],
    ['too long', 'x9'.repeat(65)],
    ['one letter many times', 'aaaaaaaaaaaaaaaa'],
    ['common with a rim', '!!password2026!!'],
    ['a common one twice', 'dragondragon'],
    ['common without its year', 'Sunshine2026!'],
    ['the mail address', 'ada.lovelace@example.org'],
    ['the name with a number', 'Lovelace12345'],
    ['the product', '123-voip 2026'],
  ])('may not be %s', (_, typed) => {
    expect(() => newPassword('password', typed, ADA)).toThrow(/^password: /);
  });

  it('is never shown in a refusal', () => {
    expect(() => newPassword('password', 'Sunshine2026!', ADA)).not.toThrow(/Sunshine/);
  });

  it('is the same however its letters were composed', () => {
    const typed = 'Zoe\u0308 sails to Malmo\u0308';
    expect(newPassword('password', typed, ADA)).toBe('Zoë sails to Malmö');
  });
});
