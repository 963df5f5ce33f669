import { Connection, type Event } from 'modesl';
import { startFreeswitch } from '../../src/embedded/freeswitch/start-freeswitch';
import { systemClock } from '../../src/kernel/clock';
import { silentLog } from '../../src/kernel/log';
import { aCaller, type Bed, bedPassword, pause, startBed, until } from './embedded-media-bed';

/** Connects modesl, unmodified, and subscribes. */
async function connect(
  bed: Bed,
  events: readonly string[],
): Promise<{ connection: Connection; seen: Event[] }> {
  const seen: Event[] = [];
  const connection = await new Promise<Connection>((resolve) => {
    const made: Connection = new Connection('127.0.0.1', bed.eventSocketPort, bedPassword, () =>
      resolve(made),
    );
    made.on('error', () => {});
  });
  connection.on('esl::event::**', (event: Event) => seen.push(event));
  await new Promise<void>((resolve) => {
    connection.subscribe(events, resolve);
  });
  return { connection, seen };
}

function api(connection: Connection, command: string): Promise<string> {
  return new Promise((resolve) => {
    connection.api(command, (response) => resolve(response.getBody()));
  });
}

const named = (seen: readonly Event[], name: string): Event[] =>
  seen.filter((event) => event.getHeader('Event-Name') === name);

jest.setTimeout(60_000);

