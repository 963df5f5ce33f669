import { parseConferenceTarget } from './conferences';
import { reasonHeader, toHangupCause } from './hangup-causes';
import { parseControllerAddress } from './outbound-socket';
import { splitArguments } from './split-arguments';

describe('arguments of commands', () => {
  it('splits at blanks, however many, and keeps quoted text together', () => {
    expect(splitArguments("room1 play  'my file.wav'   2")).toEqual(['room1', 'play', 'my file.wav', '2']);
  });

  it('splits at a separator of its own', () => {
    expect(splitArguments('^^^a=1^b=2 3')).toEqual(['a=1', 'b=2 3']);
  });

  it('keeps the rest in the last piece', () => {
    expect(splitArguments('uuid name a value with blanks', 3)).toEqual([
      'uuid',
      'name',
      'a value with blanks',
    ]);
  });

  it('comes to an end for a quote that never closes', () => {
    expect(splitArguments("a 'b c")).toEqual(['a', '', 'b', 'c']);
  });

  it.each([
    ['room1', { name: 'room1', profile: 'default', pin: '', flags: [] }],
    ['room1@wide+1234', { name: 'room1', profile: 'wide', pin: '1234', flags: [] }],
    [
      'room1++flags{mute|moderator}',
      { name: 'room1', profile: 'default', pin: '', flags: ['mute', 'moderator'] },
    ],
    ['room1@wide+77+flags{endconf}', { name: 'room1', profile: 'wide', pin: '77', flags: ['endconf'] }],
  ])('reads the conference argument %s', (data, expected) => {
    const { flags, ...rest } = parseConferenceTarget(data);
    expect({ ...rest, flags: [...flags] }).toEqual(expected);
  });

  it('reads the address of a controller and nothing else', () => {
    expect(parseControllerAddress('127.0.0.1:8085')).toEqual({ host: '127.0.0.1', port: 8_085 });
    for (const text of ['', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:99999', 'a b:1', 'x:1\nEvil: 2']) {
      expect(parseControllerAddress(text)).toBeUndefined();
    }
  });
});

describe('hang-up causes', () => {
  it('are read by name and by number, NORMAL_CLEARING for nothing', () => {
    expect(toHangupCause('user_busy')).toBe('USER_BUSY');
    expect(toHangupCause('804')).toBe('MEDIA_TIMEOUT');
    expect(toHangupCause('')).toBe('NORMAL_CLEARING');
  });

  it('become Q.850 below 128 and SIP above, as mod_sofia writes them', () => {
    expect(reasonHeader('NORMAL_CLEARING')).toBe('Q.850;cause=16;text="NORMAL_CLEARING"');
    expect(reasonHeader('MEDIA_TIMEOUT')).toBe('SIP;cause=804;text="MEDIA_TIMEOUT"');
  });
});
