import type { MediaLeg } from '../media/media-leg';
import { ApiCommands } from './api-commands';
import { AudioFiles } from './audio-files';
import type { Channel } from './channel';
import { aChannel } from '../../../test/support/fake-channel';

function heardBy(channel: Channel): number {
  const frame = new Int16Array(160);
  channel.read(frame);
  return frame[7] as number;
}

/** A room of members who each say a steady sound; `levels` are its mean magnitudes. */
function aRoom(levels: readonly number[]) {
  const stage = aChannel();
  const api = new ApiCommands(stage.core, new AudioFiles());
  const members = levels.map((level) => {
    const channel = stage.make();
    const input = new Int16Array(160).fill(level);
    channel.leg = { input, inputActive: true, codec: 'PCMU' } as unknown as MediaLeg;
    channel.execute('conference', 'room', channel.uuid);
    return { channel, input };
  });
  const room = stage.core.conferences.find('room');
  const slots = (count: number): void => {
    for (let slot = 0; slot < count; slot += 1) room?.work();
  };
  const actions = (): string[] =>
    stage
      .told('CUSTOM')
      .map(({ headers }) => `${headers['Action']} ${headers['Member-ID'] ?? ''}`)
      .filter((action) => action.includes('talking') || action.startsWith('mute'));
  const command = (text: string): Promise<string> => api.run(`conference room ${text}`);
  return { members, slots, actions, command };
}

describe('conference relate', () => {
  it('answers as mod_conference does', async () => {
    const { command } = aRoom([0, 0, 0]);
    expect(await command('relate')).toBe('+OK No relationships\n');
    expect(await command('relate 1 2,3 nospeak')).toBe('+OK 1->2 nospeak set\n+OK 1->3 nospeak set\n');
    expect(await command('relate 2 1 nohear')).toBe('+OK 2->1 nohear set\n');
    expect(await command('relate 1')).toBe(
      '1 -> 2 NOSPEAK HEAR NOSENDVIDEO \n1 -> 3 NOSPEAK HEAR NOSENDVIDEO \n',
    );
    expect(await command('relate 1 2,9 clear')).toBe(
      '+OK relationship 1->2 cleared.\n+OK relationship 1->9 cleared.\n',
    );
    expect(await command('relate 1 9 nospeak')).toBe('-ERR relationship 1->9 not found.\n');
    expect(await command('relate 9 1 nospeak')).toBe('-ERR relationship 9->1 not found.\n');
    expect(await command('relate 1 2 whisper')).toBe('relate <arguments>');
  });

  it('keeps one from being heard by another, and one from hearing another', async () => {
    const { members, slots, command } = aRoom([1, 20, 300]);
    const heard = (): number[] => members.map(({ channel }) => heardBy(channel));
    await command('relate 3 2 nospeak');
    await command('relate 1 2 nohear');
    slots(1);
    expect(heard()).toEqual([300, 1, 21]);
    await command('relate 2 3 nohear');
    await command('relate 3 2 clear');
    slots(1);
    expect(heard()).toEqual([300, 1, 21]);
    await command('relate 2 3 clear');
    await command('relate 1 2 clear');
    slots(1);
    expect(heard()).toEqual([320, 301, 21]);
  });
});

describe('talking in a conference', () => {
  it('begins at once with a loud sound and ends after 40 quiet slots', () => {
    const { members, slots, actions } = aRoom([0]);
    members[0]?.input.fill(600);
    slots(1);
    expect(actions()).toEqual(['start-talking 1']);
    members[0]?.input.fill(0);
    slots(39);
    expect(actions()).toHaveLength(1);
    slots(1);
    expect(actions()).toEqual(['start-talking 1', 'stop-talking 1']);
  });

  it('begins with the fifth slot of a low voice, and never with what is below the energy level', () => {
    const { slots, actions } = aRoom([150, 100]);
    slots(4);
    expect(actions()).toEqual([]);
    slots(50);
    expect(actions()).toEqual(['start-talking 1']);
  });

  it('is not told to have ended of a member who is muted, nor to begin while he is', async () => {
    const { slots, actions, command } = aRoom([600]);
    slots(1);
    await command('mute 1');
    slots(100);
    expect(actions()).toEqual(['start-talking 1', 'mute-member 1']);
    await command('unmute 1');
    slots(1);
    expect(actions()).toHaveLength(3);
  });
});

describe('keys that may be secret', () => {
  it('are told in no event until the channel says otherwise, and taken all the same', async () => {
    const { channel, told, clock } = aChannel();
    channel.setVariable('sensitive_dtmf', 'true');
    channel.execute(
      'play_and_get_digits',
      '1 1 1 5000 # silence silence_stream://20 typed \\d+ 2000',
      channel.uuid,
    );
    channel.receiveDigit({ key: '7', durationSamples: 800 }, 'RTP');
    await clock.advance(20);
    expect(channel.variables.get('typed')).toBe('7');
    expect(told('DTMF')).toHaveLength(0);
    channel.setVariable('sensitive_dtmf', 'false');
    channel.receiveDigit({ key: '8', durationSamples: 800 }, 'RTP');
    expect(told('DTMF').map(({ headers }) => headers['DTMF-Digit'])).toEqual(['8']);
  });
});