describe('modesl, unmodified, on the embedded media server', () => {
  let bed: Bed;

  beforeAll(async () => {
    bed = await startBed({ rtpTimeoutMs: 1_500, heartbeatMs: 300 });
  });

  afterAll(() => bed.close());

  it('gets CHANNEL_HANGUP_COMPLETE with what a CDR needs', async () => {
    const { connection, seen } = await connect(bed, ['CHANNEL_HANGUP_COMPLETE']);
    const { phone, endpoint } = await aCaller(bed, { 'X-CID': 'call 42; "odd"' });
    await pause(1_100);
    await endpoint.destroy();
    await until(() => named(seen, 'CHANNEL_HANGUP_COMPLETE').length > 0);
    const [event] = named(seen, 'CHANNEL_HANGUP_COMPLETE');
    const number = (name: string): number => Number(event?.getHeader(name));
    expect(event?.getHeader('Hangup-Cause')).toBe('NORMAL_CLEARING');
    expect(event?.getHeader('variable_sip_h_X-CID')).toBe('call 42; "odd"');
    expect(event?.getHeader('variable_sip_call_id')).toBeTruthy();
    expect(number('variable_billsec')).toBe(1);
    expect(number('variable_billmsec')).toBeGreaterThan(1_000);
    expect(number('variable_end_uepoch') - number('variable_answer_uepoch')).toBeGreaterThan(1_000_000);
    expect(number('variable_rtp_audio_in_packet_count')).toBeGreaterThan(40);
    expect(number('variable_rtp_audio_in_mos')).toBeGreaterThan(4);
    connection.disconnect();
    phone.close();
  });

  it('hangs up with MEDIA_TIMEOUT when a caller falls silent, and says why in the BYE', async () => {
    const { connection, seen } = await connect(bed, ['CHANNEL_HANGUP_COMPLETE']);
    const { phone, endpoint } = await aCaller(bed);
    let reason: string | undefined;
    endpoint.dialog.on('destroy', (message: { get(name: string): string }) => {
      reason = message.get('Reason');
    });
    await pause(300);
    phone.fallSilent();
    await until(() => named(seen, 'CHANNEL_HANGUP_COMPLETE').length > 0, 6_000);
    expect(named(seen, 'CHANNEL_HANGUP_COMPLETE')[0]?.getHeader('Hangup-Cause')).toBe('MEDIA_TIMEOUT');
    await until(() => reason !== undefined);
    expect(reason).toBe('SIP;cause=804;text="MEDIA_TIMEOUT"');
    connection.disconnect();
    phone.close();
  });

  it('never times out an endpoint without a caller', async () => {
    const endpoint = await bed.mediaServer.createEndpoint();
    await pause(2_800);
    expect(endpoint.connected).toBe(true);
    await endpoint.destroy();
  });

  it('sends HEARTBEAT at once and then every period', async () => {
    const { connection, seen } = await connect(bed, ['HEARTBEAT']);
    await until(() => named(seen, 'HEARTBEAT').length >= 3);
    expect(named(seen, 'HEARTBEAT')[0]?.getHeader('Max-Sessions')).toBe('1000');
    connection.disconnect();
  });

  it('answers status, show, exists, variables and what it does not know as the real server does', async () => {
    const { connection } = await connect(bed, ['BACKGROUND_JOB']);
    const { phone, endpoint } = await aCaller(bed);
    expect(await api(connection, 'status')).toMatch(/^UP 0 years, .*\nFreeSWITCH .* is ready\n/);
    expect(JSON.parse(await api(connection, 'show calls as json'))).toMatchObject({ row_count: 1 });
    expect(await api(connection, `uuid_exists ${endpoint.uuid}`)).toBe('true');
    expect(await api(connection, `uuid_setvar ${endpoint.uuid} colour deep blue`)).toBe('+OK\n');
    expect(await api(connection, `uuid_getvar ${endpoint.uuid} colour`)).toBe('deep blue');
    expect(await api(connection, `uuid_getvar ${endpoint.uuid} nothing`)).toBe('_undef_');
    expect(await api(connection, 'uuid_kill nobody')).toBe('-ERR No such channel!\n');
    expect(await api(connection, 'make_coffee now')).toBe('-ERR make_coffee Command not found!\n');
    expect(bed.complaints).toContain('unknown api command');
    await endpoint.destroy();
    connection.disconnect();
    phone.close();
  });

  it('runs commands in the background and tells when they are done', async () => {
    const { connection } = await connect(bed, ['BACKGROUND_JOB']);
    const job = await new Promise<Event>((resolve) => {
      connection.bgapi('status', '', undefined, resolve);
    });
    expect(job.getBody()).toContain('session(s) max');
    connection.disconnect();
  });

  it('hangs up everybody', async () => {
    const { connection } = await connect(bed, ['BACKGROUND_JOB']);
    const callers = [await aCaller(bed), await aCaller(bed)];
    expect(await api(connection, 'hupall MANAGER_REQUEST')).toBe(
      '+OK hangup all channels with cause MANAGER_REQUEST\n',
    );
    await until(() => callers.every(({ endpoint }) => !endpoint.connected));
    expect(JSON.parse(await api(connection, 'show channels as json'))).toEqual({ row_count: 0 });
    connection.disconnect();
    for (const { phone } of callers) phone.close();
  });

  it('lets no text from a SIP header add a line to what it writes', async () => {
    const { connection } = await connect(bed, ['BACKGROUND_JOB']);
    const evil = 'a%0A%0AContent-Type: auth/request %';
    const { phone, endpoint } = await aCaller(bed, { 'X-Evil': evil });
    const dump = await api(connection, `uuid_dump ${endpoint.uuid}`);
    const lines = dump.split('\n').filter((line) => line.includes('Evil'));
    expect(lines).toEqual([`variable_sip_h_X-Evil: ${encodeURIComponent(evil)}`]);
    expect((await endpoint.getChannelVariables(false))['variable_sip_h_X-Evil']).toBe(evil);
    await endpoint.destroy();
    connection.disconnect();
    phone.close();
  });

  it('refuses a wrong password and closes', async () => {
    const failed = await new Promise<boolean>((resolve) => {
      const connection = new Connection('127.0.0.1', bed.eventSocketPort, 'ClueCon');
      connection.on('error', () => {});
      connection.on('esl::event::auth::fail', () => resolve(true));
    });
    expect(failed).toBe(true);
  });

  it('does not start with the published password on an open address', async () => {
    const options = {
      eventSocketHost: '0.0.0.0',
      eventSocketPort: 0,
      password: 'ClueCon',
      sipHost: '127.0.0.1',
      sipPort: 0,
      rtpHost: '127.0.0.1',
      rtpPortMin: 32_000,
      rtpPortMax: 32_100,
      clock: systemClock,
      log: silentLog,
    };
    await expect(startFreeswitch(options)).rejects.toThrow('published password');
  });
});
