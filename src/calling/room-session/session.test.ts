import fc from 'fast-check';
import { SessionStory } from '../../../test/support/session-story';
import { ROOM_ROLES } from '../../kernel/room-role';
import { joinFlags } from './arrive';
import { memberOf, type RoomAction, speaks } from './session-state';

const toMember = (memberId: string) => ({ member: { memberId } });
const withTwoOutside = () =>
  new SessionStory({ lobby: true }).come('anna', 'moderator').come('ben').come('cleo');
const room = () => new SessionStory().come('anna', 'moderator').come('ben').come('lisa', 'listener');
const parts = (effects: readonly { type: string }[]) => effects.filter(({ type }) => type === 'part');
const said = (effects: readonly unknown[]) =>
  effects.map((effect) => (effect as { line: unknown[] }).line[0]);

describe('a seat', () => {
  it('is there for exactly as many as the room has, whoever comes at the same moment', () => {
    const story = new SessionStory({ maxSeats: 20 });
    const refused = Array.from({ length: 50 }, (_, n) => story.arrive(`caller-${n}`).refused);
    expect(refused.filter((reason) => reason === null)).toHaveLength(20);
    expect(refused.filter((reason) => reason === 'room-full')).toHaveLength(30);
    expect(story.go('caller-0').arrive('late').refused).toBeNull();
  });

  it('in a locked room is for those who lead', () => {
    const story = new SessionStory().come('anna', 'moderator').does('anna', { type: 'lock', on: 'toggle' });
    expect(story.saidTo('anna')).toEqual(['room-is-locked']);
    expect(story.arrive('ben').refused).toBe('room-locked');
    expect(story.arrive('owner', 'host').refused).toBeNull();
    story.does('anna', { type: 'lock', on: 'toggle' });
    expect(story.arrive('ben').refused).toBeNull();
  });

  it('is barred for the session to whoever was removed, also when he calls again', () => {
    const story = new SessionStory().come('anna', 'moderator').come('ben');
    story.does('anna', { type: 'kick', ...toMember('ben') });
    expect(story.effects).toEqual([
      { type: 'part', memberId: 'ben', result: 'kicked', endedBy: 'moderator', prompt: 'kicked' },
    ]);
    expect(story.go('ben').arrive('ben').refused).toBe('barred');
    expect(story.arrive('cleo').refused).toBeNull();
  });
});

describe('waiting for the moderator', () => {
  it('ends for all who wait when the first one joins', () => {
    const story = new SessionStory({ waitsForModerator: true }).come('ben').come('cleo');
    expect(story.effects).toEqual([{ type: 'wait', memberId: 'cleo', reason: 'moderator' }]);
    story.come('anna', 'moderator');
    expect(story.all('enter').map(({ memberId }) => memberId)).toEqual(['ben', 'cleo']);
    story.arrive('dora');
    expect(story.effects).toEqual([{ type: 'enter', memberId: 'dora' }]);
  });

  it('leads on to the lobby where there is one', () => {
    const story = new SessionStory({ waitsForModerator: true, lobby: true })
      .come('ben')
      .come('anna', 'moderator');
    expect(story.all('wait')).toEqual([{ type: 'wait', memberId: 'ben', reason: 'lobby' }]);
    expect(story.saidTo('anna')).toEqual(['somebody-in-lobby']);
  });

  it('has an end', () => {
    const story = new SessionStory({ waitsForModerator: true, maxWaitSeconds: 60 }).come('ben');
    expect(story.wait(59)).toEqual([]);
    expect(story.wait(1)).toMatchObject([{ type: 'part', memberId: 'ben', result: 'waited-too-long' }]);
  });
});

describe('the lobby', () => {
  it('is left one by one, in the order of arrival', () => {
    const story = withTwoOutside();
    expect(story.saidTo('anna')).toEqual(['somebody-in-lobby']);
    story.does('anna', { type: 'admit', member: 'next' });
    expect(story.effects).toEqual([{ type: 'enter', memberId: 'ben' }]);
    story.does('anna', { type: 'admit', member: 'next' });
    expect(story.effects).toEqual([{ type: 'enter', memberId: 'cleo' }]);
    expect(story.does('anna', { type: 'admit', member: 'next' }).refused).toBe('nobody-waits');
  });

  it('is left by who is turned away, who is told', () => {
    const story = withTwoOutside().does('anna', { type: 'reject', ...toMember('cleo') });
    expect(story.effects).toMatchObject([{ type: 'part', memberId: 'cleo', prompt: 'not-admitted' }]);
  });

  it('is passed by whom we called ourselves', () => {
    expect(withTwoOutside().arrive('dora', 'speaker', true).effects).toEqual([
      { type: 'enter', memberId: 'dora' },
    ]);
  });
});

