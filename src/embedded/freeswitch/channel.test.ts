import type { FrameSource } from '../media/audio-frame';
import type { MediaLeg } from '../media/media-leg';
import { AudioFiles } from './audio-files';
import { bridgeChannels } from './bridge';
import type { Channel } from './channel';
import { aChannel } from '../../../test/support/fake-channel';

const press = (channel: Channel, keys: string): void => {
  for (const key of keys) channel.receiveDigit({ key, durationSamples: 800 }, 'RTP');
};

const pinOf = (channel: Channel): string | undefined => channel.variables.get('pin');

describe('applications on a channel', () => {
  it('sets, exports, unsets and expands variables', () => {
    const { channel } = aChannel();
    channel.execute('set', 'a=1', 'u1');
    channel.execute('multiset', '^^^b=2^c=${a}3', 'u2');
    channel.execute('export', 'd=4', 'u3');
    channel.execute('set', 'b=', 'u4');
    const values = ['a', 'b', 'c', 'd', 'export_vars'].map((name) => channel.variables.get(name));
    expect(values).toEqual(['1', undefined, '13', '4', 'd']);
  });

  it('does not expand what a value itself says', () => {
    const { channel } = aChannel();
    channel.setVariable('sip_h_X-Evil', '${secret}');
    channel.setVariable('secret', 'hidden');
    channel.execute('set', 'a=${sip_h_X-Evil}', 'u');
    expect(channel.variables.get('a')).toBe('${secret}');
  });

  it('tells EXECUTE and COMPLETE under the uuid the client chose', () => {
    const { channel, told } = aChannel();
    channel.execute('set', 'a=1', 'my-uuid');
    for (const name of ['CHANNEL_EXECUTE', 'CHANNEL_EXECUTE_COMPLETE']) {
      expect(told(name)[0]?.headers).toMatchObject({
        Application: 'set',
        'Application-Data': 'a=1',
        'Application-UUID': 'my-uuid',
      });
    }
  });

  it('plays a prompt with its events and says how long it was', async () => {
    const { channel, slots, told } = aChannel();
    channel.execute('playback', 'silence_stream://100', 'u');
    await slots(channel, 8);
    expect(told('PLAYBACK_START')).toHaveLength(1);
    expect(told('PLAYBACK_STOP')[0]?.headers['Playback-Status']).toBe('done');
    const [complete] = told('CHANNEL_EXECUTE_COMPLETE');
    expect(complete?.headers).toMatchObject({
      'Application-Response': 'FILE PLAYED',
      variable_playback_ms: '100',
    });
  });

  it('answers FILE NOT FOUND for a missing file', async () => {
    const { channel, slots, told } = aChannel();
    channel.execute('playback', '/nowhere/at/all.wav', 'u');
    // The disk answers in its own time.
    for (let turn = 0; told('CHANNEL_EXECUTE_COMPLETE').length === 0 && turn < 1_000; turn += 1)
      await slots(channel, 1);
    expect(told('CHANNEL_EXECUTE_COMPLETE')[0]?.headers['Application-Response']).toBe('FILE NOT FOUND');
  });

  it('stops a playback after its time limit, which holds once', async () => {
    const { channel, slots, told } = aChannel();
    channel.execute('set', 'playback_timeout_sec=1', 'u1');
    channel.execute('playback', 'silence_stream://60000', 'u2');
    await slots(channel, 55);
    expect(told('PLAYBACK_STOP')[0]?.headers['Playback-Status']).toBe('break');
    expect(channel.variables.has('playback_timeout_sec')).toBe(false);
  });

  it('lets a second application run inside the first, COMPLETE of the inner first', async () => {
    const { channel, slots, told } = aChannel();
    channel.execute('playback', 'silence_stream://200', 'outer');
    await slots(channel, 2);
    channel.execute('playback', 'silence_stream://100', 'inner');
    await slots(channel, 20);
    const order = told('CHANNEL_EXECUTE_COMPLETE').map((event) => event.headers['Application-UUID']);
    expect(order).toEqual(['inner', 'outer']);
  });

  it('keeps the outer application waiting even when its own time is over', async () => {
    const { channel, slots, told } = aChannel();
    channel.execute('sleep', '40', 'outer');
    channel.execute('playback', 'silence_stream://200', 'inner');
    await slots(channel, 20);
    const order = told('CHANNEL_EXECUTE_COMPLETE').map((event) => event.headers['Application-UUID']);
    expect(order).toEqual(['inner', 'outer']);
  });

  it('is interrupted by a hang-up, completes everything, and tells the end in order', async () => {
    const { channel, clock, slots, events, byes } = aChannel();
    channel.execute('park', '', 'p');
    channel.execute('playback', 'silence_stream://60000', 'q');
    await slots(channel, 2);
    events.length = 0;
    channel.execute('hangup', 'USER_BUSY', 'h');
    await clock.advance(1);
    expect(events.map((event) => event.headers['Application-UUID'] ?? event.name)).toEqual([
      'h',
      'CHANNEL_HANGUP',
      'CHANNEL_CALLSTATE',
      'h',
      'PLAYBACK_STOP',
      'CHANNEL_UNPARK',
      'q',
      'p',
      'CHANNEL_HANGUP_COMPLETE',
      'CHANNEL_DESTROY',
    ]);
    expect(byes).toEqual(['Q.850;cause=17;text="USER_BUSY"']);
  });

  it('hangs up once, whoever asks again', async () => {
    const { channel, clock, told } = aChannel();
    channel.hangUp('NORMAL_CLEARING', 'peer');
    channel.hangUp('USER_BUSY');
    channel.execute('set', 'a=1', 'late');
    await clock.advance(1);
    expect(told('CHANNEL_HANGUP_COMPLETE')).toHaveLength(1);
    expect(told('CHANNEL_HANGUP_COMPLETE')[0]?.headers['Hangup-Cause']).toBe('NORMAL_CLEARING');
    expect(told('CHANNEL_EXECUTE')).toHaveLength(0);
  });

  it('bills from answer to end', async () => {
    const { channel, clock, told } = aChannel();
    await clock.advance(61_500);
    channel.hangUp('NORMAL_CLEARING');
    await clock.advance(1);
    const headers = told('CHANNEL_HANGUP_COMPLETE')[0]?.headers ?? {};
    expect([headers['variable_billsec'], headers['variable_billmsec']]).toEqual(['61', '61500']);
  });

  it('ends the call at an unknown application without COMPLETE', async () => {
    const { channel, clock, told } = aChannel();
    channel.execute('voicemail', '', 'u');
    await clock.advance(1);
    expect(channel.hangupCause).toBe('DESTINATION_OUT_OF_ORDER');
    expect(told('CHANNEL_EXECUTE_COMPLETE')).toHaveLength(0);
  });
});

