import { createSocket, type RemoteInfo } from 'node:dgram';
import type { Log } from '../../kernel/log';
import type { Destination, Receive, SendFailed, Transport } from './transport';

/** Socket buffers hold a burst while the process is busy; the machine may give less. */
const socketBufferBytes = 4 * 1024 * 1024;
/** A datagram shorter than this is a keep-alive or noise (RFC 5626 3.5.1), not SIP. */
const shortestMessageBytes = 16;

export type UdpOptions = {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly receive: Receive;
  readonly log: Log;
};

/** Opens a UDP transport; rejects with the system's error when the address cannot be had. */
export function openUdp({ host, port, receive, log }: UdpOptions): Promise<Transport> {
  const type = host.includes(':') ? 'udp6' : 'udp4';
  const socket = createSocket({
    type,
    // Destinations are addresses by now; the default would go through dns for each datagram.
    lookup: (address, _options, done) => done(null, address, type === 'udp6' ? 6 : 4),
  });
  const onMessage = (data: Buffer, from: RemoteInfo): void => {
    if (data.length < shortestMessageBytes) return;
    try {
      receive(data.toString('latin1'), {
        protocol: 'udp',
        address: from.address,
        port: from.port,
        flow: undefined,
      });
    } catch (error) {
      log.error('sip message handler failed', { protocol: 'udp', error: String(error) });
    }
  };
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port }, () => {
      socket.off('error', reject);
      socket.on('error', (error) => log.warn('udp socket error', { error: error.message }));
      socket.on('message', onMessage);
      widen(() => socket.setRecvBufferSize(socketBufferBytes));
      widen(() => socket.setSendBufferSize(socketBufferBytes));
      let closed = false;
      resolve({
        protocol: 'udp',
        host,
        port: socket.address().port,
        send(text: string, to: Destination, failed: SendFailed) {
          if (closed) return;
          try {
            socket.send(Buffer.from(text, 'latin1'), to.port, to.address, (error) => {
              if (error !== null) failed(error.message);
            });
          } catch (error) {
            // Port 0 and the like are refused synchronously; callers expect to be told later.
            queueMicrotask(() => failed(String(error)));
          }
        },
        close: () =>
          new Promise((done) => {
            if (closed) {
              done();
              return;
            }
            closed = true;
            socket.close(() => done());
          }),
      });
    });
  });
}

// A machine that caps socket buffers still works, with less room for bursts.
function widen(set: () => void): void {
  try {
    set();
  } catch {
    return;
  }
}
