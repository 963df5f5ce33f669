import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { sleep, systemClock } from '../../kernel/clock';
import { silentLog } from '../../kernel/log';
import { FakeClock } from './fake-clock';
import { streamLimits } from './stream-connections';
import type { Source, Transport } from './transport';
import { openWs } from './ws';

const message = 'OPTIONS sip:a@b SIP/2.0\r\nSubject: J\u00f6rg\r\n\r\n';
const onTheWire = Buffer.from(message, 'utf8').toString('latin1');

async function eventually<T>(read: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const found = read();
    if (found !== undefined) return found;
    await sleep(systemClock, 5);
  }
  throw new Error('did not happen within 2 s');
}

async function aServer(clock = systemClock, limits = streamLimits) {
  const got: { text: string; source: Source }[] = [];
  const receive = (text: string, source: Source): void => void got.push({ text, source });
  const options = { host: '127.0.0.1', port: 0, clock, log: silentLog, limits, receive };
  return { transport: await openWs(options), got };
}

function browser(transport: Transport, protocols: string[] = ['sip'], options: object = {}): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${transport.port}/`, protocols, options);
  socket.on('error', () => {});
  return socket;
}

const opened = (socket: WebSocket) => new Promise((resolve) => socket.once('open', resolve));

describe('a WebSocket transport', () => {
  it('takes one message a frame, as text and as bytes, and answers by the same connection', async () => {
    const { transport, got } = await aServer();
    const socket = browser(transport);
    const answers: string[] = [];
    socket.on('message', (data: Buffer, binary) => answers.push(`${binary}|${data.toString()}`));
    await opened(socket);
    expect(socket.protocol).toBe('sip');
    socket.send(message);
    socket.send(Buffer.from(message, 'utf8'), { binary: true });
    const { source } = await eventually(() => got[1]);
    expect(got.map(({ text }) => text)).toEqual([onTheWire, onTheWire]);
    expect(source.protocol).toBe('ws');
    transport.send(onTheWire, source, () => {});
    transport.send('\xff', source, () => {});
    await eventually(() => answers[1]);
    expect(answers).toEqual([`false|${message}`, 'true|\ufffd']);
    socket.terminate();
    await transport.close();
  });

  it('answers a CRLF keep-alive and hands none of it on', async () => {
    const { transport, got } = await aServer();
    const socket = browser(transport);
    const answers: string[] = [];
    socket.on('message', (data: Buffer) => answers.push(data.toString()));
    await opened(socket);
    socket.send('\r\n\r\n');
    expect(await eventually(() => answers[0])).toBe('\r\n');
    expect(got).toEqual([]);
    socket.terminate();
    await transport.close();
  });

  it('refuses who does not ask for SIP, plain HTTP, and a message that is too long', async () => {
    const { transport, got } = await aServer();
    const statuses: number[] = [];
    const other = browser(transport, ['chat']);
    other.on('unexpected-response', (_request, response) => statuses.push(response.statusCode ?? 0));
    expect(await eventually(() => statuses[0])).toBe(400);
    expect((await fetch(`http://127.0.0.1:${transport.port}/`)).status).toBe(426);
    const long = browser(transport);
    const codes: number[] = [];
    long.on('close', (code) => codes.push(code));
    await opened(long);
    long.send('a'.repeat(400_000));
    expect(await eventually(() => codes[0])).toBe(1009);
    expect(got).toEqual([]);
    await transport.close();
  });

  it('tells when a peer has no connection any more, and dials nobody', async () => {
    const { transport, got } = await aServer();
    const socket = browser(transport);
    await opened(socket);
    socket.send(message);
    const { source } = await eventually(() => got[0]);
    socket.terminate();
    await eventually(() => (source.flow?.open ? undefined : true));
    const why: string[] = [];
    transport.send('BYE', source, (text) => why.push(text));
    transport.send('BYE', { protocol: 'ws', address: '127.0.0.1', port: 9 }, (text) => why.push(text));
    await eventually(() => why[1]);
    expect(why).toEqual(['connection is closed', 'a browser can only be reached while connected']);
    await transport.close();
  });

  it('ends connections that say nothing, and those whose peer answers no ping', async () => {
    const clock = new FakeClock();
    const { transport, got } = await aServer(clock);
    const closed: string[] = [];
    const dial = async (name: string, options: object) => {
      const socket = browser(transport, ['sip'], options);
      socket.on('close', () => closed.push(name));
      await opened(socket);
      return socket;
    };
    await dial('silent', {});
    const gone = await dial('gone', { autoPong: false });
    const there = await dial('there', {});
    gone.send(message);
    there.send(message);
    await eventually(() => got[1]);
    clock.advance(20_000);
    await sleep(systemClock, 50);
    clock.advance(20_000);
    await eventually(() => closed[1]);
    await sleep(systemClock, 50);
    clock.advance(20_000);
    await sleep(systemClock, 50);
    expect(closed.toSorted()).toEqual(['gone', 'silent']);
    await transport.close();
  });

  it('is closed in time although a peer has sent half a request', async () => {
    const { transport } = await aServer();
    const slow = connect(transport.port, '127.0.0.1');
    slow.on('error', () => {});
    await new Promise((resolve) => slow.once('connect', resolve));
    slow.write('GET / HTTP/1.1\r\nHost: a\r\n');
    await sleep(systemClock, 30);
    await transport.close();
    await eventually(() => (slow.destroyed ? true : undefined));
    expect(slow.destroyed).toBe(true);
  });
});
