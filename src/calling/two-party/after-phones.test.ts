import { DEFAULT_HANDLING } from '../../phones/call-handling';
import { afterPhones, outcomeOfAll, type PhonesOutcome } from './after-phones';

const FORWARDING = {
  ...DEFAULT_HANDLING,
  forwardBusy: 'busy',
  forwardNoAnswer: 'no answer',
  forwardUnreachable: 'unreachable',
};
const VOICEMAIL = { ...DEFAULT_HANDLING, voicemailTo: 'owner@example.org' };

describe('a call that no telephone answered', () => {
  it.each([
    ['busy', 'busy'],
    ['no-answer', 'no answer'],
    ['unreachable', 'unreachable'],
  ] as const)('goes where its owner forwards it when %s, also before voicemail', (outcome, to) => {
    expect(afterPhones(outcome, FORWARDING)).toEqual({ kind: 'forward', to });
    expect(afterPhones(outcome, { ...FORWARDING, voicemailTo: 'owner@example.org' })).toEqual({
      kind: 'forward',
      to,
    });
  });

  it.each(['declined', 'do-not-disturb'] as const)(
    'is not forwarded when its owner wants none: %s',
    (outcome) => {
      expect(afterPhones(outcome, FORWARDING).kind).toBe('refuse');
    },
  );

  it.each(['busy', 'declined', 'no-answer', 'unreachable', 'do-not-disturb'] as const)(
    'may leave a message when %s',
    (outcome) =>
      expect(afterPhones(outcome, VOICEMAIL)).toEqual({ kind: 'voicemail', mailTo: 'owner@example.org' }),
  );

  it.each([
    ['busy', 'user-busy'],
    ['declined', 'user-declined'],
    ['no-answer', 'user-no-answer'],
    ['unreachable', 'user-unreachable'],
    // Nobody learns that he is there and does not want to be.
    ['do-not-disturb', 'user-unreachable'],
  ] as const)('%s is refused as %s', (outcome, reason) => {
    expect(afterPhones(outcome, DEFAULT_HANDLING)).toEqual({ kind: 'refuse', reason });
  });

  it.each<[readonly PhonesOutcome[], PhonesOutcome]>([
    [['no-answer', 'declined', 'busy'], 'declined'],
    [['no-answer', 'busy'], 'busy'],
    [['unreachable', 'no-answer'], 'no-answer'],
    [['unreachable', 'unreachable'], 'unreachable'],
    [[], 'unreachable'],
  ])('%j come to %s', (results, outcome) => expect(outcomeOfAll(results)).toBe(outcome));
});
