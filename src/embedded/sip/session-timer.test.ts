import type { Headed } from './message';
import { answerSessionTimer, expireAfterMs, refreshAfterMs, sessionExpires } from './session-timer';

function withHeaders(headers: Readonly<Record<string, string>>): Headed {
  return { headers: Object.entries(headers).map(([key, value]) => ({ key, name: key, value })) };
}

describe('answerSessionTimer', () => {
  it('declines a timer when the caller names no refresher', () => {
    expect(answerSessionTimer(withHeaders({ 'session-expires': '1800', supported: 'timer' }))).toEqual({
      kind: 'none',
    });
  });

  it('takes the timer with the refresher the caller names', () => {
    expect(answerSessionTimer(withHeaders({ 'session-expires': '1800;refresher=UAC' }))).toEqual({
      kind: 'agreed',
      seconds: 1800,
      refresher: 'uac',
    });
  });

  it('asks a caller who knows timers for at least 90 seconds', () => {
    expect(
      answerSessionTimer(withHeaders({ 'session-expires': '60;refresher=uac', supported: 'path, timer' }))
        .kind,
    ).toBe('too-small');
    expect(answerSessionTimer(withHeaders({ 'session-expires': '60;refresher=uac' })).kind).toBe('none');
  });

  it('treats a value it cannot read as no timer', () => {
    expect(sessionExpires(withHeaders({ 'session-expires': 'soon' }))).toBeUndefined();
    expect(sessionExpires(withHeaders({ 'session-expires': '1800;;' }))).toBeUndefined();
  });
});

describe('session timer arithmetic', () => {
  it('refreshes at half the interval', () => {
    expect(refreshAfterMs(1800)).toBe(900_000);
  });

  it('gives up 32 s, or a third of a short interval, before the end', () => {
    expect(expireAfterMs(1800)).toBe(1_768_000);
    expect(expireAfterMs(90)).toBe(60_000);
  });
});
