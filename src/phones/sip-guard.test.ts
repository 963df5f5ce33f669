import { makeNonce, judgeNonce } from './nonce';
import { afterFailure, type FailureCount, isBlocked, isTryAllowed, NO_FAILURES } from './sip-guard';
import { ScanWatch } from './scan-watch';

const NOW = Date.UTC(2026, 0, 15, 12);

/** Fails `times` times at once; says when a block began. */
function fail(count: FailureCount, times: number, nowMs: number): { count: FailureCount; began: number } {
  let began = 0;
  let after = count;
  for (let n = 0; n < times; n++) {
    const step = afterFailure(after, nowMs);
    after = step.next;
    if (step.began) began += 1;
  }
  return { count: after, began };
}

describe('failures of a name or an address', () => {
  it('begin a block of a minute at the eighth', () => {
    const seven = fail(NO_FAILURES, 7, NOW);
    expect(seven.began).toBe(0);
    expect(isBlocked(seven.count, NOW)).toBe(false);
    const eight = fail(seven.count, 1, NOW);
    expect(eight.began).toBe(1);
    expect(isBlocked(eight.count, NOW + 59_999)).toBe(true);
    expect(isBlocked(eight.count, NOW + 60_000)).toBe(false);
  });

  it('make each block twice as long as the one before, a day at most', () => {
    let count: FailureCount = NO_FAILURES;
    let nowMs = NOW;
    const minutes: number[] = [];
    for (let n = 0; n < 13; n++) {
      ({ count } = fail(count, 8, nowMs));
      minutes.push(((count.blockedUntilMs ?? 0) - nowMs) / 60_000);
      nowMs = count.blockedUntilMs ?? 0;
    }
    expect(minutes).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 1_440, 1_440]);
  });

  it('that lie far apart begin none', () => {
    let count: FailureCount = NO_FAILURES;
    for (let n = 0; n < 50; n++) count = fail(count, 7, NOW + n * 600_000).count;
    expect(isBlocked(count, NOW + 50 * 600_000)).toBe(false);
  });

  it('are forgotten a day after the last block', () => {
    const { count } = fail(NO_FAILURES, 8, NOW);
    const later = NOW + 2 * 86_400_000;
    expect((fail(count, 8, later).count.blockedUntilMs ?? 0) - later).toBe(60_000);
  });
});

describe('a try', () => {
  const blocked: FailureCount = { failures: 0, blocks: 3, sinceMs: NOW, blockedUntilMs: NOW + 60_000 };

  it.each([
    ['from a blocked address', { source: blocked, username: NO_FAILURES, ownersPlace: null }, false],
    ['at a blocked name', { source: NO_FAILURES, username: blocked, ownersPlace: null }, false],
    [
      'at a blocked name where its owner is',
      { source: blocked, username: blocked, ownersPlace: NO_FAILURES },
      true,
    ],
    [
      'where the owner is, after forty wrong ones',
      { source: blocked, username: NO_FAILURES, ownersPlace: { ...NO_FAILURES, failures: 40, sinceMs: NOW } },
      false,
    ],
    [
      'where the owner is, ten minutes after forty wrong ones',
      {
        source: blocked,
        username: blocked,
        ownersPlace: { ...NO_FAILURES, failures: 40, sinceMs: NOW - 600_000 },
      },
      true,
    ],
    ['of somebody nobody knows', { source: NO_FAILURES, username: NO_FAILURES, ownersPlace: null }, true],
  ])('%s is looked at: %#', (_, facts, allowed) => expect(isTryAllowed(facts, NOW)).toBe(allowed));
});

describe('an address that only asks', () => {
  it('is not listened to after forty requests, and again a minute after it stopped', () => {
    const watch = new ScanWatch();
    const verdicts = Array.from({ length: 60 }, (_, n) => watch.asked('192.0.2.9', NOW + n));
    expect(verdicts.indexOf('begins')).toBe(40);
    expect(verdicts.slice(41).every((verdict) => verdict === 'scanning')).toBe(true);
    expect(watch.asked('192.0.2.9', NOW + 59 + 60_000)).toBe('calm');
    expect(watch.asked('192.0.2.8', NOW)).toBe('calm');
  });

  it('may ask as long as it likes at the pace of a telephone', () => {
    const watch = new ScanWatch();
    const verdicts = Array.from({ length: 500 }, (_, n) => watch.asked('192.0.2.9', NOW + n * 2_000));
    expect(new Set(verdicts)).toEqual(new Set(['calm']));
  });

  it('is listened to where an owner of a telephone is', () => {
    const watch = new ScanWatch();
    for (let n = 0; n < 60; n++) watch.asked('192.0.2.9', NOW);
    watch.isOwners('192.0.2.9', NOW);
    expect(watch.asked('192.0.2.9', NOW)).toBe('calm');
  });
});

describe('a nonce', () => {
  it.each([
    ['fresh', makeNonce('secret', NOW), NOW + 120_000, 'fresh'],
    ['too old', makeNonce('secret', NOW), NOW + 120_001, 'stale'],
    ['of a node whose clock is ahead', makeNonce('secret', NOW + 4_000), NOW, 'fresh'],
    ['from the future', makeNonce('secret', NOW + 60_000), NOW, 'stale'],
    ['of somebody else', makeNonce('other', NOW), NOW, 'not-ours'],
    ['made up', 'abcdefgh.abcdefghijkl.abcdefghijklmnopqrstuv', NOW, 'not-ours'],
    ['empty', '', NOW, 'not-ours'],
  ])('%s is known as such', (_, nonce, nowMs, verdict) =>
    expect(judgeNonce('secret', nonce, nowMs)).toBe(verdict),
  );
});
