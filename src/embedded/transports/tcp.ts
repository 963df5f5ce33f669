import { connect, createServer } from 'node:net';
import { listen, StreamConnections, type StreamOptions } from './stream-connections';
import type { Transport } from './transport';

/** Opens a TCP transport; rejects with the system's error when the address cannot be had. */
export function openTcp(options: StreamOptions): Promise<Transport> {
  const connections = new StreamConnections('tcp', options, ({ address, port }) =>
    connect({ host: address, port, noDelay: true, keepAlive: true }),
  );
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => connections.accept(socket));
  return listen('tcp', server, connections, options);
}
