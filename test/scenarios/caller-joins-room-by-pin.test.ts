import {
  answeredCall,
  endedByHouse,
  hangUp,
  infoDigits,
  invite,
  pause,
  playDigits,
  receive,
  runSipp,
  scenario,
  trying,
  ackRefusal,
  cancel,
} from '../support/sipp';
import { TestService } from '../support/service';

describe('a caller with a telephone', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await TestService.start();
  });
  afterAll(() => service.close());

  const call = (text: string, number = service.seed.accessNumber as string) =>
    runSipp({ scenario: text, sipPort: service.sipPort, number });
  /** The newest CDR, once it is rated. */
  const newestCdr = async (count: number) => (await service.ratedCdrs(count))[0];

  it('enters the room with Room ID and PIN typed as RFC 4733 events, and is billed from entry to BYE', async () => {
    const { roomNumber, participantPin, roomId, accountId } = service.seed;
    const before = await service.cdrs();
    const result = await call(
      scenario(
        answeredCall,
        pause(800),
        playDigits(`${roomNumber}#`),
        pause(800),
        playDigits(`${participantPin}#`),
        pause(4_000),
        hangUp,
      ),
    );
    expect(result.code).toBe(0);
    const cdr = await newestCdr(before.length + 1);
    expect(cdr).toMatchObject({
      result: 'completed',
      endedBy: 'caller',
      roomId,
      roomSessionId: expect.any(String),
      roomRole: 'speaker',
      payerAccountId: accountId,
      fromNumber: '+3222223344',
      dialledNumber: '+12025550100',
      routedNumber: '+12025550100',
    });
    expect(cdr?.rating?.charge.amountMicros).toBe(15_000n);
    expect((await service.balance(accountId)).held.amountMicros).toBe(0n);
  });

  it('enters as moderator with keys sent by SIP INFO', async () => {
    const { roomNumber, moderatorPin } = service.seed;
    const before = await service.cdrs();
    const result = await call(
      scenario(
        answeredCall,
        pause(800),
        infoDigits(`${roomNumber}#`, 2),
        pause(800),
        infoDigits(`${moderatorPin}#`, 20),
        pause(4_000),
        hangUp,
      ),
    );
    expect(result.code).toBe(0);
    expect(await newestCdr(before.length + 1)).toMatchObject({ result: 'completed', roomRole: 'moderator' });
  });

  it('is let go after three wrong PINs, and the call costs nothing', async () => {
    const before = await service.cdrs();
    const guess = [
      pause(500),
      infoDigits(`${service.seed.roomNumber}#`, 2),
      pause(800),
      infoDigits('000000#', 20),
      pause(800),
    ].join('\n');
    const again = (cseq: number) =>
      guess.replace(/CSeq: (\d+) INFO/g, (_, number) => `CSeq: ${Number(number) + cseq} INFO`);
    const result = await call(scenario(answeredCall, guess, again(40), again(80), endedByHouse()));
    expect(result.code).toBe(0);
    expect(await newestCdr(before.length + 1)).toMatchObject({
      result: 'wrong-pin',
      endedBy: 'house',
      roomId: null,
      payerAccountId: null,
      rating: { charge: { amountMicros: 0n } },
    });
  });

  it('who cancels while it rings leaves a CDR that says so', async () => {
    const before = await service.cdrs();
    const result = await call(scenario(invite, receive(100), cancel, receive(200), receive(487), ackRefusal));
    const cdr = await newestCdr(before.length + 1);
    expect([result.code, cdr?.result]).toEqual([0, 'cancelled']);
    expect(cdr).toMatchObject({ answeredAtMs: null, sipStatus: 487 });
  });

  it('who dials a number that is not served hears 404 and leaves a CDR', async () => {
    const before = await service.cdrs();
    const refused = scenario(invite, trying, receive(404), ackRefusal);
    expect((await call(refused, '+3225559999')).code).toBe(0);
    expect(await newestCdr(before.length + 1)).toMatchObject({ result: 'number-not-served', sipStatus: 404 });
  });

  it('never has Room ID or PIN in a log line', () => {
    const { roomNumber, participantPin, moderatorPin } = service.seed;
    const log = service.logLines.join('\n');
    expect(log).toContain('call ended');
    for (const secret of [roomNumber, participantPin, moderatorPin]) expect(log).not.toContain(secret);
  });
});