describe('uuid_break', () => {
  const list = 'tone_stream://%(1000,0,440)!tone_stream://%(1000,0,880)';

  it('ends one file and goes on with the next', async () => {
    const { channel, slots, told } = aChannel();
    channel.setVariable('playback_delimiter', '!');
    channel.execute('playback', list, 'u');
    await slots(channel, 5);
    channel.breakNewest(false);
    await slots(channel, 5);
    expect([told('PLAYBACK_START').length, told('CHANNEL_EXECUTE_COMPLETE').length]).toEqual([2, 0]);
  });

  it('ends the whole list when told to break all', async () => {
    const { channel, slots, told } = aChannel();
    channel.setVariable('playback_delimiter', '!');
    channel.execute('playback', list, 'u');
    await slots(channel, 5);
    channel.breakNewest(true);
    await slots(channel, 2);
    expect(told('PLAYBACK_START')).toHaveLength(1);
    expect(told('CHANNEL_EXECUTE_COMPLETE')[0]?.headers['Application-Response']).toBe('FILE PLAYED');
  });
});

describe('collecting keys', () => {
  const collect = '1 4 2 3000 # silence_stream://1000 silence_stream://100 pin ^\\d+$ 500';

  it('stops the prompt at the first key and ends at the terminator', async () => {
    const { channel, slots, told } = aChannel();
    channel.execute('play_and_get_digits', collect, 'u');
    await slots(channel, 5);
    press(channel, '12');
    await slots(channel, 2);
    press(channel, '#');
    await slots(channel, 2);
    expect(told('PLAYBACK_STOP')[0]?.headers['Playback-Status']).toBe('break');
    const [complete] = told('CHANNEL_EXECUTE_COMPLETE');
    expect(complete?.headers).toMatchObject({
      variable_pin: '12',
      variable_read_terminator_used: '#',
      variable_read_result: 'success',
    });
  });

  it('ends at the greatest length', async () => {
    const { channel, slots, told } = aChannel();
    channel.execute('play_and_get_digits', collect, 'u');
    press(channel, '1234');
    await slots(channel, 3);
    expect(told('CHANNEL_EXECUTE_COMPLETE')).toHaveLength(1);
    expect(pinOf(channel)).toBe('1234');
  });

  it('ends when the next key does not come in time', async () => {
    const { channel, slots } = aChannel();
    channel.execute('play_and_get_digits', collect, 'u');
    press(channel, '9');
    await slots(channel, 30);
    expect(pinOf(channel)).toBe('9');
  });

  it('tries as often as asked and then leaves the variable unset', async () => {
    const { channel, slots, told } = aChannel();
    channel.execute('play_and_get_digits', collect, 'u');
    await slots(channel, 460);
    expect(told('CHANNEL_EXECUTE_COMPLETE')).toHaveLength(1);
    expect(told('PLAYBACK_START')).toHaveLength(4);
    expect(pinOf(channel)).toBeUndefined();
  });

  it('puts what the pattern does not match aside', async () => {
    const { channel, slots } = aChannel();
    channel.execute('play_and_get_digits', collect.replace(' 2 ', ' 1 ').replace('^\\d+$', '^7'), 'u');
    press(channel, '5#');
    await slots(channel, 20);
    expect([pinOf(channel), channel.variables.get('pin_invalid')]).toEqual([undefined, '5']);
  });

  it('takes keys typed while another application ran and then plays no prompt', async () => {
    const { channel, slots, told } = aChannel();
    channel.execute('sleep', '10000', 's');
    press(channel, '42#');
    channel.execute('play_and_get_digits', collect, 'u');
    await slots(channel, 2);
    expect(pinOf(channel)).toBe('42');
    expect(told('PLAYBACK_START')).toHaveLength(0);
  });

  it('drops keys typed while no application runs, as a parked channel does', async () => {
    const { channel, slots } = aChannel();
    press(channel, '77');
    channel.execute('play_and_get_digits', collect, 'u');
    press(channel, '42#');
    await slots(channel, 2);
    expect(pinOf(channel)).toBe('42');
  });

  it('gives keys pressed during a playback to nobody', async () => {
    const { channel, slots } = aChannel();
    channel.setVariable('playback_terminators', 'none');
    channel.execute('playback', 'silence_stream://100', 'u1');
    press(channel, '99');
    await slots(channel, 8);
    channel.execute('play_and_get_digits', collect, 'u2');
    press(channel, '1#');
    await slots(channel, 3);
    expect(pinOf(channel)).toBe('1');
  });
});

