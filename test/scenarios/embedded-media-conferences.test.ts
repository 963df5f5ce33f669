import type Mrf from 'drachtio-fsmrf';
import { aCaller, type Bed, pause, type RtpPhone, startBed, strengthOf } from './embedded-media-bed';

type Member = { phone: RtpPhone; endpoint: Mrf.Endpoint; hertz: number };

/** Weaker than this is not there: 46 dB below the tones of the phones, what G.711 itself adds. */
const absent = 0.001;
const present = 0.1;

function heardIn(phone: RtpPhone, hertz: number): 'yes' | 'no' | 'unclear' {
  const strength = strengthOf(phone.heard, hertz);
  if (strength > present) return 'yes';
  return strength < absent ? 'no' : 'unclear';
}

jest.setTimeout(60_000);

describe('conferences on the embedded media server', () => {
  let bed: Bed;
  const members: Member[] = [];

  beforeAll(async () => {
    bed = await startBed();
  });

  afterEach(async () => {
    for (const { phone, endpoint } of members.splice(0)) {
      if (endpoint.connected) await endpoint.destroy();
      phone.close();
    }
  });

  afterAll(() => bed.close());

  async function joins(room: string, hertz: number, flags: Record<string, boolean> = {}): Promise<Member> {
    const caller = await aCaller(bed);
    caller.phone.tone(hertz);
    await caller.endpoint.join(room, { flags });
    const member = { ...caller, hertz };
    members.push(member);
    return member;
  }

  async function listenFor(ms: number): Promise<void> {
    await pause(250);
    for (const { phone } of members) phone.forget();
    await pause(ms);
  }

  it('lets each of three hear both others and never itself', async () => {
    for (const hertz of [437, 1_153, 2_081]) await joins('trio', hertz);
    await listenFor(800);
    const hearing = members.map(({ phone }) => members.map(({ hertz }) => heardIn(phone, hertz)));
    expect(hearing).toEqual([
      ['no', 'yes', 'yes'],
      ['yes', 'no', 'yes'],
      ['yes', 'yes', 'no'],
    ]);
  });

  it('never lets one room hear another', async () => {
    for (const [room, hertz] of [
      ['north', 437],
      ['south', 1_153],
      ['north', 2_081],
      ['south', 2_749],
    ] as const)
      await joins(room, hertz);
    await listenFor(800);
    const [northOne, southOne, northTwo, southTwo] = members as [Member, Member, Member, Member];
    expect(strengthOf(northOne.phone.heard, northTwo.hertz)).toBeGreaterThan(present);
    expect(strengthOf(southOne.phone.heard, southTwo.hertz)).toBeGreaterThan(present);
    for (const foreign of [southOne, southTwo])
      expect(strengthOf(northOne.phone.heard, foreign.hertz)).toBeLessThan(absent);
    for (const foreign of [northOne, northTwo])
      expect(strengthOf(southTwo.phone.heard, foreign.hertz)).toBeLessThan(absent);
  });

  it('keeps a muted member out of the mix until unmuted, and a deaf one without sound', async () => {
    const [speaker, listener] = [await joins('quiet', 437, { mute: true }), await joins('quiet', 1_153)];
    await listenFor(400);
    expect(strengthOf(listener.phone.heard, 437)).toBeLessThan(absent);
    const command = async (text: string): Promise<string> =>
      (await listener.endpoint.api('conference', text)).getBody();
    expect(await command(`quiet unmute ${speaker.endpoint.conf.memberId}`)).toBe('+OK unmute 1\n');
    await listenFor(400);
    expect(strengthOf(listener.phone.heard, 437)).toBeGreaterThan(present);
    expect(await command('quiet deaf 2')).toBe('+OK deaf 2\n');
    await listenFor(300);
    expect(strengthOf(listener.phone.heard, 437)).toBeLessThan(absent);
  });

  it('plays a file to the room or to one member alone', async () => {
    const [one, other] = [await joins('music', 0), await joins('music', 0)];
    const play = async (text: string): Promise<string> =>
      (await one.endpoint.api('conference', `music play ${text}`)).getBody();
    expect(await play('tone_stream://%(2000,0,620)')).toBe(
      '+OK (play) Playing file tone_stream://%(2000,0,620)\n',
    );
    expect(await play('tone_stream://%(2000,0,1500) 2')).toMatch(/Playing file .* to member 2/);
    await listenFor(600);
    expect(strengthOf(one.phone.heard, 620)).toBeGreaterThan(present);
    expect(strengthOf(other.phone.heard, 620)).toBeGreaterThan(present);
    expect(strengthOf(other.phone.heard, 1_500)).toBeGreaterThan(present);
    expect(strengthOf(one.phone.heard, 1_500)).toBeLessThan(absent);
    expect(await play('/nowhere/at-all.wav')).toMatch(/^-ERR \(play\) File: .* not found/);
  });

  it('answers list, count, lock, limits and unknown rooms as mod_conference does', async () => {
    const member = await joins('office', 437, { moderator: true });
    const command = async (text: string): Promise<string> =>
      (await member.endpoint.api('conference', text)).getBody();
    expect(await command('office list count')).toBe('1');
    expect(await command('office list')).toMatch(/^1;sofia\/.*;hear\|speak.*\|floor\|moderator;/);
    expect(await command('office lock')).toBe('+OK office locked\n');
    expect(await command('office unlock')).toBe('+OK office unlocked\n');
    expect(await command('office get max_members')).toBe('0');
    expect(await command('office set max_members 5')).toBe('0');
    expect(await command('office get max_members')).toBe('5');
    expect(await command('office mute 77')).toBe('-ERR Non-Existant ID 77\n');
    expect(await command('office dance')).toBe("-ERR Conference command 'dance' not found.\n");
    expect(await command('nowhere list count')).toBe('-ERR Conference nowhere not found\n');
    expect(await command('list')).toContain('Conference office (1 member');
  });

  it('lets go of a kicked member, who stays on the line, and ends with the member that said endconf', async () => {
    const [host, guest] = [await joins('meeting', 0, { endconf: true }), await joins('meeting', 0)];
    const command = async (text: string): Promise<string> =>
      (await guest.endpoint.api('conference', text)).getBody();
    const third = await joins('meeting', 0);
    expect(await command('meeting kick 3')).toBe('+OK kicked 3\n');
    await pause(60);
    expect(third.endpoint.connected).toBe(true);
    expect(await command('meeting list count')).toBe('2');
    await host.endpoint.destroy();
    await pause(60);
    expect(await command('meeting list count')).toBe('-ERR Conference meeting not found\n');
  });

  it('tells who talks and who came and went', async () => {
    const watcher = await joins('news', 0);
    const actions: string[] = [];
    const connection = (
      watcher.endpoint as unknown as { conn: { on(name: string, take: (event: Mrf.EslEvent) => void): void } }
    ).conn;
    await watcher.endpoint.api('conference', 'news list');
    (watcher.endpoint as unknown as { filter(name: string, value: string): void }).filter(
      'Conference-Name',
      'news',
    );
    connection.on('esl::event::CUSTOM::*', (event) => actions.push(event.getHeader('Action') ?? ''));
    await pause(60);
    const talker = await joins('news', 700);
    await pause(400);
    await talker.endpoint.destroy();
    await pause(60);
    expect(actions).toEqual(
      expect.arrayContaining(['add-member', 'start-talking', 'floor-change', 'stop-talking', 'del-member']),
    );
  });
});
