import { DIALECTS, type TestDatabase } from '../../test/support/databases';
import { databaseWithOwner } from '../../test/support/room-builders';
import { NotFound } from '../kernel/app-error';
import { ACCOUNT_PIN_DIGITS, compareAccountPin, setAccountPin } from './account-pins';

const other = (digit: string) => String((Number(digit) + 1) % 10);

describe.each(DIALECTS)('an account PIN on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await databaseWithOwner(dialect);
  });
  afterAll(() => test.drop());

  const meant = async (typed: string) => {
    const { account, isRight } = await compareAccountPin(test.database.read, typed);
    return [account?.id ?? null, isRight];
  };

  it('finds its account, is told once and kept as a hash', async () => {
    const pin = await setAccountPin(test.database, 'owner', 1);
    expect(pin).toMatch(new RegExp(`^\\d{${ACCOUNT_PIN_DIGITS}}$`));
    expect(await meant(pin)).toEqual(['owner', true]);
    const [row] = await test.database.read.all('SELECT * FROM account_pins');
    expect(JSON.stringify(row)).not.toContain(pin.slice(6));
  });

  it('is wrong in any other digit, and a code of no account opens nothing', async () => {
    const pin = await setAccountPin(test.database, 'owner', 1);
    expect(await meant(pin.slice(0, -1) + other(pin.slice(-1)))).toEqual(['owner', false]);
    expect(await meant(other(pin.slice(0, 1)) + pin.slice(1))).toEqual([null, false]);
    for (const typed of ['', '1', pin.slice(0, 11), `${pin}0`])
      expect(await meant(typed)).toEqual([null, false]);
  });

  it('stops working when a new one is drawn', async () => {
    const before = await setAccountPin(test.database, 'owner', 1);
    const after = await setAccountPin(test.database, 'owner', 2);
    expect((await meant(before))[1]).toBe(false);
    expect(await meant(after)).toEqual(['owner', true]);
  });

  it('belongs to an account that exists', async () => {
    await expect(setAccountPin(test.database, 'nobody', 1)).rejects.toThrow(NotFound);
  });
});
