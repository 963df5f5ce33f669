import { type MenuEvent, type MenuStep, menuStep, openMenu } from './access-menu';

/** Walks the menu and lists what it did: prompts asked, checks made, how it gave up. */
function walk(...events: (MenuEvent | string)[]): unknown[] {
  let step: MenuStep = openMenu();
  const told: unknown[] = [told1(step)];
  for (const event of events) {
    step = menuStep(step.state, typeof event === 'string' ? { type: 'typed', digits: event } : event);
    told.push(told1(step));
  }
  return told;
}

function told1({ command }: MenuStep): unknown {
  if (command.type === 'ask') return command.prompt;
  return command.type === 'check' ? [command.roomNumber, command.pin] : command.reason;
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
});
