import {
  afterQuietHours,
  checkReminderPlan,
  DEFAULT_REMINDER_PLAN,
  decideStep,
  lateFeeMicros,
  type ReminderStep,
} from './reminder-plan';

const DAY_MS = 86_400_000;
const BRUSSELS = { quietFromHour: 20, quietUntilHour: 8, timeZone: 'Europe/Brussels' };
const at = (text: string) => Date.parse(text);

const step = (days: number, action: ReminderStep['action']): ReminderStep => ({
  days,
  action,
  byCall: false,
  chargesLateFee: false,
});
describe('quiet hours', () => {
  it.each([
    ['noon is not quiet', '2026-01-15T12:00:00+01:00', '2026-01-15T12:00:00+01:00'],
    ['the evening ends in the morning', '2026-01-15T21:30:00+01:00', '2026-01-16T08:00:00+01:00'],
    ['the night ends the same day', '2026-01-15T03:00:00+01:00', '2026-01-15T08:00:00+01:00'],
    ['eight sharp is not quiet', '2026-01-15T08:00:00+01:00', '2026-01-15T08:00:00+01:00'],
    ['the night in which clocks go forward', '2026-03-28T23:00:00+01:00', '2026-03-29T08:00:00+02:00'],
    ['the night in which clocks go back', '2026-10-24T23:00:00+02:00', '2026-10-25T08:00:00+01:00'],
  ])('%s', (_, moment, expected) => expect(afterQuietHours(at(moment), BRUSSELS)).toBe(at(expected)));
});

describe('a reminder plan', () => {
  const dueAtMs = at('2026-02-15T12:00:00+01:00');
  const decide = (nextStep: number, nowMs: number, lastTakenAtMs: number | null = null) =>
    decideStep({
      plan: DEFAULT_REMINDER_PLAN,
      timeZone: 'Europe/Brussels',
      dueAtMs,
      nextStep,
      lastTakenAtMs,
      nowMs,
    });

  it('begins three days before the invoice is due', () => {
    const first = dueAtMs - 3 * DAY_MS;
    expect(decide(0, first - 1)).toEqual({ kind: 'wait', untilMs: first });
    expect(decide(0, first)).toMatchObject({ kind: 'take', step: 0, next: { step: 1, atMs: dueAtMs } });
  });

  it('makes up for the last of several reminders that were missed, and for no other', () => {
    expect(decide(0, dueAtMs + 8 * DAY_MS)).toMatchObject({ kind: 'take', step: 2, skipped: [0, 1] });
  });

  it('takes nothing from an account that was not told three days before', () => {
    const nowMs = dueAtMs + 40 * DAY_MS;
    const decision = decide(0, nowMs);
    expect(decision).toMatchObject({ kind: 'take', step: 2, next: { step: 3, atMs: nowMs + 3 * DAY_MS } });
    expect(decide(3, nowMs + 1, nowMs)).toEqual({ kind: 'wait', untilMs: nowMs + 3 * DAY_MS });
  });

  it('tells nobody anything at night, though it be due', () => {
    expect(decide(1, dueAtMs + 10 * 3_600_000)).toEqual({
      kind: 'wait',
      untilMs: at('2026-02-16T08:00:00+01:00'),
    });
  });

  it('ends', () => expect(decide(7, dueAtMs + 400 * DAY_MS)).toEqual({ kind: 'end' }));

  it.each([
    ['limits without notice', [step(0, 'remind'), step(2, 'limit')], 'without notice'],
    ['limits first of all', [step(5, 'limit')], 'without notice'],
    [
      'limits before the invoice is due',
      [step(-9, 'remind'), step(-3, 'limit')],
      'before the invoice is due',
    ],
    ['goes back in time', [step(3, 'remind'), step(0, 'remind')], 'growing days'],
    [
      'suspends before it limits',
      [step(0, 'remind'), step(5, 'suspend'), step(9, 'limit')],
      'limit comes before',
    ],
    ['has no step', [], '1 to 20'],
  ])('that %s is refused', (_, steps, problem) =>
    expect(() => checkReminderPlan({ ...DEFAULT_REMINDER_PLAN, steps })).toThrow(problem),
  );

  it('charges a late fee of a sum and a share, capped, in whole coins', () => {
    const fee = { flatMicros: 5_000_000n, sharePpm: 15_000, mostMicros: 20_000_000n };
    expect(lateFeeMicros(fee, 33_330_000n, 10_000n)).toBe(5_490_000n);
    expect(lateFeeMicros(fee, 5_000_000_000n, 10_000n)).toBe(20_000_000n);
    expect(lateFeeMicros(null, 5_000_000_000n, 10_000n)).toBe(0n);
  });
});
