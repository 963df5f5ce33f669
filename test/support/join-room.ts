import { systemClock, within } from '../../src/kernel/clock';
import type { PhoneCall, TestPhone } from '../../src/test-phone/test-phone';
import type { TestService } from './service';

const LIMIT_MS = 30_000;

/** Dials in, types Room ID and PIN when asked, and gives the call once the prompts are over. */
export async function joinRoom(
  service: TestService,
  phone: TestPhone,
  room: { roomNumber: string; pin: string; from?: string },
): Promise<PhoneCall> {
  const call = await typeRoomAndPin(service, phone, room);
  await within(systemClock, LIMIT_MS, 'the way into the room', call.hearing.whenSpoken());
  await within(systemClock, LIMIT_MS, 'the room', call.hearing.whenQuiet());
  return call;
}

/** The same up to the last key: what comes then is for the caller to hear. */
export async function typeRoomAndPin(
  service: TestService,
  phone: TestPhone,
  room: { roomNumber: string; pin: string; from?: string },
): Promise<PhoneCall> {
  const call = await phone.dial({
    to: service.seed.accessNumber,
    from: room.from ?? '+3222223344',
    sipHost: '127.0.0.1',
    sipPort: service.sipPort,
  });
  for (const typed of [room.roomNumber, room.pin]) {
    await within(systemClock, LIMIT_MS, 'a question', call.hearing.whenSpoken());
    call.press(`${typed}#`);
    await call.whenTyped();
  }
  return call;
}