describe('a mute', () => {
  it('of one’s own is undone by oneself', () => {
    const story = room().does('ben', { type: 'mute-self', on: 'toggle' });
    expect(story.effects).toEqual([
      { type: 'set-voice', memberId: 'ben', speaks: false },
      { type: 'say', to: ['ben'], line: ['muted'] },
    ]);
    story.does('ben', { type: 'mute-self', on: 'toggle' });
    expect(story.all('set-voice')).toEqual([{ type: 'set-voice', memberId: 'ben', speaks: true }]);
  });

  it('of a moderator’s is announced and cannot be undone by the muted, not even by calling again for his own mute', () => {
    const story = room().does('anna', { type: 'mute-member', ...toMember('ben'), on: true });
    expect(story.saidTo('ben')).toEqual(['muted-by-moderator']);
    expect(story.does('ben', { type: 'mute-self', on: false }).refused).toBe('muted-by-moderator');
    expect(story.does('ben', { type: 'mute-self', on: 'toggle' }).refused).toBe('muted-by-moderator');
    story.does('ben', { type: 'mute-self', on: true }).does('ben', { type: 'mute-self', on: false });
    expect(story.refused).toBe('muted-by-moderator');
    story.does('anna', { type: 'mute-member', ...toMember('ben'), on: false });
    expect(story.all('set-voice')).toEqual([{ type: 'set-voice', memberId: 'ben', speaks: true }]);
  });

  it('of all holds for who comes later, spares those who lead, and leaves own mutes as they are', () => {
    const story = room().does('ben', { type: 'mute-self', on: true }).come('cleo');
    story.does('anna', { type: 'mute-all', on: true });
    expect(['anna', 'ben', 'cleo'].map((id) => story.member(id)?.muted)).toEqual([
      null,
      'moderator',
      'moderator',
    ]);
    story.arrive('dora');
    expect(joinFlags(story.state, 'dora').muted).toBe(true);
    story.join('dora');
    // Muted while his leg was on its way in.
    const joinedAs = { muted: false, deaf: false, moderator: false };
    story.arrive('emil').join('emil', false, joinedAs);
    expect(story.all('set-voice')).toEqual([{ type: 'set-voice', memberId: 'emil', speaks: false }]);
    story.does('anna', { type: 'mute-all', on: false });
    expect(story.member('cleo')?.muted).toBeNull();
  });

  it('of a listener is lifted by the floor alone', () => {
    const story = room();
    expect(
      story.does('lisa', { type: 'mute-self', on: true }).does('lisa', { type: 'mute-self', on: false })
        .refused,
    ).toBe('listeners-do-not-speak');
    story.does('lisa', { type: 'raise-hand', on: true }).does('anna', { type: 'give-floor', member: 'next' });
    expect(story.effects).toEqual([
      { type: 'set-voice', memberId: 'lisa', speaks: true },
      { type: 'say', to: ['lisa'], line: ['floor-given'] },
    ]);
    story.does('anna', { type: 'mute-member', ...toMember('lisa'), on: true });
    expect(story.all('set-voice')).toEqual([{ type: 'set-voice', memberId: 'lisa', speaks: false }]);
  });

  it('is the same for rules and media server, whatever is done in whatever order', () => {
    const ids = ['anna', 'ben', 'lisa', 'cleo'];
    const id = fc.constantFrom(...ids);
    const on = fc.constantFrom(true, false, 'toggle' as const);
    const action = fc.oneof<fc.Arbitrary<RoomAction>[]>(
      fc.record({ type: fc.constant('mute-self' as const), on }),
      fc.record({ type: fc.constant('mute-all' as const), on }),
      fc.record({
        type: fc.constant('mute-member' as const),
        member: id.map((memberId) => ({ memberId })),
        on,
      }),
      fc.record({ type: fc.constant('give-floor' as const), member: id.map((memberId) => ({ memberId })) }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(id, action), { maxLength: 30 }), (program) => {
        const story = room().come('cleo');
        const heard = new Map(ids.map((one) => [one, one !== 'lisa']));
        for (const [by, wish] of program)
          for (const { memberId, speaks: isHeard } of story.does(by, wish).all('set-voice'))
            heard.set(memberId, isHeard);
        for (const one of ids) {
          const member = memberOf(story.state, one);
          expect(heard.get(one)).toBe(member && speaks(member));
        }
      }),
    );
  });
});

