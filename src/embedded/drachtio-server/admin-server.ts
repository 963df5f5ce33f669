import { createServer, type Server, type Socket } from 'node:net';
import { timingSafeEqual } from 'node:crypto';
import { fingerprint } from '../../kernel/ids';
import { type AdminMessage, parseAdminMessage } from './admin-message';
import { AppAnswers } from './app-answers';
import { AppRequests } from './app-requests';
import { Client } from './clients';
import type { ServerContext } from './context';
import { DialogRequests } from './dialog-requests';
import { createFrameReader } from './frames';

/** srf reads it to know what we can: from 0.8.2 on it sends pings. */
const reportedVersion = 'v0.9.10';

export type AdminOptions = { readonly host: string; readonly port: number; readonly secret: string };

/** The admin port: applications connect, authenticate, route verbs and send SIP through us. */
export class AdminServer {
  private readonly answers: AppAnswers;
  private readonly requests: AppRequests;
  private readonly dialogRequests: DialogRequests;
  private server: Server | undefined = undefined;

  constructor(
    private readonly context: ServerContext,
    private readonly options: AdminOptions,
  ) {
    this.answers = new AppAnswers(context);
    this.requests = new AppRequests(context);
    this.dialogRequests = new DialogRequests(context, this.requests);
  }

  /** Port it listens on; 0 before it does. */
  get port(): number {
    const address = this.server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Starts listening; rejects with the system's error when the address cannot be had. */
  listen(): Promise<void> {
    const server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.accept(socket));
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.options.port, this.options.host, () => {
        server.off('error', reject);
        server.on('error', (error) =>
          this.context.log.warn('admin listener error', { error: error.message }),
        );
        resolve();
      });
    });
  }

  close(): Promise<void> {
    this.context.clients.close();
    return new Promise((done) => {
      if (this.server === undefined) done();
      else this.server.close(() => done());
    });
  }

  private accept(socket: Socket): void {
    const { clients, limits, log, clock } = this.context;
    if (clients.size >= limits.maxClients) {
      log.error('application refused, too many connected', { limit: limits.maxClients });
      socket.destroy();
      return;
    }
    const client = new Client(socket, clock, () =>
      log.error('application does not read, connection cut', {}),
    );
    const reader = createFrameReader();
    clients.add(client);
    const patience = clock.after(limits.authenticateMs, () => {
      if (!client.authenticated) socket.destroy();
    });
    socket.on('data', (data) => {
      const messages = reader.push(data.toString('latin1'));
      if (messages === undefined) {
        log.error('application sent a broken frame, connection closed', {});
        socket.destroy();
        return;
      }
      for (const message of messages) this.take(client, message);
    });
    socket.on('error', (error) => log.warn('application connection error', { error: error.message }));
    socket.on('close', () => {
      patience.cancel();
      clients.remove(client);
      this.forget(client);
    });
  }

  private take(client: Client, message: string): void {
    try {
      const read = parseAdminMessage(message);
      if (client.authenticated || read.kind === 'authenticate') this.serve(client, read);
      else {
        client.reply(read.id, 'NO|not authenticated');
        client.end();
      }
    } catch (error) {
      this.context.onBug(error);
    }
  }

  private serve(client: Client, message: AdminMessage): void {
    const { clients, log } = this.context;
    switch (message.kind) {
      case 'authenticate':
        this.authenticate(client, message.id, message.secret);
        break;
      case 'ping':
        client.reply(message.id, 'OK|pong');
        break;
      case 'route':
        this.routed(client, message.id, clients.route(client, message.verb), 'Route');
        break;
      case 'remove-route':
        this.routed(client, message.id, clients.removeRoutes(client, message.verb), 'Remove route');
        break;
      case 'proxy':
        log.error('proxy requests are not supported by the embedded server', {});
        client.reply(message.id, 'NOK|proxy is not supported');
        break;
      case 'invalid':
        log.error('application sent an unknown message', { reason: message.reason });
        client.reply(message.id, `NO|${message.reason}`);
        break;
      case 'sip':
        this.sip(client, message);
        break;
    }
  }

  private routed(client: Client, id: string, done: boolean, what: string): void {
    client.reply(id, done ? 'OK' : `NO|${what} request includes unsupported verb`);
  }

  private sip(client: Client, message: AdminMessage & { kind: 'sip' }): void {
    const { id, transactionId, dialogId, routeUrl, sip } = message;
    const { start } = sip;
    if (start.kind === 'response') {
      const { status, reason } = start;
      if (transactionId === '') client.reply(id, 'NO|transaction id missing');
      else this.answers.answer(client, { messageId: id, transactionId, status, reason, sip });
      return;
    }
    const { method, uri } = start;
    if (dialogId !== '') this.dialogRequests.send(client, { messageId: id, dialogId, method, uri, sip });
    else if (method === 'CANCEL') this.requests.cancel(client, id, transactionId, sip.headers);
    else this.requests.send(client, { messageId: id, method, uri, routeUrl, sip });
  }

  private authenticate(client: Client, id: string, secret: string): void {
    const given = Buffer.from(fingerprint(secret));
    const wanted = Buffer.from(fingerprint(this.options.secret));
    if (!timingSafeEqual(given, wanted)) {
      this.context.log.warn('application gave a wrong secret', {
        address: client.socket.remoteAddress ?? '',
      });
      client.reply(id, 'NO|incorrect secret');
      client.end();
      return;
    }
    client.authenticated = true;
    const { transports } = this.context.endpoint;
    const advertised = transports
      .map(({ protocol }) => `${protocol}/${this.context.hostPortOf(protocol)}`)
      .join(',');
    const local = transports.map(({ protocol, host, port }) => `${protocol}/${host}:${port}`).join(',');
    client.reply(id, `OK|${advertised}|${reportedVersion}|${local}`);
  }

  /** The application is gone: callers still waiting are told, its own INVITEs cancelled, its calls forgotten (as drachtio-server does). */
  private forget(client: Client): void {
    const { pending, sent, dialogs, log } = this.context;
    let dropped = 0;
    for (const request of pending.values()) {
      if (request.client !== client) continue;
      this.context.removePending(request);
      request.transaction.respond({ status: 503, reason: 'Service Unavailable', toTag: request.localTag });
      dropped++;
    }
    for (const request of sent.values()) {
      if (request.client !== client) continue;
      request.transaction.cancel();
      this.context.removeSent(request);
      dropped++;
    }
    for (const call of dialogs.values()) {
      if (call.client !== client) continue;
      this.context.removeDialog(call);
      dropped++;
    }
    if (dropped > 0) log.warn('application connection lost, its calls are dropped', { dropped });
  }
}
