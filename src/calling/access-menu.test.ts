import { type MenuEvent, type MenuStep, menuStep, openMenu } from './access-menu';

/** Walks the menu and lists what it did: prompts asked, checks made, how it gave up. */
function walk(...events: (MenuEvent | string)[]): unknown[] {
  return walkListed([], ...events);
}

function walkListed(listedIn: readonly string[], ...events: (MenuEvent | string)[]): unknown[] {
  let step: MenuStep = openMenu(listedIn);
  const told: unknown[] = [told1(step)];
  for (const event of events) {
    step = menuStep(step.state, typeof event === 'string' ? { type: 'typed', digits: event } : event);
    told.push(told1(step));
  }
  return told;
}

function told1({ command }: MenuStep): unknown {
  if (command.type === 'ask') return command.prompt;
  if (command.type === 'check') return [command.roomNumber, command.pin];
  if (command.type === 'enter-listed') return [command.roomNumber];
  if (command.type === 'check-account') return ['account', command.pin];
  if (command.type === 'speak-balance') return ['balance of', command.accountId];
  if (command.type === 'speak') return command.language;
  if (command.type === 'dial') return ['dial', command.accountId, command.number];
  if (command.type === 'redeem') return ['redeem', command.accountId, command.code];
  return command.type === 'give-up' ? command.reason : command.type;
}

const refused = { type: 'refused' } as const;

describe('access menu', () => {
  it('asks for Room ID, then PIN, then has the pair checked', () => {
    expect(walk('12345678', '4711')).toEqual(['welcome-enter-room-id', 'enter-pin', ['12345678', '4711']]);
  });

  it('asks for the PIN after any Room ID, so that nobody learns which ones exist', () => {
    expect(walk('1').at(-1)).toBe('enter-pin');
    expect(walk('9999999999').at(-1)).toBe('enter-pin');
  });

  it('gives up after the third wrong pair', () => {
    const told = walk('1', '1', refused, '2', '2', refused, '3', '3', refused);
    expect(told.filter((what) => what === 'wrong-enter-room-id')).toHaveLength(2);
    expect(told.at(-1)).toBe('wrong-pin');
  });

  it('counts silence as a try and tells a caller who never typed from one who guessed', () => {
    expect(walk('', '', '')).toEqual([
      'welcome-enter-room-id',
      'silent-enter-room-id',
      'silent-enter-room-id',
      'menu-abandoned',
    ]);
    expect(walk('', '1', '1', refused, '').at(-1)).toBe('wrong-pin');
  });

  it('has an empty PIN checked like any other, so that it takes the same time', () => {
    expect(walk('12345678', '').at(-1)).toEqual(['12345678', '']);
  });

  it('offers its languages on 9, and goes on in the chosen one; another key changes nothing', () => {
    const chosen = { type: 'language-chosen' } as const;
    expect(walk('9', '4', chosen)).toEqual([
      'welcome-enter-room-id',
      'ask-language',
      'de',
      'welcome-enter-room-id',
    ]);
    expect(walk('9', '7').at(-1)).toBe('welcome-enter-room-id');
    expect(walk('9', '').at(-1)).toBe('welcome-enter-room-id');
  });

  it('lets nobody choose languages for ever', () => {
    const choices = Array.from({ length: 5 }, () => ['9', '']).flat();
    expect(walk(...choices, '9').at(-1)).toBe('enter-pin');
  });

  describe('in account mode', () => {
    const opened = { type: 'account-opened', accountId: 'anna' } as const;
    const inAccount = ['0', '123456654321', opened, { type: 'balance-spoken' }] as const;

    it('dials one number after the other, and the pause between them costs no try', () => {
      const done = { type: 'done' } as const;
      expect(walk(...inAccount, '003222223344', done, '', '', '1230000013', done).slice(-7)).toEqual([
        'enter-number',
        ['dial', 'anna', '003222223344'],
        'enter-number',
        'enter-number',
        'enter-number',
        ['dial', 'anna', '1230000013'],
        'enter-number',
      ]);
    });

    it('asks for the code of a voucher on 0', () => {
      expect(walk(...inAccount, '0', '12345678901234').slice(-2)).toEqual([
        'enter-voucher',
        ['redeem', 'anna', '12345678901234'],
      ]);
    });

    it('gives up on somebody who says no number three times', () => {
      expect(walk(...inAccount, '', '', '').at(-1)).toBe('menu-abandoned');
    });

    it('asks for the account PIN on 0, speaks the balance, and asks for a number; 1 goes back to the rooms', () => {
      expect(walk(...inAccount, '1')).toEqual([
        'welcome-enter-room-id',
        'enter-account-pin',
        ['account', '123456654321'],
        ['balance of', 'anna'],
        'enter-number',
        'welcome-enter-room-id',
      ]);
    });

    it('counts a wrong PIN among the tries of the call', () => {
      const told = walk('0', '1', refused, '0', '2', refused, '0', '3', refused);
      expect(told.at(-1)).toBe('wrong-pin');
    });
  });

  describe('of a caller whose number is listed and can be trusted', () => {
    it('asks for no PIN of the rooms that list him, and for one of all others', () => {
      expect(walkListed(['12345678', '23456789'], '23456789').at(-1)).toEqual(['23456789']);
      expect(walkListed(['12345678'], '87654321').at(-1)).toBe('enter-pin');
    });

    it('enters the only room by hash, or by waiting', () => {
      expect(walkListed(['12345678'], '')).toEqual(['welcome-listed', ['12345678']]);
      expect(walkListed(['12345678', '23456789'], '')).toEqual([
        'welcome-enter-room-id',
        'silent-enter-room-id',
      ]);
    });
  });
});

describe('the number of a room', () => {
  it('asks for the PIN alone, and again after a wrong one', () => {
    let step = openMenu([], '12345678');
    expect(told1(step)).toBe('enter-pin');
    step = menuStep(step.state, { type: 'typed', digits: '4711' });
    expect(told1(step)).toEqual(['12345678', '4711']);
    expect(told1(menuStep(step.state, refused))).toBe('enter-pin');
  });

  it('lets in at once who is on its list', () => {
    expect(told1(openMenu(['12345678'], '12345678'))).toEqual(['12345678']);
    expect(told1(openMenu(['87654321'], '12345678'))).toBe('enter-pin');
  });
});
