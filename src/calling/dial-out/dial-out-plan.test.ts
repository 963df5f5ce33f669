import fc from 'fast-check';
import type { CallResult } from '../../cdr/cdr';
import { e164 } from '../../kernel/phone-number';
import type { ListEntry } from '../../rooms/list/list-entry';
import { type DialOutEvent, type DialOutState, onDialOutEvent, openCallees } from './dial-out-plan';

const RULES = { parallel: 3, attempts: 2, retryMs: 60_000 };

const entry = (id: string): ListEntry => ({
  id,
  roomId: 'room',
  name: id,
  number: e164('+3222000001'),
  role: 'speaker',
  language: null,
  mayEnter: true,
  dialOut: true,
  validFromMs: null,
  validUntilMs: null,
  createdAtMs: 0,
});

/** A list being called; `seconds` is the time of its next event. */
class Campaign {
  state: DialOutState = { rules: RULES, callees: [] };
  seconds = 0;

  on(event: DialOutEvent): string[] {
    const { next, commands } = onDialOutEvent(this.state, event);
    this.state = next;
    return commands.map(({ entry: { id }, attempt }) => `${id}/${attempt}`);
  }

  want(...ids: string[]): this {
    this.on({ type: 'wanted', entries: ids.map(entry), nowMs: this.seconds * 1_000 });
    return this;
  }

  tick(freeSeats = 20): string[] {
    return this.on({ type: 'tick', freeSeats, nowMs: this.seconds * 1_000 });
  }

  ends(entryId: string, result: CallResult): this {
    this.on({ type: 'ended', entryId, result, nowMs: this.seconds * 1_000 });
    return this;
  }
}

describe('calling a list', () => {
  it('calls as many at once as the room says, in the order of the list', () => {
    const campaign = new Campaign().want('a', 'b', 'c', 'd');
    expect(campaign.tick()).toEqual(['a/1', 'b/1', 'c/1']);
    expect(campaign.tick()).toEqual([]);
    campaign.on({ type: 'arrived', entryId: 'b' });
    expect(campaign.tick()).toEqual(['d/1']);
  });

  it('calls nobody for whom there would be no seat', () => {
    const campaign = new Campaign().want('a', 'b', 'c');
    expect(campaign.tick(1)).toEqual(['a/1']);
    expect(campaign.tick(0)).toEqual([]);
  });

  it.each<CallResult>(['busy', 'no-answer', 'unreachable', 'trunk-full', 'not-accepted'])(
    'tries again after %s, once the pause is over, as often as the room says',
    (result) => {
      const campaign = new Campaign().want('a');
      campaign.tick();
      campaign.ends('a', result).seconds = 59;
      expect(campaign.tick()).toEqual([]);
      campaign.seconds = 60;
      expect(campaign.tick()).toEqual(['a/2']);
      campaign.ends('a', result).seconds = 500;
      expect(campaign.tick()).toEqual([]);
      expect(openCallees(campaign.state)).toEqual({ calling: 0, due: 0 });
    },
  );

  it.each<CallResult>(['declined', 'completed', 'number-not-served'])('leaves alone after %s', (result) => {
    const campaign = new Campaign().want('a');
    campaign.tick();
    campaign.ends('a', result).seconds = 500;
    expect(campaign.tick()).toEqual([]);
  });

  it('does not call back who came in and left again', () => {
    const campaign = new Campaign().want('a');
    campaign.tick();
    campaign.on({ type: 'arrived', entryId: 'a' });
    campaign.ends('a', 'no-answer').seconds = 500;
    expect(campaign.tick()).toEqual([]);
  });

  it('stops for everybody when the payer’s credit is used up', () => {
    const campaign = new Campaign().want('a', 'b', 'c', 'd', 'e');
    campaign.tick();
    campaign.ends('a', 'no-credit');
    expect(campaign.tick()).toEqual([]);
    expect(openCallees(campaign.state)).toEqual({ calling: 2, due: 0 });
  });

  it('calls an entry once that is wanted twice, and anew when it is wanted after its end', () => {
    const campaign = new Campaign().want('a').want('a');
    expect(campaign.tick()).toEqual(['a/1']);
    campaign.want('a');
    expect(campaign.tick()).toEqual([]);
    campaign.ends('a', 'declined').want('a');
    expect(campaign.tick()).toEqual(['a/1']);
  });

  it('never has more under way than it may, nor tries anybody more often, whatever happens', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const result = fc.constantFrom<CallResult>('busy', 'declined', 'not-accepted', 'no-credit', 'completed');
    const event = fc.oneof(
      fc.record({ type: fc.constant('tick' as const), freeSeats: fc.nat(5) }),
      fc.record({ type: fc.constant('ended' as const), entryId: id, result }),
      fc.record({ type: fc.constant('arrived' as const), entryId: id }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        const campaign = new Campaign().want('a', 'b', 'c', 'd', 'e', 'f');
        const calls: string[] = [];
        for (const one of events) {
          campaign.seconds += 30;
          calls.push(...campaign.on({ ...one, nowMs: campaign.seconds * 1_000 } as DialOutEvent));
          expect(openCallees(campaign.state).calling).toBeLessThanOrEqual(RULES.parallel);
        }
        expect(new Set(calls).size).toBe(calls.length);
        expect(calls.filter((call) => call.endsWith('/3'))).toEqual([]);
      }),
    );
  });
});
