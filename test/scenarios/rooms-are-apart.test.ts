import { sleep, systemClock } from '../../src/kernel/clock';
import type { TestPhone } from '../../src/test-phone/test-phone';
import { joinRoom } from '../support/join-room';
import { TestService } from '../support/service';

/** A tone for every caller; none is a multiple of another. */
const TONES_HZ = [440, 620, 850, 1_130, 1_410, 1_730];
const SENT_AMPLITUDE = 8_000;
/** Far more than one machine makes, busy as it may be. */
const MOST_JITTER_MS = 40;

describe('two rooms with three callers each', () => {
  let service: TestService;
  let phone: TestPhone;
  beforeAll(async () => {
    service = await TestService.start();
    phone = await service.phone(31_600);
  });
  afterAll(async () => {
    await phone.close();
    await service.close();
  });

  it('let each caller hear the others of the room, neither himself nor the other room', async () => {
    const rooms = [await service.room('5'), await service.room('5')];
    const calls = await Promise.all(
      TONES_HZ.map((_, index) => {
        const room = rooms[index % 2];
        return joinRoom(service, phone, {
          roomNumber: room?.roomNumber ?? '',
          pin: (index < 2 ? room?.moderatorPin : room?.participantPin) ?? '',
          from: `+322222330${index}`,
        });
      }),
    );
    calls.forEach((call, index) => call.sendTone(TONES_HZ[index] ?? 0));
    await sleep(systemClock, 3_000);
    const spectrum = calls.map((call) =>
      TONES_HZ.map((tone) => call.hearing.toneAmplitude(tone, 1) > SENT_AMPLITUDE / 10),
    );
    const expected = TONES_HZ.map((_, listener) =>
      TONES_HZ.map((__, speaker) => speaker !== listener && speaker % 2 === listener % 2),
    );
    expect(spectrum).toEqual(expected);
    await Promise.all(calls.map((call) => call.hangUp()));
    const cdrs = await service.ratedCdrs(6);
    expect(cdrs.map(({ result }) => result)).toEqual(Array.from({ length: 6 }, () => 'completed'));
    for (const { quality } of cdrs) {
      expect(quality?.packetsReceived).toBeGreaterThan(200);
      expect(quality?.mos).toBeGreaterThan(4);
      expect(quality?.jitterMs).toBeLessThan(MOST_JITTER_MS);
    }
  });
});
