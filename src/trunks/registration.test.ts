import {
  newRegistration,
  type Registration,
  type RegistrationCommand,
  type RegistrationEvent,
  registrationStep,
} from './registration';

type Happening = RegistrationEvent extends infer Event
  ? Event extends { nowMs: number }
    ? Omit<Event, 'nowMs'>
    : never
  : never;

/** Runs a registration through what happens, by a clock that is set. */
class Story {
  state: Registration = newRegistration(600);
  nowMs = 0;

  on(event: Happening): readonly RegistrationCommand[] {
    const { next, commands } = registrationStep(this.state, {
      ...event,
      nowMs: this.nowMs,
    });
    this.state = next;
    return commands;
  }

  /** Lets time pass until the registration wants to act. */
  untilDue(): readonly RegistrationCommand[] {
    this.nowMs = this.state.dueAtMs ?? this.nowMs;
    return this.on({ type: 'tick' });
  }
}

const asked = { kind: 'register', expiresSeconds: 600, withPassword: false };
const shown = { ...asked, withPassword: true };
const challenged = { type: 'challenged', challenge: 'ours' } as const;
const accepted = { type: 'accepted', grantedSeconds: 600 } as const;

describe('a registration at a carrier', () => {
  let story: Story;
  beforeEach(() => {
    story = new Story();
  });

  it('asks, shows its password when it is challenged, and stands', () => {
    expect(story.on({ type: 'start' })).toEqual([asked]);
    expect(story.on(challenged)).toEqual([shown]);
    expect(story.on(accepted)).toEqual([]);
    expect(story.state).toMatchObject({ phase: 'registered', dueAtMs: 540_000, validUntilMs: 600_000 });
  });

  it('is made again when nine tenths of its time are over, not before', () => {
    story.on({ type: 'start' });
    story.on(accepted);
    story.nowMs = 539_999;
    expect(story.on({ type: 'tick' })).toEqual([]);
    expect(story.untilDue()).toEqual([asked]);
    story.on(accepted);
    expect(story.state.validUntilMs).toBe(540_000 + 600_000);
  });

  it('takes the time that the carrier grants', () => {
    story.on({ type: 'start' });
    story.on({ type: 'accepted', grantedSeconds: 60 });
    expect(story.state.dueAtMs).toBe(54_000);
  });

  it('asks for longer when its interval is too brief, once', () => {
    story.on({ type: 'start' });
    expect(story.on({ type: 'interval-too-brief', leastSeconds: 1_800 })).toEqual([
      { ...asked, expiresSeconds: 1_800 },
    ]);
    expect(story.on({ type: 'interval-too-brief', leastSeconds: 3_600 })).toEqual([]);
    expect(story.state).toMatchObject({ phase: 'waiting', intervalSeconds: 1_800 });
  });

  it.each([60, 100_000_000])('does not ask for an interval of %s seconds', (leastSeconds) => {
    story.on({ type: 'start' });
    expect(story.on({ type: 'interval-too-brief', leastSeconds })).toEqual([]);
    expect(story.state.phase).toBe('waiting');
  });

  it('shows its password again for an old nonce, and takes no old nonce for a wrong password', () => {
    story.on({ type: 'start' });
    story.on(challenged);
    for (let turn = 0; turn < 3; turn++)
      expect(story.on({ type: 'challenged', challenge: 'stale' })).toEqual([shown]);
    expect(story.on({ type: 'challenged', challenge: 'stale' })).toEqual([]);
    expect(story.state).toMatchObject({ phase: 'waiting', wrongPasswords: 0 });
  });

  it('answers no foreign challenge, and tells somebody at once', () => {
    story.on({ type: 'start' });
    const commands = story.on({ type: 'challenged', challenge: 'foreign' });
    expect(commands).toEqual([{ kind: 'alert', fault: 'foreign-challenge' }]);
  });

  describe('with a wrong password', () => {
    it('tells somebody at once and waits longer each time, to an hour', () => {
      story.on({ type: 'start' });
      const waits: number[] = [];
      const told: RegistrationCommand[] = [];
      let sent = 1;
      while (story.nowMs < 12 * 3_600_000) {
        sent += story.on(challenged).length;
        told.push(...story.on(challenged));
        waits.push(((story.state.dueAtMs ?? 0) - story.nowMs) / 60_000);
        sent += story.untilDue().length;
      }
      expect(waits.slice(0, 9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
      expect(told).toEqual([{ kind: 'alert', fault: 'wrong-password' }]);
      expect(sent).toBeLessThan(40);
    });

    it('is as patient with a carrier that says 403 to it', () => {
      story.on({ type: 'start' });
      story.on(challenged);
      const commands = story.on({ type: 'refused', status: 403, retryAfterSeconds: null });
      expect(commands).toEqual([{ kind: 'alert', fault: 'wrong-password' }]);
      expect(story.state.dueAtMs).toBe(60_000);
    });

    it('begins at once with a new one, and says when it is well again', () => {
      story.on({ type: 'start' });
      story.on(challenged);
      story.on(challenged);
      expect(story.on({ type: 'start' })).toEqual([asked]);
      story.on(challenged);
      expect(story.on(accepted)).toEqual([{ kind: 'recovered' }]);
    });
  });

  describe('that fails', () => {
    it.each(['no-answer', 'name-not-found'] as const)(
      'by %s waits longer each time and tells at the third',
      (type) => {
        story.on({ type: 'start' });
        const told: RegistrationCommand[][] = [];
        const waits: number[] = [];
        for (let turn = 0; turn < 9; turn++) {
          told.push([...story.on({ type })]);
          waits.push(((story.state.dueAtMs ?? 0) - story.nowMs) / 1_000);
          expect(story.untilDue()).toEqual([asked]);
        }
        expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600]);
        expect(told.flat()).toEqual([{ kind: 'alert', fault: type }]);
        expect(told[2]).toHaveLength(1);
      },
    );

    it('waits as long as the carrier asks, to an hour', () => {
      story.on({ type: 'start' });
      story.on({ type: 'refused', status: 503, retryAfterSeconds: 120 });
      expect(story.state.dueAtMs).toBe(120_000);
      story.untilDue();
      story.on({ type: 'refused', status: 503, retryAfterSeconds: 1e9 });
      expect(story.state.dueAtMs).toBe(120_000 + 3_600_000);
    });

    it('stands on until its time is over, then is lost', () => {
      story.on({ type: 'start' });
      story.on(accepted);
      story.untilDue();
      story.on({ type: 'no-answer' });
      expect(story.state.validUntilMs).toBe(600_000);
      story.nowMs = 600_000;
      expect(story.on({ type: 'tick' })).toEqual([{ kind: 'lost' }, asked]);
      expect(story.state.validUntilMs).toBeNull();
    });

    it('is lost while it waits for an answer, too, and only once', () => {
      story.on({ type: 'start' });
      story.on(accepted);
      story.untilDue();
      expect(story.untilDue()).toEqual([{ kind: 'lost' }]);
      expect(story.on({ type: 'tick' })).toEqual([]);
    });
  });

  it('takes us out when it is stopped, and then does nothing more', () => {
    story.on({ type: 'start' });
    story.on(accepted);
    expect(story.on({ type: 'stop' })).toEqual([{ kind: 'unregister' }]);
    expect(story.on({ type: 'stop' })).toEqual([]);
    story.nowMs = 10_000_000;
    for (const late of [{ type: 'tick' }, accepted, challenged, { type: 'no-answer' }] as const)
      expect(story.on(late)).toEqual([]);
    expect(story.state.phase).toBe('stopped');
  });
});
