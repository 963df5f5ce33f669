import { isIP } from 'node:net';
import { connect, createSecureContext, createServer, type TLSSocket } from 'node:tls';
import { listen, StreamConnections, streamLimits, type StreamOptions } from './stream-connections';
import type { Destination, Transport } from './transport';

/** Who may connect: anybody, or only who shows a certificate of our authority. */
export type TlsClients = 'any' | 'certified';

/** Certificates as PEM text. */
export type TlsIdentity = {
  readonly key: string;
  /** Ours, with the intermediate ones after it. */
  readonly cert: string;
  /** Whose certificates are believed, of servers we call and of clients; the system's list when left out. */
  readonly ca?: string | undefined;
  readonly clients: TlsClients;
};

export type TlsOptions = StreamOptions & TlsIdentity;

const minVersion = 'TLSv1.2';
/** A handshake that takes longer is given up. */
const handshakeMs = 10_000;

/**
 * Opens a TLS transport (RFC 3261 26.2); rejects with the system's error, or OpenSSL's for a key or certificate it cannot use. A server we
 * connect to must show a certificate of the authority for the name that was called (RFC 5922 7); so must a client when `clients` is
 * `certified`, for whatever name.
 */
export async function openTls(options: TlsOptions): Promise<Transport> {
  const { key, cert, ca, clients, log } = options;
  const secureContext = createSecureContext({ key, cert, minVersion, ...(ca === undefined ? {} : { ca }) });
  const connections = new StreamConnections('tls', options, (to) => {
    const socket = connect({
      host: to.address,
      port: to.port,
      secureContext,
      rejectUnauthorized: true,
      ...serverName(to),
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    return socket;
  });
  const certified = clients === 'certified';
  const server = createServer(
    {
      key,
      cert,
      minVersion,
      requestCert: certified,
      rejectUnauthorized: certified,
      handshakeTimeout: handshakeMs,
      ...(ca === undefined ? {} : { ca }),
    },
    (socket: TLSSocket) => {
      socket.setNoDelay(true);
      socket.setKeepAlive(true);
      connections.accept(socket);
    },
  );
  server.maxConnections = (options.limits ?? streamLimits).maxConnections;
  server.on('tlsClientError', (error, socket) =>
    log.debug('tls handshake failed', { address: socket.remoteAddress ?? '', error: error.message }),
  );
  return listen('tls', server, connections, options);
}

/** The name the server has to prove: what the URI says, an address too. A name, but no address, is also told to it (RFC 6066 3). */
function serverName({ name, address }: Destination): { servername?: string } {
  const called = name ?? address;
  return isIP(called) === 0 ? { servername: called } : {};
}