describe('raised hands', () => {
  it('are a queue: the floor goes to who asked first, and leaders hear who asks', () => {
    const story = new SessionStory().come('anna', 'moderator').come('ben').come('cleo');
    story.does('cleo', { type: 'raise-hand', on: 'toggle' });
    expect(story.saidTo('anna')).toEqual(['hand-of-member', { number: 3 }]);
    expect(story.saidTo('cleo')).toEqual(['hand-raised']);
    story.nowMs += 1;
    story.does('ben', { type: 'raise-hand', on: 'toggle' });
    story.does('anna', { type: 'give-floor', member: 'next' });
    expect(story.saidTo('cleo')).toEqual(['floor-given']);
    story.does('ben', { type: 'raise-hand', on: 'toggle' });
    expect(story.does('anna', { type: 'give-floor', member: 'next' }).refused).toBe('nobody-waits');
  });
});

describe('a coach', () => {
  it('joins unheard and the others join deaf until it is settled who hears him', () => {
    const story = new SessionStory().come('anna', 'moderator').arrive('kim', 'coach');
    expect(joinFlags(story.state, 'kim')).toMatchObject({ muted: true, deaf: false });
    expect(story.join('kim').effects.map(({ type }) => type)).toEqual(['coach', 'set-voice', 'sound']);
    story.arrive('ben');
    expect(joinFlags(story.state, 'ben')).toMatchObject({ muted: false, deaf: true });
    expect(story.join('ben').effects.slice(0, 2)).toEqual([
      { type: 'coach', coachId: 'kim', unheardBy: ['ben'] },
      { type: 'set-hearing', memberId: 'ben', hears: true },
    ]);
    expect(joinFlags(story.arrive('owner', 'host').state, 'owner').deaf).toBe(false);
  });

  it('is heard by those who lead and by nobody else, whoever comes and goes', () => {
    const story = new SessionStory().come('anna', 'moderator').come('ben').come('kim', 'coach');
    expect(story.all('coach')).toEqual([{ type: 'coach', coachId: 'kim', unheardBy: ['ben'] }]);
    story.come('cleo');
    expect(story.all('coach')).toEqual([{ type: 'coach', coachId: 'kim', unheardBy: ['ben', 'cleo'] }]);
  });
});

describe('a recording', () => {
  it('is announced to all inside and to every later joiner, and each consent is noted once', () => {
    const story = new SessionStory().come('anna', 'moderator').come('ben');
    story.does('anna', { type: 'record', on: true });
    expect(story.effects).toEqual([
      { type: 'record', command: 'start' },
      { type: 'say', to: ['anna', 'ben'], line: ['recording-started'] },
      { type: 'consent', memberIds: ['anna', 'ben'], how: 'announced-at-start' },
    ]);
    story.arrive('cleo').join('cleo', true);
    expect(story.saidTo('cleo')).toEqual([]);
    expect(story.all('consent')).toEqual([
      { type: 'consent', memberIds: ['cleo'], how: 'announced-on-entry' },
    ]);
    // Begun while he was on his way in.
    expect(story.arrive('dora').join('dora', false).saidTo('dora')).toEqual(['recording-notice']);
  });

  it('begins by itself with the first member where the room says so', () => {
    const story = new SessionStory({ recording: 'automatic' }).come('ben');
    expect(story.all('record')).toEqual([{ type: 'record', command: 'start' }]);
    expect(story.saidTo('ben')).toEqual(['recording-started']);
    expect(story.come('cleo').all('record')).toEqual([]);
    expect(story.go('ben').go('cleo').all('record')).toEqual([{ type: 'record', command: 'stop' }]);
  });

  it('is paused, goes on and ends, each of it said; and is refused where the room forbids it', () => {
    const story = new SessionStory().come('anna', 'moderator').does('anna', { type: 'record', on: 'toggle' });
    expect(story.does('anna', { type: 'pause-recording', on: 'toggle' }).saidTo('anna')).toEqual([
      'recording-paused',
    ]);
    expect(story.does('anna', { type: 'pause-recording', on: 'toggle' }).saidTo('anna')).toEqual([
      'recording-resumed',
    ]);
    expect(story.does('anna', { type: 'record', on: 'toggle' }).saidTo('anna')).toEqual([
      'recording-stopped',
    ]);
    expect(story.does('anna', { type: 'pause-recording', on: true }).refused).toBe('not-recording');
    const forbidden = new SessionStory({ recording: 'off' }).come('anna', 'moderator');
    expect(forbidden.does('anna', { type: 'record', on: true }).refused).toBe('recording-not-allowed');
  });

  it('that failed is said to have ended', () => {
    const story = new SessionStory().come('anna', 'moderator').does('anna', { type: 'record', on: true });
    story.on({ type: 'recording-failed', nowMs: story.nowMs });
    expect(story.saidTo('anna')).toEqual(['recording-stopped']);
    expect(story.state.recording).toBe('off');
  });
});

