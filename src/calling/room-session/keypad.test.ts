import { KEYS, onKey } from './keypad';

/** What a row of keys comes to: the last action, and what is left of an unfinished command. */
function press(keys: string) {
  let step = { typed: '', action: null } as ReturnType<typeof onKey>;
  for (const key of keys) step = onKey(step.typed, key);
  return step;
}

describe('keypad', () => {
  it('has no command that another one begins with', () => {
    const codes = Object.keys(KEYS);
    for (const code of codes)
      expect(codes.filter((other) => other !== code && other.startsWith(code))).toEqual([]);
  });

  it('does a command at its last key', () => {
    expect(press('*1').action).toEqual({ type: 'mute-self', on: 'toggle' });
    expect(press('*9')).toEqual({ typed: '*9', action: null });
    expect(press('*99').action).toEqual({ type: 'end-for-all' });
  });

  it('reads a member’s number up to the hash', () => {
    expect(press('*612').action).toBeNull();
    expect(press('*612#').action).toEqual({ type: 'mute-member', member: { number: 12 }, on: 'toggle' });
    expect(press('*96003222223344#').action).toEqual({ type: 'list-number', number: '003222223344' });
  });

  it('takes keys outside a command for chatter', () => {
    expect(press('1234567890#')).toEqual({ typed: '', action: null });
  });

  it('begins anew at every star, and says that a code is unknown', () => {
    expect(press('*9*1').action).toEqual({ type: 'mute-self', on: 'toggle' });
    expect(press('*98').action).toBe('unknown');
    expect(press('*#').action).toBe('unknown');
    expect(press('*6#').action).toBe('unknown');
  });

  it('forgets a command whose number never ends', () => {
    expect(press(`*6${'1'.repeat(18)}`)).toEqual({ typed: '', action: 'unknown' });
  });
});