describe('two channels', () => {
  it('in a bridge lose what ran on them and share a call uuid until one ends', async () => {
    const { channel, make, clock, told } = aChannel();
    const other = make();
    channel.execute('park', '', 'p');
    expect(bridgeChannels(channel, other)).toBe(true);
    await clock.advance(1);
    expect(told('CHANNEL_EXECUTE_COMPLETE')[0]?.headers['Application']).toBe('park');
    expect(other.callUuid).toBe(channel.uuid);
    channel.hangUp('NORMAL_CLEARING', 'peer');
    expect(other.bridged).toBeUndefined();
    expect(other.alive).toBe(true);
  });

  it('in one conference end it together when the one with endconf goes', async () => {
    const { channel, make, clock, core, told } = aChannel();
    const other = make();
    channel.execute('conference', 'room++flags{endconf}', 'c1');
    other.execute('conference', 'room', 'c2');
    expect(core.conferences.find('room')?.size).toBe(2);
    channel.hangUp('NORMAL_CLEARING', 'peer');
    await clock.advance(1);
    expect(core.conferences.find('room')).toBeUndefined();
    expect(other.alive).toBe(true);
    const actions = told('CUSTOM').map((event) => event.headers['Action']);
    expect(actions).toEqual([
      'conference-create',
      'add-member',
      'floor-change',
      'add-member',
      'del-member',
      'floor-change',
      'del-member',
      'floor-change',
      'conference-destroy',
    ]);
  });

  it('are kept out of a locked or full room', async () => {
    const { channel, make, clock, core } = aChannel();
    channel.execute('conference', 'room', 'c1');
    const room = core.conferences.find('room');
    if (room) room.maxMembers = 1;
    make().execute('conference', 'room', 'c2');
    await clock.advance(1);
    expect(room?.size).toBe(1);
    if (room) [room.maxMembers, room.locked] = [0, true];
    make().execute('conference', 'room', 'c3');
    await clock.advance(1);
    expect(room?.size).toBe(1);
  });
});