describe('the end of a room', () => {
  it('comes when one member has been alone for as long as the room allows, and not while others are being called', () => {
    const story = new SessionStory({ endsAloneAfterSeconds: 60 }).come('ben').come('cleo');
    expect(parts(story.wait(120))).toEqual([]);
    story.go('cleo').on({ type: 'dialling-out', calls: 1, nowMs: story.nowMs });
    expect(parts(story.wait(120))).toEqual([]);
    story.on({ type: 'dialling-out', calls: 0, nowMs: story.nowMs });
    expect(parts(story.wait(60))).toEqual([]);
    expect(parts(story.wait(1))).toMatchObject([
      { memberId: 'ben', result: 'room-alone', prompt: 'room-ends-alone' },
    ]);
  });

  it('comes when no moderator is left, and begins to count anew when one was back', () => {
    const story = new SessionStory({ endsWithoutModeratorAfterSeconds: 30 });
    story.come('anna', 'moderator').come('ben').come('cleo').go('anna');
    expect(parts(story.wait(29))).toEqual([]);
    story.come('anna', 'moderator');
    story.wait(5);
    story.go('anna');
    expect(parts(story.wait(30))).toEqual([]);
    expect(parts(story.wait(1))).toMatchObject([
      { result: 'room-no-moderator' },
      { result: 'room-no-moderator' },
    ]);
  });

  it('comes after long silence, but not where all are muted', () => {
    const rules = { endsSilentAfterSeconds: 30, endsAloneAfterSeconds: null };
    const story = new SessionStory(rules).come('anna', 'moderator').come('ben');
    story.wait(20);
    story.on({ type: 'talking', memberId: 'ben', isTalking: true, nowMs: story.nowMs });
    story.wait(100);
    story.on({ type: 'talking', memberId: 'ben', isTalking: false, nowMs: story.nowMs });
    expect(parts(story.wait(30))).toEqual([]);
    expect(parts(story.wait(1))).toMatchObject([{ result: 'room-silent' }, { result: 'room-silent' }]);
    const muted = new SessionStory(rules).come('ben').does('ben', { type: 'mute-self', on: true });
    expect(parts(muted.wait(300))).toEqual([]);
  });

  it('comes after the longest duration, with a warning five minutes and one minute before', () => {
    const story = new SessionStory({ maxDurationSeconds: 600, endsAloneAfterSeconds: null }).come('ben');
    expect(said(story.wait(599))).toEqual(['room-ends-in-5-minutes', 'room-ends-in-1-minute']);
    expect(story.wait(1)).toMatchObject([{ memberId: 'ben', result: 'room-time-over', endedBy: 'house' }]);
  });

  it('comes for all at once when a moderator says so', () => {
    const story = new SessionStory({ lobby: true }).come('anna', 'moderator').come('ben');
    story.does('anna', { type: 'end-for-all' });
    expect(parts(story.effects)).toMatchObject([
      { memberId: 'anna', result: 'room-ended', endedBy: 'moderator' },
      { memberId: 'ben', result: 'room-ended' },
    ]);
  });

  it('ends calling the list too, until somebody comes anew', () => {
    const story = new SessionStory().come('anna', 'moderator').does('anna', { type: 'end-for-all' });
    expect(story.state.isEnding).toBe(true);
    expect(story.come('ben').state.isEnding).toBe(false);
    const timed = new SessionStory({ maxDurationSeconds: 60 }).come('anna');
    timed.wait(60);
    expect(timed.state.isEnding).toBe(true);
  });
});

describe('any program of events', () => {
  it('never seats more than there are seats, nor anybody who was removed', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const event = fc.oneof(
      fc.record({ what: fc.constant('come' as const), id, role: fc.constantFrom(...ROOM_ROLES) }),
      fc.record({ what: fc.constant('go' as const), id }),
      fc.record({ what: fc.constant('kick' as const), id }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (program) => {
        const story = new SessionStory({ maxSeats: 3 });
        const kicked = new Set<string>();
        for (const one of program) {
          if (one.what === 'come' && !story.member(one.id)) story.come(one.id, one.role);
          if (one.what === 'go') story.go(one.id);
          if (one.what === 'kick' && story.member(one.id)) {
            story.does('operator', { type: 'kick', ...toMember(one.id) }).go(one.id);
            kicked.add(one.id);
          }
          expect(story.state.members.length).toBeLessThanOrEqual(3);
          expect(story.state.members.filter(({ memberId }) => kicked.has(memberId))).toEqual([]);
        }
      }),
    );
  });
});
