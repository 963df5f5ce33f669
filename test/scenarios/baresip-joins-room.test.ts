import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, systemClock, within } from '../../src/kernel/clock';
import type { Hearing } from '../../src/test-phone/hearing';
import { Baresip } from '../support/baresip';
import { TestAuthority } from '../support/certificates';
import { joinRoom } from '../support/join-room';
import { freePort } from '../support/mariadb-server';
import { TestService } from '../support/service';
import { strongestTone } from '../support/strongest-tone';

const ITS_TONE_HZ = 620;
const OUR_TONE_HZ = 1_000;

// A real drachtio-server has its certificates from its own configuration.
const WAYS = process.env.DRACHTIO_HOST ? ['UDP and RTP'] : ['UDP and RTP', 'TLS and SRTP'];

describe('a baresip telephone', () => {
  it.each(WAYS)('over %s types Room ID and PIN, is heard in the room and hears the others', async (way) => {
    const joined = way === 'TLS and SRTP' ? await inFolder(joinsSecurely) : await joinsWith(plainly);
    expect(joined).toEqual({
      fromNumber: '+3222225566',
      result: 'completed',
      roomRole: 'speaker',
      heardTheOther: true,
    });
  });
});

async function plainly(): Promise<Setting> {
  const service = await TestService.start();
  return { service, baresip: await Baresip.start(ITS_TONE_HZ), port: service.sipPort, transport: '' };
}

async function joinsSecurely(folder: string): Promise<object> {
  const authority = new TestAuthority(folder, 'house');
  const { caFile } = authority;
  const { keyFile, certFile } = authority.issue('house.example', ['IP:127.0.0.1']);
  return joinsWith(async () => {
    const port = await freePort();
    const service = await TestService.start({
      SIP_TLS_PORT: String(port),
      SIP_TLS_KEY_FILE: keyFile,
      SIP_TLS_CERT_FILE: certFile,
    });
    return {
      service,
      baresip: await Baresip.start(ITS_TONE_HZ, { caFile }),
      port,
      transport: ';transport=tls',
    };
  });
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'baresip-tls-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

type Setting = { service: TestService; baresip: Baresip; port: number; transport: string };

/** Joins, talks, hangs up; resolves once the tone of the telephone was heard in the room, with what its CDR says and whether it heard. */
async function joinsWith(start: () => Promise<Setting>): Promise<object> {
  const { service, baresip, port, transport } = await start();
  const phone = await service.phone(31_900);
  try {
    const { roomNumber, moderatorPin, participantPin, accessNumber } = service.seed;
    const other = await joinRoom(service, phone, { roomNumber, pin: moderatorPin });
    other.sendTone(OUR_TONE_HZ);
    baresip.command('dial', `sip:${accessNumber}@127.0.0.1:${port}${transport}`);
    await baresip.reports('CALL_ESTABLISHED');
    for (const typed of [roomNumber, participantPin]) {
      await sleep(systemClock, 1_500);
      for (const key of `${typed}#`) {
        baresip.command('sndcode', key);
        await sleep(systemClock, 250);
      }
    }
    await within(systemClock, 15_000, 'baresip’s tone', heardTone(other.hearing, ITS_TONE_HZ));
    await sleep(systemClock, 2_000);
    baresip.command('hangup');
    const [cdr] = await service.ratedCdrs(1);
    return {
      fromNumber: cdr?.fromNumber,
      result: cdr?.result,
      roomRole: cdr?.roomRole,
      heardTheOther: strongestTone(baresip.heard(), OUR_TONE_HZ) > 1_000,
    };
  } finally {
    await baresip.stop();
    await phone.close();
    await service.close();
  }
}

async function heardTone(hearing: Hearing, toneHz: number): Promise<void> {
  while (hearing.toneAmplitude(toneHz, 0.5) < 1_000) await sleep(systemClock, 100);
}
