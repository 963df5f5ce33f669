import { sleep, systemClock, within } from '../../src/kernel/clock';
import type { Hearing } from '../../src/test-phone/hearing';
import { Baresip } from '../support/baresip';
import { joinRoom } from '../support/join-room';
import { TestService } from '../support/service';
import { strongestTone } from '../support/strongest-tone';

const ITS_TONE_HZ = 620;
const OUR_TONE_HZ = 1_000;

describe('a baresip telephone', () => {
  it('types Room ID and PIN, is heard in the room and hears the others', async () => {
    const service = await TestService.start();
    const phone = await service.phone(31_900);
    const baresip = await Baresip.start(ITS_TONE_HZ);
    try {
      const { roomNumber, moderatorPin, participantPin, accessNumber } = service.seed;
      const other = await joinRoom(service, phone, { roomNumber, pin: moderatorPin });
      other.sendTone(OUR_TONE_HZ);
      baresip.command('dial', `sip:${accessNumber}@127.0.0.1:${service.sipPort}`);
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
      expect(cdr).toMatchObject({ fromNumber: '+3222225566', result: 'completed', roomRole: 'speaker' });
      expect(strongestTone(baresip.heard(), OUR_TONE_HZ)).toBeGreaterThan(1_000);
    } finally {
      await baresip.stop();
      await phone.close();
      await service.close();
    }
  });
});

async function heardTone(hearing: Hearing, toneHz: number): Promise<void> {
  while (hearing.toneAmplitude(toneHz, 0.5) < 1_000) await sleep(systemClock, 100);
}
