import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { silentLog } from '../../kernel/log';
import { NoFreePort, RtpPortRange } from './rtp-port';

describe('RTP ports', () => {
  it('come in pairs from an even port on, and are given back', async () => {
    const range = new RtpPortRange('127.0.0.1', 41_001, 41_020, silentLog);
    const [one, other] = [await range.take(() => {}), await range.take(() => {})];
    expect([one.port % 2, other.port - one.port, range.open]).toEqual([0, 2, 2]);
    one.close();
    other.close();
    expect(range.open).toBe(0);
  });

  it('pass by a port that somebody else holds', async () => {
    const squatter = createSocket('udp4');
    squatter.bind(41_041, '127.0.0.1');
    await once(squatter, 'listening');
    const range = new RtpPortRange('127.0.0.1', 41_040, 41_049, silentLog);
    const port = await range.take(() => {});
    expect(port.port).toBe(41_042);
    port.close();
    squatter.close();
  });

  it('run out with an error of their own', async () => {
    const range = new RtpPortRange('127.0.0.1', 41_060, 41_061, silentLog);
    const only = await range.take(() => {});
    await expect(range.take(() => {})).rejects.toThrow(NoFreePort);
    only.close();
  });

  it('tell RTP from RTCP by the port it came to, and hear the pinned peer alone', async () => {
    const heard: string[] = [];
    const range = new RtpPortRange('127.0.0.1', 41_080, 41_089, silentLog);
    const port = await range.take((datagram, _, onRtcpPort) =>
      heard.push(`${datagram.toString()} ${onRtcpPort}`),
    );
    const [peer, stranger] = [createSocket('udp4'), createSocket('udp4')];
    for (const socket of [peer, stranger]) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
    }
    peer.send('rtcp', port.port + 1, '127.0.0.1');
    port.pin('127.0.0.1', peer.address().port);
    stranger.send('stranger', port.port, '127.0.0.1');
    peer.send('first', port.port, '127.0.0.1');
    const answer = once(peer, 'message');
    port.sendRtp(Buffer.from('back'), '127.0.0.1', peer.address().port);
    expect(String((await answer)[0])).toBe('back');
    port.unpin();
    stranger.send('after', port.port, '127.0.0.1');
    while (!heard.includes('after false')) await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual(expect.arrayContaining(['rtcp true', 'first false', 'after false']));
    expect(heard).not.toContain('stranger false');
    port.close();
    peer.close();
    stranger.close();
  });
});
