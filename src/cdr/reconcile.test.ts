import { seededRandom } from '../../test/support/seeded-random';
import type { ClosedLeg } from './cdr';
import { type Difference, type OurLeg, reconcile } from './reconcile';
import type { SwitchLeg } from './switch-leg';

const RULES = { rtpTimeoutMs: 20_000 };
const START_MS = Date.UTC(2026, 0, 15, 12);

function ourLeg(rest: Partial<OurLeg> = {}): OurLeg {
  return {
    cdrId: 'a',
    direction: 'inbound',
    startedAtMs: START_MS,
    answeredAtMs: START_MS,
    endedAtMs: START_MS + 60_000,
    result: 'completed',
    endedBy: 'caller',
    ...rest,
  };
}

/** The switch's leg of ours: its clock runs 7 s ahead, it lasts `longerMs` longer. */
function switchLegOf(ours: OurLeg, longerMs = 0, legId = `switch ${ours.cdrId}`): SwitchLeg {
  const answeredAtMs = (ours.answeredAtMs ?? ours.startedAtMs) + 7_000;
  const billMs = ours.endedAtMs - (ours.answeredAtMs ?? ours.endedAtMs) + longerMs;
  return {
    legId,
    cdrId: ours.cdrId,
    startedAtMs: answeredAtMs - 20,
    answeredAtMs,
    endedAtMs: answeredAtMs + billMs,
    billMs,
    hangupCause: 'NORMAL_CLEARING',
  };
}

/** The kinds of case that a switch's leg makes which lasts longer by so much. */
const kindsOf = (ours: OurLeg, longerMs: number) =>
  reconcile([ours], [switchLegOf(ours, longerMs)], RULES).map(({ kind }) => kind);

const named = ({ kind, cdrId }: Difference) => `${kind} ${cdrId}`;

describe('reconciliation', () => {
  it('takes a second of difference, whatever the two clocks say, and no more', () => {
    for (const within of [-1_000, -400, 0, 400, 1_000]) expect(kindsOf(ourLeg(), within)).toEqual([]);
    for (const beyond of [-1_001, 1_001, 60_000]) expect(kindsOf(ourLeg(), beyond)).toEqual(['duration']);
  });

  it.each<[string, Partial<OurLeg>, number]>([
    ['the ringing of a leg we dialled', { direction: 'outbound', answeredAtMs: START_MS + 12_000 }, 12_000],
    [
      'the ringing that a caller waits for',
      { direction: 'inbound', answeredAtMs: START_MS + 12_000 },
      12_000,
    ],
    ['the house’s last words', { endedBy: 'house', result: 'credit-exhausted' }, 15_000],
    ['last words after a moderator’s end', { endedBy: 'moderator', result: 'kicked' }, 15_000],
    ['the silence after its SIP server died', { endedBy: 'network', result: 'failed' }, 20_000],
    ['the silence before a media time-out', { endedBy: 'network', result: 'media-lost' }, 4 * 3_600_000],
  ])('knows that %s belongs to the switch’s leg alone', (_, rest, longerMs) => {
    expect(kindsOf(ourLeg(rest), longerMs)).toEqual([]);
    expect(kindsOf(ourLeg(rest), longerMs + 1_001)).toEqual(['duration']);
    expect(kindsOf(ourLeg(rest), -1_001)).toEqual(['duration']);
  });

  it('knows that a crash ends our record at the last proof of life', () => {
    expect(kindsOf(ourLeg({ result: 'crashed', endedBy: 'house' }), 600_000)).toEqual([]);
    expect(kindsOf(ourLeg({ result: 'crashed', endedBy: 'house' }), -1_001)).toEqual(['duration']);
  });

  it('names a leg that we answered and the switch did not, and compares none that we never answered', () => {
    const ours = ourLeg();
    const unanswered = { ...switchLegOf(ours), answeredAtMs: null };
    expect(reconcile([ours], [unanswered], RULES)).toEqual([expect.objectContaining({ kind: 'answered' })]);
    expect(reconcile([ourLeg({ answeredAtMs: null })], [], RULES)).toEqual([]);
    expect(reconcile([ourLeg({ answeredAtMs: null })], [switchLegOf(ours)], RULES)).toEqual([]);
  });

  it('finds all of 1 % missing, doubled, longer and shorter legs among 100,000, and nothing else', () => {
    const random = seededRandom(20_260_115);
    const results: [ClosedLeg['result'], ClosedLeg['endedBy']][] = [
      ['completed', 'caller'],
      ['completed', 'callee'],
      ['credit-exhausted', 'house'],
      ['kicked', 'moderator'],
      ['media-lost', 'network'],
      ['crashed', 'house'],
    ];
    const ours: OurLeg[] = [];
    const theirs: SwitchLeg[] = [];
    const expected: string[] = [];
    for (let n = 0; n < 100_000; n++) {
      const [result, endedBy] = results[Math.floor(random() * results.length)] as (typeof results)[number];
      const outbound = random() < 0.3;
      const startedAtMs = START_MS + n * 10;
      const answeredAtMs = startedAtMs + Math.floor(random() * (outbound ? 30_000 : 500));
      const leg = ourLeg({
        cdrId: `cdr-${n}`,
        direction: outbound ? 'outbound' : 'inbound',
        startedAtMs,
        answeredAtMs,
        endedAtMs: answeredAtMs + 2_000 + Math.floor(random() * 600_000),
        result,
        endedBy,
      });
      const longestMs =
        answeredAtMs -
        startedAtMs +
        (result === 'crashed'
          ? 60_000
          : result === 'media-lost'
            ? 4 * 3_600_000
            : endedBy === 'house' || endedBy === 'moderator'
              ? 15_000
              : 0);
      const honestMs = Math.floor(-900 + random() * (longestMs + 1_800));
      const fault = random() < 0.01 ? Math.floor(random() * 6) : -1;
      const add = (kind: string) => void expected.push(`${kind} ${leg.cdrId}`);
      if (fault !== 0) ours.push(leg);
      if (fault === 0) add('missing-in-ours');
      if (fault === 1) add('missing-in-switch');
      else if (fault === 2) {
        theirs.push(switchLegOf(leg, longestMs + 1_001 + Math.floor(random() * 5_000)));
        if (result !== 'crashed') add('duration');
      } else if (fault === 3) {
        theirs.push(switchLegOf(leg, -1_001 - Math.floor(random() * 900)));
        add('duration');
      } else theirs.push(switchLegOf(leg, honestMs));
      if (fault === 4) {
        theirs.push(switchLegOf(leg, honestMs, `second ${leg.cdrId}`));
        add('doubled-in-switch');
      }
      if (fault === 5) {
        ours.push(leg);
        add('doubled-in-ours');
      }
    }
    expect(reconcile(ours, theirs, RULES).map(named).toSorted()).toEqual(expected.toSorted());
    expect(expected.length).toBeGreaterThan(800);
  });
});