/** Two bridged legs that say these levels. */
function aBridge(one: number, other: number) {
  const stage = aChannel();
  const [first, second] = [stage.channel, stage.make()];
  const keys: string[] = [];
  for (const [channel, level] of [
    [first, one],
    [second, other],
  ] as const) {
    channel.leg = {
      input: new Int16Array(160).fill(level),
      inputActive: true,
      sendDigits: (key: string) => keys.push(key),
    } as unknown as MediaLeg;
  }
  bridgeChannels(first, second);
  return { ...stage, first, second, keys };
}

function heardBy(channel: Channel): number {
  const frame = new Int16Array(160);
  channel.read(frame);
  return frame[0] as number;
}

/** A file of so many slots. */
function playing(level: number, slots: number): FrameSource {
  let left = slots;
  return {
    read(into) {
      left -= 1;
      if (left >= 0) into.fill(level);
      return left >= 0;
    },
  };
}

describe('two bridged channels', () => {
  it('hear each other, and neither the other while one plays something to itself', async () => {
    const { first, second, slots } = aBridge(100, 200);
    expect([heardBy(first), heardBy(second)]).toEqual([200, 100]);
    first.execute('playback', 'silence_stream://60', 'u');
    await slots(first, 1);
    expect([heardBy(first), heardBy(second)]).toEqual([0, 0]);
    await slots(first, 5);
    expect([heardBy(first), heardBy(second)]).toEqual([200, 100]);
  });

  it('pass keys on unless they may be a secret', () => {
    const { first, keys } = aBridge(100, 200);
    first.setVariable('sensitive_dtmf', 'true');
    press(first, '12');
    first.setVariable('sensitive_dtmf', 'false');
    press(first, '3');
    expect(keys).toEqual(['3']);
  });

  it('may hear a file over each other, or instead, until it ends or is stopped', () => {
    const { first, second } = aBridge(100, 200);
    expect(first.displacement.start('over', playing(10, 2), true)).toBe(true);
    expect(first.displacement.start('over', playing(10, 2), true)).toBe(false);
    expect([heardBy(first), heardBy(first), heardBy(first)]).toEqual([210, 210, 200]);
    first.displacement.start('instead', playing(30_000, 99), false);
    first.displacement.start('loud', playing(30_000, 99), true);
    expect([heardBy(first), heardBy(second)]).toEqual([32_767, 100]);
    expect([first.displacement.stop('loud'), first.displacement.stop('loud')]).toEqual([true, false]);
    expect(heardBy(first)).toBe(30_000);
  });
});

describe('several files as one', () => {
  it('sound one after the other; what is not there is left out', async () => {
    const files = new AudioFiles();
    const audio = await files.open(
      'file_string://tone_stream://%(40,0,440)!/nowhere.wav!silence_stream://20',
    );
    const frame = new Int16Array(160);
    const slots = Array.from({ length: 4 }, () => audio?.source.read(frame));
    expect([slots, audio?.playedSamples()]).toEqual([[true, true, true, false], 480]);
    expect(await files.open('file_string:///nowhere.wav!file_string://silence_stream://20')).toBeUndefined();
  });
});
