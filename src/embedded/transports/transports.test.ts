import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { silentLog } from '../../kernel/log';
import { sleep, systemClock } from '../../kernel/clock';
import { FakeClock } from './fake-clock';
import { locate, type Resolver } from './locate';
import { streamLimits } from './stream-connections';
import { openTcp } from './tcp';
import type { Source } from './transport';
import { openUdp } from './udp';

const message = 'OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 2\r\n\r\n\xe4\xf6';

async function eventually<T>(read: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const found = read();
    if (found !== undefined) return found;
    await sleep(systemClock, 5);
  }
  throw new Error('did not happen within 2 s');
}

describe('a UDP transport', () => {
  it('hands over each datagram byte for byte with its source and can answer it', async () => {
    const got: { text: string; source: Source }[] = [];
    const transport = await openUdp({
      host: '127.0.0.1',
      port: 0,
      log: silentLog,
      receive: (text, source) => got.push({ text, source }),
    });
    const peer = createSocket('udp4');
    const answers: Buffer[] = [];
    peer.on('message', (data) => answers.push(data));
    peer.send(Buffer.from(message, 'latin1'), transport.port, '127.0.0.1');
    const { text, source } = await eventually(() => got[0]);
    expect(text).toBe(message);
    transport.send('pong \xff', source, () => {});
    expect((await eventually(() => answers[0])).toString('latin1')).toBe('pong \xff');
    peer.close();
    await transport.close();
  });

  it('survives a handler that throws, a keep-alive and a destination that cannot be', async () => {
    let calls = 0;
    const transport = await openUdp({
      host: '127.0.0.1',
      port: 0,
      log: silentLog,
      receive: () => {
        calls++;
        throw new Error('broken handler');
      },
    });
    const peer = createSocket('udp4');
    peer.send('\r\n\r\n', transport.port, '127.0.0.1');
    peer.send(message, transport.port, '127.0.0.1');
    peer.send(message, transport.port, '127.0.0.1');
    await eventually(() => (calls === 2 ? true : undefined));
    expect(calls).toBe(2);
    const why: string[] = [];
    transport.send(message, { protocol: 'udp', address: '127.0.0.1', port: 0 }, (text) => why.push(text));
    await eventually(() => why[0]);
    peer.close();
    await transport.close();
  });

  it('rejects when the port is taken', async () => {
    const first = await openUdp({ host: '127.0.0.1', port: 0, log: silentLog, receive: () => {} });
    await expect(
      openUdp({ host: '127.0.0.1', port: first.port, log: silentLog, receive: () => {} }),
    ).rejects.toThrow('EADDRINUSE');
    await first.close();
  });
});

