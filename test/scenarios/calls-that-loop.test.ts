import { systemClock } from '../../src/kernel/clock';
import { e164 } from '../../src/kernel/phone-number';
import { assignDid } from '../../src/numbers/assign-did';
import { FREE_TERMS } from '../../src/numbers/did';
import { addDid } from '../../src/numbers/dids-store';
import { changeHandling } from '../../src/phones/call-handling';
import type { DeviceCall } from '../support/device-call';
import { DialRefused, type SipDevice } from '../support/sip-device';
import type { ReadMessage } from '../support/sip-message';
import { eventually } from '../support/service';
import { aNumber, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(60_000);

describe('a carrier that brings our own call back to us', () => {
  let stage: TwoPartyStage;
  beforeAll(async () => {
    stage = await TwoPartyStage.open(24_900);
  });
  afterAll(() => stage.close());
  afterEach(() => stage.clear());

  /**
   * An account that forwards its number outside, where a carrier sends everything to that number of ours again, with these headers of what it got.
   */
  async function loop(passes: (invitation: ReadMessage) => { headers: readonly string[]; from: string }) {
    const number = e164(aNumber());
    const { database } = stage.service;
    const ben = await stage.service.account('5');
    const nowMs = systemClock.nowMs();
    await addDid(database, number, FREE_TERMS, nowMs);
    const target = { kind: 'user', accountId: ben.accountId } as const;
    await database.write((sql) => assignDid(sql, { number, target, ownerAccountId: ben.accountId, nowMs }));
    await database.write((sql) =>
      changeHandling(sql, ben.accountId, { forwardUnreachable: aNumber() }, nowMs),
    );
    const far: SipDevice = await stage.device({ answers: (call) => void sendBack(call) });
    const sendBack = async (call: DeviceCall) => {
      const { headers, from } = passes(call.invitation);
      try {
        await far.dial(number, { headers, from });
        call.pickUp();
      } catch (error) {
        if (error instanceof DialRefused) call.refuse(error.response.line.replace('SIP/2.0 ', ''));
      }
    };
    await stage.carrierAt(far, { name: `looping ${far.port}` });
    return { number, ben };
  }

  async function expectEnd(number: string, accountId: string, most: { inbound: number; status: RegExp }) {
    const caller = await stage.device({ from: '+4930555077' });
    await expect(caller.dial(number)).rejects.toThrow(/refused/);
    let legs = await stage.legsTo(number, 2);
    await eventually(15_000, async () => (await stage.service.liveCalls()) === 0);
    legs = (await stage.service.cdrs()).filter(({ dialledNumber }) => dialledNumber === number);
    const last = legs.find(({ result }) => result === 'loop');
    expect(String(last?.sipStatus)).toMatch(most.status);
    expect(legs.filter(({ direction }) => direction === 'inbound').length).toBeLessThanOrEqual(most.inbound);
    const { balance, held } = await stage.service.balance(accountId);
    expect([balance.amountMicros, held.amountMicros]).toEqual([5_000_000n, 0n]);
  }

  it('and passes on what we said of its way: it ends after a few passes, and nobody pays', async () => {
    const { number, ben } = await loop((invitation) => ({
      headers: [
        `X-Voip-Hops: ${invitation.header('X-Voip-Hops')}`,
        `Max-Forwards: ${Number(invitation.header('Max-Forwards')) - 1}`,
      ],
      from: '<sip:+4930555077@carrier.example>',
    }));
    await expectEnd(number, ben.accountId, { inbound: 6, status: /^482$/ });
  });

  it('and keeps only Max-Forwards, as a proxy does: it ends when none is left, or sooner', async () => {
    const { number, ben } = await loop((invitation) => ({
      headers: [`Max-Forwards: ${Math.max(0, Number(invitation.header('Max-Forwards')) - 20)}`],
      from: '<sip:+4930555077@carrier.example>',
    }));
    await expectEnd(number, ben.accountId, { inbound: 5, status: /^483$/ });
  });

  it('and hides every trace: the same two numbers at once, over and over, are taken for what they are', async () => {
    const { number, ben } = await loop(() => ({ headers: [], from: '<sip:+4930555077@carrier.example>' }));
    await expectEnd(number, ben.accountId, { inbound: 11, status: /^482$/ });
  });
});
