import type { Page } from 'playwright-core';
import { aPerson } from '../support/people';
import { ConsoleStage } from '../support/console';
import { joinRoom } from '../support/join-room';
import { eventually } from '../support/service';
import { systemClock, within } from '../../src/kernel/clock';
import type { PhoneCall, TestPhone } from '../../src/test-phone/test-phone';

const SIP_PORT = 37_940;
const WS_PORT = 37_941;
const RTP_PORT_MIN = 37_960;
const LIMIT_MS = 15_000;

describe('the console is a telephone', () => {
  let stage: ConsoleStage;
  let phone: TestPhone;

  beforeAll(async () => {
    stage = await ConsoleStage.open(SIP_PORT, { SIP_WS_PORT: String(WS_PORT) });
    phone = await stage.service.phone(RTP_PORT_MIN);
  });
  afterAll(async () => {
    await phone?.close();
    await stage?.close();
  });

  describe('for a guest who has Room ID and PIN', () => {
    let guest: Page;
    let caller: PhoneCall;

    const join = async (roomNumber: string, pin: string) => {
      await guest.goto('/join');
      await guest.locator('input[name=name]').fill('Grace');
      await guest.locator('input[name=roomNumber]').fill(roomNumber);
      await guest.locator('input[name=pin]').fill(pin);
      await guest.getByRole('button', { name: 'Join', exact: true }).click();
    };

    it('tells no more of a wrong PIN than of a room that does not exist', async () => {
      guest = await stage.visitor();
      const told: string[] = [];
      for (const roomNumber of [stage.service.seed.roomNumber, '000000']) {
        await join(roomNumber, '00000000');
        told.push((await guest.getByRole('alert').textContent()) ?? '');
      }
      expect(told[0]).not.toBe('');
      expect(told[0]).toBe(told[1]);
    });

    it('joins the room in the page, is seen by name, and is heard by a telephone', async () => {
      const { roomNumber, participantPin } = stage.service.seed;
      caller = await joinRoom(stage.service, phone, { roomNumber, pin: participantPin });
      await join(roomNumber, participantPin);
      await guest.getByText('Connected').waitFor();
      const own = guest.getByRole('listitem').filter({ hasText: 'Grace' });
      await own.getByText('You', { exact: true }).waitFor();
      await guest.getByText('Somebody by telephone').waitFor();
      await within(systemClock, LIMIT_MS, 'the guest', caller.hearing.whenSpoken());
    });

    it('mutes himself, raises his hand, and leaves', async () => {
      const members = guest.locator('section').filter({ hasText: 'Members' });
      await members.getByRole('button', { name: 'Mute', exact: true }).click();
      await members.getByText('Muted themselves').waitFor();
      await members.getByRole('button', { name: 'Raise hand' }).click();
      await members.getByText('Hand raised').waitFor();
      await members.getByRole('button', { name: 'Leave' }).click();
      await guest.getByText('The call is over').waitFor();
      await caller.hangUp();
      await eventually(LIMIT_MS, async () => (await stage.service.liveCalls()) === 0);
    });
  });

  describe('for a customer', () => {
    let page: Page;

    beforeAll(async () => {
      const { accountId } = await stage.service.account();
      const person = await aPerson(stage.service.database, { role: 'user', accountId });
      page = await stage.signIn(person.mail);
      await page.goto('/phone');
    });

    it('is switched on, and its line test finds nothing wrong', async () => {
      await page.getByRole('button', { name: 'Switch on' }).click();
      await page.getByText('Ready', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Test my line' }).click();
      await page.getByText('Connected').waitFor();
      await page.getByText('Everything works.').waitFor({ timeout: 30_000 });
    });

    it('says in words why a call does not come about', async () => {
      await page.getByLabel('Number').first().fill('1239999999');
      await page.getByRole('button', { name: 'Call', exact: true }).first().click();
      await page.getByText('Not reached:').waitFor();
      expect(await page.getByRole('alert').textContent()).toMatch(/no such number|could not be made/);
      expect(stage.faults).toEqual([]);
    });
  });
});
