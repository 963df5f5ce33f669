import {
  type ClientInput,
  clientStart,
  type ClientState,
  rfcTimers,
  stepInviteClient,
  stepNonInviteClient,
  type TransactionOutput,
} from './client-transactions';
import {
  inviteServerStart,
  nonInviteServerStart,
  type ServerInput,
  type ServerState,
  stepInviteServer,
  stepNonInviteServer,
} from './server-transactions';

const udp = { reliable: false, timers: rfcTimers };
const tcp = { reliable: true, timers: rfcTimers };

function words(outputs: readonly TransactionOutput[]): string[] {
  return outputs.map((output) => {
    if (output.do === 'start') return `start ${output.timer} ${output.afterMs}`;
    return output.do === 'stop' ? `stop ${output.timer}` : output.do;
  });
}

function runClient(step: typeof stepInviteClient, carriage: typeof udp, inputs: readonly ClientInput[]) {
  let state: ClientState = clientStart;
  const said: string[][] = [];
  for (const input of inputs) {
    const next = step(state, input, carriage);
    state = next.state;
    said.push(words(next.outputs));
  }
  return { phase: state.phase, said };
}

function runServer(
  step: typeof stepInviteServer,
  from: ServerState,
  carriage: typeof udp,
  inputs: readonly ServerInput[],
) {
  let state = from;
  const said: string[][] = [];
  for (const input of inputs) {
    const next = step(state, input, carriage);
    state = next.state;
    said.push(words(next.outputs));
  }
  return { phase: state.phase, said };
}

const response = (status: number): ClientInput => ({ type: 'response', status });
const respond = (status: number): ServerInput => ({ type: 'respond', status });

describe('an INVITE client transaction', () => {
  it('repeats over UDP at T1, 2 T1, 4 T1 and gives up after 64 T1', () => {
    const { phase, said } = runClient(stepInviteClient, udp, [
      { type: 'start' },
      { type: 'timer', timer: 'A' },
      { type: 'timer', timer: 'A' },
      { type: 'timer', timer: 'B' },
    ]);
    expect(said).toEqual([
      ['send', 'start A 500', 'start B 32000'],
      ['send', 'start A 1000'],
      ['send', 'start A 2000'],
      ['timed-out'],
    ]);
    expect(phase).toBe('terminated');
  });

  it('does not repeat over TCP', () => {
    expect(runClient(stepInviteClient, tcp, [{ type: 'start' }]).said).toEqual([['send', 'start B 32000']]);
  });

  it('stops repeating once a provisional answer came, and then waits without limit', () => {
    const { phase, said } = runClient(stepInviteClient, udp, [
      { type: 'start' },
      response(180),
      { type: 'timer', timer: 'B' },
    ]);
    expect(said.slice(1)).toEqual([['stop A', 'stop B', 'pass-up'], []]);
    expect(phase).toBe('proceeding');
  });

  it('passes every repeated 2xx up for 64 T1', () => {
    const { phase, said } = runClient(stepInviteClient, udp, [
      { type: 'start' },
      response(200),
      response(200),
      { type: 'timer', timer: 'M' },
    ]);
    expect(said.slice(1)).toEqual([['stop A', 'start M 32000', 'pass-up'], ['pass-up'], []]);
    expect(phase).toBe('terminated');
  });

  it('acknowledges each repetition of a refusal but passes it up once', () => {
    const { said } = runClient(stepInviteClient, udp, [{ type: 'start' }, response(486), response(486)]);
    expect(said.slice(1)).toEqual([['stop A', 'start D 32000', 'ack', 'pass-up'], ['ack']]);
  });

  it('ends at once after a refusal over TCP', () => {
    expect(runClient(stepInviteClient, tcp, [{ type: 'start' }, response(486)]).phase).toBe('terminated');
  });

  it('fails when the message cannot be sent', () => {
    const { phase, said } = runClient(stepInviteClient, udp, [
      { type: 'start' },
      { type: 'transport-failed' },
    ]);
    expect(said[1]).toEqual(['transport-failed']);
    expect(phase).toBe('terminated');
  });
});

describe('a non-INVITE client transaction', () => {
  it('repeats at T1 doubling to T2, and at T2 once a provisional answer came', () => {
    const timerE: ClientInput = { type: 'timer', timer: 'E' };
    const { said } = runClient(stepNonInviteClient, udp, [
      { type: 'start' },
      timerE,
      timerE,
      timerE,
      timerE,
      response(100),
      timerE,
    ]);
    expect(said.flat().filter((word) => word.startsWith('start E'))).toEqual([
      'start E 500',
      'start E 1000',
      'start E 2000',
      'start E 4000',
      'start E 4000',
      'start E 4000',
    ]);
  });

  it('gives up after 64 T1 and takes no answer twice', () => {
    expect(
      runClient(stepNonInviteClient, udp, [{ type: 'start' }, { type: 'timer', timer: 'F' }]).said[1],
    ).toEqual(['timed-out']);
    const { said } = runClient(stepNonInviteClient, udp, [{ type: 'start' }, response(200), response(200)]);
    expect(said.slice(1)).toEqual([['stop E', 'start K 5000', 'pass-up'], []]);
  });
});

describe('an INVITE server transaction', () => {
  it('repeats the provisional answer when the INVITE comes again', () => {
    expect(
      runServer(stepInviteServer, inviteServerStart, udp, [respond(100), { type: 'request' }]).said,
    ).toEqual([['send'], ['send']]);
  });

  it('repeats a refusal until the ACK comes, then absorbs further ACKs for T4', () => {
    const { phase, said } = runServer(stepInviteServer, inviteServerStart, udp, [
      respond(486),
      { type: 'timer', timer: 'G' },
      { type: 'ack' },
      { type: 'ack' },
      { type: 'timer', timer: 'I' },
    ]);
    expect(said).toEqual([
      ['send', 'start G 500', 'start H 32000'],
      ['send', 'start G 1000'],
      ['stop G', 'stop H', 'start I 5000'],
      [],
      [],
    ]);
    expect(phase).toBe('terminated');
  });

  it('says so when no ACK ever comes for a refusal', () => {
    expect(
      runServer(stepInviteServer, inviteServerStart, udp, [respond(486), { type: 'timer', timer: 'H' }])
        .said[1],
    ).toEqual(['timed-out']);
  });

  it('absorbs repeated INVITEs after a 2xx and sends the 2xx again when told to', () => {
    const { said } = runServer(stepInviteServer, inviteServerStart, udp, [
      respond(200),
      { type: 'request' },
      respond(200),
      respond(486),
    ]);
    expect(said).toEqual([['send', 'start L 32000'], [], ['send'], []]);
  });

  it('hands an ACK that reuses its branch after a 2xx to the dialog', () => {
    expect(
      runServer(stepInviteServer, inviteServerStart, udp, [respond(200), { type: 'ack' }]).said[1],
    ).toEqual(['pass-up']);
  });
});

describe('a non-INVITE server transaction', () => {
  it('keeps its answer for 64 T1 over UDP and repeats it on request', () => {
    const { phase, said } = runServer(stepNonInviteServer, nonInviteServerStart, udp, [
      { type: 'request' },
      respond(200),
      { type: 'request' },
      respond(500),
      { type: 'timer', timer: 'J' },
    ]);
    expect(said).toEqual([[], ['send', 'start J 32000'], ['send'], [], []]);
    expect(phase).toBe('terminated');
  });

  it('is over with its answer over TCP', () => {
    expect(runServer(stepNonInviteServer, nonInviteServerStart, tcp, [respond(200)]).phase).toBe(
      'terminated',
    );
  });
});
