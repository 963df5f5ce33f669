import { createServer, type Server, type Socket } from 'node:net';
import type { ApiCommands } from './api-commands';
import type { Core } from './core';
import type { EventListener } from './event-bus';
import { EventSocketSession } from './event-socket-session';

const connectionsMax = 1_000;

export type EventSocketServerOptions = {
  core: Core;
  api: ApiCommands;
  host: string;
  port: number;
  password: string;
  onHeartbeatWanted: (listener: EventListener) => void;
};

/** Listens for clients of the event socket (mod_event_socket's inbound mode). */
export class EventSocketServer {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(private readonly options: EventSocketServerOptions) {
    this.server = createServer((socket) => this.accept(socket));
    this.server.maxConnections = connectionsMax;
  }

  /** Gives the port it listens on; rejects when the address cannot be had. */
  listen(): Promise<number> {
    const { server, options } = this;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.host, () => {
        server.removeListener('error', reject);
        server.on('error', (error) =>
          options.core.log.error('event socket server error', { error: error.message }),
        );
        const address = server.address();
        resolve(typeof address === 'object' && address ? address.port : options.port);
      });
    });
  }

  /** Closes every connection and stops listening. */
  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
    });
  }

  private accept(socket: Socket): void {
    const { core, api, password, onHeartbeatWanted } = this.options;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    new EventSocketSession(socket, { core, api, password, channel: undefined, onHeartbeatWanted }).start();
  }
}