describe('a TCP transport', () => {
  it('answers on the connection a message came by, pings included', async () => {
    const got: Source[] = [];
    const options = { host: '127.0.0.1', port: 0, clock: systemClock, log: silentLog };
    const transport = await openTcp({ ...options, receive: (_, source) => got.push(source) });
    let answer = '';
    const peer = connect(transport.port, '127.0.0.1');
    peer.on('data', (data) => {
      answer += data.toString('latin1');
    });
    peer.write(Buffer.from(message.slice(0, 20), 'latin1'));
    peer.write(Buffer.from(`${message.slice(20)}\r\n\r\n`, 'latin1'));
    const source = await eventually(() => got[0]);
    transport.send('answer', source, () => {});
    await eventually(() => (answer.length === 8 ? answer : undefined));
    expect(answer).toBe('\r\nanswer');
    peer.destroy();
    await transport.close();
  });

  it('opens a connection to a peer it has none to, and uses it again', async () => {
    const got: string[] = [];
    const options = { host: '127.0.0.1', port: 0, clock: systemClock, log: silentLog };
    const peer = await openTcp({ ...options, receive: (text, source) => got.push(`${text}|${source.port}`) });
    const transport = await openTcp({ ...options, receive: () => {} });
    const to = { protocol: 'tcp', address: '127.0.0.1', port: peer.port } as const;
    transport.send(message, to, () => {});
    transport.send(message, to, () => {});
    await eventually(() => got[1]);
    expect(got[0]).toBe(got[1]);
    await Promise.all([peer.close(), transport.close()]);
  });

  it('tells when nobody listens at the destination', async () => {
    const transport = await openTcp({
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      log: silentLog,
      receive: () => {},
    });
    const why: string[] = [];
    transport.send(message, { protocol: 'tcp', address: '127.0.0.1', port: 1 }, (text) => why.push(text));
    expect(await eventually(() => why[0])).not.toBe('');
    await transport.close();
  });

  it('closes connections that are idle, that never finish a message, and those beyond the limit', async () => {
    const clock = new FakeClock();
    const limits = { ...streamLimits, maxConnections: 2, idleMs: 10_000, messageMs: 1_000 };
    const transport = await openTcp({
      host: '127.0.0.1',
      port: 0,
      clock,
      log: silentLog,
      limits,
      receive: () => {},
    });
    const closed: string[] = [];
    const dial = (name: string) => {
      const socket = connect(transport.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.on('close', () => closed.push(name));
      return socket;
    };
    const idle = dial('idle');
    await new Promise((resolve) => idle.once('connect', resolve));
    const slow = dial('slow');
    await new Promise((resolve) => slow.once('connect', resolve));
    slow.write('INVITE');
    dial('one too many');
    await eventually(() => closed[0]);
    expect(closed).toEqual(['one too many']);
    await sleep(systemClock, 30);
    clock.advance(2_000);
    await eventually(() => closed[1]);
    expect(closed[1]).toBe('slow');
    clock.advance(12_000);
    await eventually(() => closed[2]);
    expect(closed[2]).toBe('idle');
    await transport.close();
  });
});

describe('locate', () => {
  const found = { address: '192.0.2.1', name: 'example.com' };
  const resolver: Resolver = {
    srv: async (name) => {
      if (name === '_sip._tcp.example.com') return [{ name: 'proxy.example.com', port: 5070 }];
      if (name === '_sips._tcp.example.com') return [{ name: 'proxy.example.com', port: 5081 }];
      throw new Error('ENOTFOUND');
    },
    address: async () => '192.0.2.1',
  };

  it.each([
    ['sip:a@127.0.0.1', { protocol: 'udp', address: '127.0.0.1', port: 5060 }],
    ['sip:a@[::1]:5070;transport=TCP', { protocol: 'tcp', address: '::1', port: 5070 }],
    ['sip:a@example.com;maddr=127.0.0.9', { protocol: 'udp', address: '127.0.0.9', port: 5060 }],
    ['sip:a@example.com;transport=tcp', { ...found, protocol: 'tcp', port: 5070 }],
    ['sip:a@example.com', { ...found, protocol: 'udp', port: 5060 }],
    ['sip:a@example.com:5090', { ...found, protocol: 'udp', port: 5090 }],
    ['sips:a@127.0.0.1', { protocol: 'tls', address: '127.0.0.1', port: 5061 }],
    ['sip:a@127.0.0.1:5071;transport=tls', { protocol: 'tls', address: '127.0.0.1', port: 5071 }],
    ['sips:a@example.com;transport=tcp', { ...found, protocol: 'tls', port: 5081 }],
    [
      'sip:a@other.example.com;transport=tls',
      { ...found, protocol: 'tls', port: 5061, name: 'other.example.com' },
    ],
  ])('sends %s to the right place', async (uri, expected) => {
    expect(await locate(uri, resolver)).toEqual(expected);
  });

  it.each(['tel:+15551234', 'sips:a@127.0.0.1;transport=udp', 'sip:a@127.0.0.1;transport=sctp', 'nonsense'])(
    'knows no way to %s',
    (uri) => {
      expect(locate(uri, resolver)).toBeUndefined();
    },
  );
});
