import { hungUpLeg, Talkers } from './switch-events';

const headers = (values: Readonly<Record<string, string>>) => (name: string) => values[name];

/** As FreeSWITCH 1.10 tells it. */
const HANGUP = {
  'Unique-ID': 'leg-1',
  'Hangup-Cause': 'NORMAL_CLEARING',
  'variable_sip_h_X-Node': 'node-1',
  'variable_sip_h_X-Call': 'cdr-1',
  variable_start_uepoch: '1700000000123456',
  variable_answer_uepoch: '1700000000223456',
  variable_end_uepoch: '1700000005000999',
  variable_billmsec: '4777',
};

describe('a leg that has ended', () => {
  it('is told with its call and its times in milliseconds', () => {
    expect(hungUpLeg(headers(HANGUP), 'node-1')).toEqual({
      legId: 'leg-1',
      cdrId: 'cdr-1',
      purpose: null,
      startedAtMs: 1_700_000_000_123,
      answeredAtMs: 1_700_000_000_223,
      endedAtMs: 1_700_000_005_000,
      billMs: 4_777,
      hangupCause: 'NORMAL_CLEARING',
    });
  });

  it('has no answer when FreeSWITCH writes 0, and its purpose when it is no caller', () => {
    const told = { ...HANGUP, variable_answer_uepoch: '0', 'variable_sip_h_X-Purpose': 'tap' };
    expect(hungUpLeg(headers(told), 'node-1')).toMatchObject({ answeredAtMs: null, purpose: 'tap' });
  });

  it.each([
    ['of another node', { 'variable_sip_h_X-Node': 'node-2' }],
    ['without times', { variable_end_uepoch: '' }],
    ['without an id', { 'Unique-ID': '' }],
  ])('is left out when it is %s', (_, other) => {
    expect(hungUpLeg(headers({ ...HANGUP, ...other }), 'node-1')).toBeNull();
  });

  it('brings no control characters and no endless text with it', () => {
    const told = { ...HANGUP, 'Hangup-Cause': `A\nB${'x'.repeat(100)}` };
    expect(hungUpLeg(headers(told), 'node-1')?.hangupCause).toMatch(/^ABx{62}$/);
  });
});

const event = (action: string, legId = 'leg-1') => headers({ Action: action, 'Unique-ID': legId });

describe('who talks', () => {
  it.each(['stop-talking', 'mute-member', 'del-member'])(
    'is told once, and once that it is over: %s',
    (action) => {
      const talkers = new Talkers();
      expect(talkers.take(event('start-talking'))).toEqual({ legId: 'leg-1', talking: true });
      expect(talkers.take(event('start-talking'))).toBeNull();
      expect(talkers.take(event(action, 'leg-2'))).toBeNull();
      expect(talkers.take(event(action))).toEqual({ legId: 'leg-1', talking: false });
      expect(talkers.take(event(action))).toBeNull();
    },
  );

  it('is no matter of other events, nor of events about no leg', () => {
    const talkers = new Talkers();
    expect(talkers.take(event('add-member'))).toBeNull();
    expect(talkers.take(headers({ Action: 'start-talking' }))).toBeNull();
  });
});
