import type { Clock } from '../../kernel/clock';
import { randomId } from '../../kernel/ids';
import type { Log } from '../../kernel/log';
import type { Carriage, TimerConstants } from '../sip/client-transactions';
import type { SipRequest, SipResponse } from '../sip/message';
import { type ParseFailure, parseMessage } from '../sip/parse';
import { buildFailureResponse, buildResponse, reasonPhrase, type ResponseContent } from '../sip/responses';
import { branchCookie, hasMagicBranch, ownVia, responsePort } from '../sip/via';
import { locate, type Resolver } from '../transports/locate';
import type { StreamLimits } from '../transports/stream-connections';
import { openTcp } from '../transports/tcp';
import { openTls, type TlsIdentity } from '../transports/tls';
import type { Destination, Protocol, Source, Transport } from '../transports/transport';
import { openUdp } from '../transports/udp';
import { openWs } from '../transports/ws';
import {
  type ClientHandlers,
  ClientTransaction,
  type ClientTransactionHost,
  type OutgoingRequest,
} from './client-transaction';
import { BriefMap } from './brief-map';
import { ServerTransaction, type ServerTransactionHost } from './server-transaction';
import { TimerWheel, type WheelTimer } from './timer-wheel';

export type EndpointOptions = {
  readonly host: string;
  /** 0 picks a free port, the same for every protocol. */
  readonly port: number;
  readonly protocols: readonly ('udp' | 'tcp')[];
  /** TLS beside them, on a port of its own. */
  readonly tls?: (TlsIdentity & { readonly port: number }) | undefined;
  /** WebSocket, for browsers. */
  readonly ws?: { readonly port: number } | undefined;
  /** The same over TLS. */
  readonly wss?: (Pick<TlsIdentity, 'key' | 'cert'> & { readonly port: number }) | undefined;
  /** Address written into Via; the listening host when absent. */
  readonly advertisedHost?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly timers: TimerConstants;
  readonly resolver: Resolver;
  readonly streamLimits?: StreamLimits | undefined;
  /** Above so many live transactions new requests get 503 without being kept. */
  readonly maxTransactions: number;
  readonly handlers: EndpointHandlers;
};

export type EndpointHandlers = {
  /** Asked before a new request becomes a transaction: a content here is sent statelessly and the request forgotten. */
  admit?(request: SipRequest, source: Source): ResponseContent | undefined;
  /** A new request, neither ACK nor CANCEL; an INVITE was already answered 100. */
  request(transaction: ServerTransaction): void;
  /** ACK of a 2xx. */
  ack(ack: SipRequest, source: Source): void;
  /** The tag that the answers to this open INVITE carry: its CANCEL is answered with the same (RFC 3261 9.2). */
  tagOf?(invite: ServerTransaction): string | undefined;
  /** CANCEL of an INVITE without final answer; the CANCEL itself was answered 200. */
  cancelled(invite: ServerTransaction, cancel: SipRequest): void;
};

const bindTries = 20;
const retryAfterSeconds = '5';

/** A SIP element at one host and port: transports, transactions and their timers. Opened by `openEndpoint`. */
export class Endpoint implements ServerTransactionHost, ClientTransactionHost {
  readonly wheel: TimerWheel;
  transports: readonly Transport[] = [];
  private readonly servers = new BriefMap<ServerTransaction>();
  private readonly clients = new BriefMap<ClientTransaction>();
  private readonly overUdp: Carriage;
  private readonly overStream: Carriage;
  private closed = false;

  constructor(private readonly options: EndpointOptions) {
    const { clock, log, timers } = options;
    this.wheel = new TimerWheel(clock, (error) => log.error('sip timer failed', { error: String(error) }));
    this.overUdp = { reliable: false, timers };
    this.overStream = { reliable: true, timers };
  }

  /** Port that UDP and TCP listen on. */
  get port(): number {
    return this.transports[0]?.port ?? 0;
  }

  /** Port of ours for a protocol; that of UDP and TCP when there is no such transport. */
  portOf(protocol: Protocol): number {
    return this.transports.find((transport) => transport.protocol === protocol)?.port ?? this.port;
  }

  /** Host written into Via and Contact. */
  get advertisedHost(): string {
    return this.options.advertisedHost ?? this.options.host;
  }

  /** Live transactions of both kinds. */
  get transactionCount(): number {
    return this.servers.size + this.clients.size;
  }

  /** Where a request to this URI goes; see transports/locate. */
  locate(uri: string): Destination | Promise<Destination> | undefined {
    return locate(uri, this.options.resolver);
  }

  /** Sends a request in a new client transaction, Via added on top. */
  send(request: OutgoingRequest, to: Destination, handlers: ClientHandlers): ClientTransaction {
    const branch = branchCookie + randomId();
    return this.startClient(request, this.viaFor(to, branch), branch, to, handlers);
  }

  /** Sends text that no transaction stands behind: the ACK of a 2xx. `via` comes from `newVia`. */
  sendStateless(text: string, to: Destination): void {
    this.transmit(text, to);
  }

  /** A Via of ours with a new branch, for stateless requests. */
  newVia(to: Destination): string {
    return this.viaFor(to, branchCookie + randomId());
  }

  async close(): Promise<void> {
    this.closed = true;
    this.wheel.close();
    await Promise.all(this.transports.map((transport) => transport.close()));
    this.servers.clear();
    this.clients.clear();
  }

  /** Takes what a transport received. */
  receive(text: string, source: Source): void {
    if (this.closed) return;
    const message = parseMessage(text);
    if (message.kind === 'failure') this.refuseBroken(message, source);
    else if (message.kind === 'response') this.receiveResponse(message, source);
    else this.receiveRequest(message, source);
  }

  carriage(reliable: boolean): Carriage {
    return reliable ? this.overStream : this.overUdp;
  }

  timer(afterMs: number, fire: () => void): WheelTimer {
    return this.wheel.after(afterMs, fire);
  }

  transmit(text: string, to: Destination, failed?: (why: string) => void): void {
    const transport = this.transports.find(({ protocol }) => protocol === to.protocol);
    if (transport === undefined) {
      queueMicrotask(() => failed?.(`no ${to.protocol} transport`));
      return;
    }
    transport.send(text, to, (why) => {
      this.options.log.debug('sip message not sent', { address: to.address, port: to.port, why });
      failed?.(why);
    });
  }

  startClient(
    request: OutgoingRequest,
    via: string,
    branch: string,
    to: Destination,
    handlers: ClientHandlers,
  ): ClientTransaction {
    const transaction = new ClientTransaction(
      this,
      `${branch}|${request.method}`,
      branch,
      via,
      request,
      to,
      handlers,
    );
    this.clients.set(transaction.key, transaction);
    transaction.start();
    return transaction;
  }

  serverEnded(transaction: ServerTransaction): void {
    this.servers.delete(transaction.key);
  }

  clientEnded(transaction: ClientTransaction): void {
    this.clients.delete(transaction.key);
  }

  ackForAccepted(ack: SipRequest, source: Source): void {
    this.options.handlers.ack(ack, source);
  }

  private viaFor(to: Destination, branch: string): string {
    return ownVia(to.protocol, this.advertisedHost, this.portOf(to.protocol), branch);
  }

  private refuseBroken(failure: ParseFailure, source: Source): void {
    this.options.log.debug('broken sip message', { address: source.address, reason: failure.reason });
    const text = buildFailureResponse(failure, randomId());
    if (text !== undefined) this.transmit(text, source);
  }

  private receiveResponse(response: SipResponse, source: Source): void {
    const transaction = this.clients.get(`${response.via.branch}|${response.cseq.method}`);
    if (transaction === undefined) {
      this.options.log.debug('stray response dropped', { status: response.status, callId: response.callId });
      return;
    }
    transaction.receive(response, source);
  }

  private receiveRequest(request: SipRequest, source: Source): void {
    const { handlers } = this.options;
    if (request.method === 'ACK') {
      const invite = this.servers.get(serverKey(request, 'INVITE'));
      if (invite === undefined) handlers.ack(request, source);
      else invite.acked(request, source);
      return;
    }
    const key = serverKey(request, request.method);
    const known = this.servers.get(key);
    if (known !== undefined) {
      known.repeated();
      return;
    }
    if (request.method === 'CANCEL') {
      this.receiveCancel(request, source, key);
      return;
    }
    const full = this.transactionCount >= this.options.maxTransactions;
    const refusal = full ? overloaded() : handlers.admit?.(request, source);
    if (refusal !== undefined) {
      this.transmit(buildResponse(request, source, refusal), replyDestination(request, source));
      return;
    }
    const transaction = this.track(key, request, source);
    if (transaction.isInvite) transaction.respond({ status: 100, reason: 'Trying' });
    handlers.request(transaction);
  }

  private receiveCancel(cancel: SipRequest, source: Source, key: string): void {
    const invite = this.servers.get(serverKey(cancel, 'INVITE'));
    const transaction = this.track(key, cancel, source);
    const status = invite === undefined ? 481 : 200;
    const tag = invite?.open ? this.options.handlers.tagOf?.(invite) : undefined;
    transaction.respond({ status, reason: reasonPhrase(status), toTag: tag ?? randomId() });
    if (invite?.open) this.options.handlers.cancelled(invite, cancel);
  }

  private track(key: string, request: SipRequest, source: Source): ServerTransaction {
    // Reading a character copies the pieces into one string: as pieces of the message they would keep all of it for half a minute.
    key.charCodeAt(0);
    const transaction = new ServerTransaction(this, key, request, source, replyDestination(request, source));
    this.servers.set(key, transaction);
    return transaction;
  }
}

/** What an endpoint at its limit answers. */
export function overloaded(): ResponseContent {
  return {
    status: 503,
    reason: 'Service Unavailable',
    toTag: randomId(),
    headers: [['Retry-After', retryAfterSeconds]],
  };
}

// RFC 3261 17.2.3: branch, sent-by and method; without a true branch the fields RFC 2543 compared.
function serverKey(request: SipRequest, method: string): string {
  const { via } = request;
  if (hasMagicBranch(via)) return `${via.branch}|${via.host}:${via.port ?? ''}|${method}`;
  return `${request.callId}|${request.cseq.number}|${request.fromTag ?? ''}|${via.host}:${via.port ?? ''}|${method}`;
}

function replyDestination(request: SipRequest, source: Source): Destination {
  const port =
    source.protocol === 'udp' ? responsePort(request.via, source.port) : (request.via.port ?? source.port);
  return port === source.port ? source : { ...source, port };
}

/** Opens an endpoint on all its protocols; rejects with the system's error when an address cannot be had. */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  for (let attempt = 1; ; attempt++) {
    const endpoint = new Endpoint(options);
    try {
      endpoint.transports = await openTransports(options, (text, source) => endpoint.receive(text, source));
      return endpoint;
    } catch (error) {
      // A free UDP port may be taken on TCP: with port 0 another one is tried.
      if (options.port !== 0 || attempt >= bindTries) throw error;
    }
  }
}

async function openTransports(
  options: EndpointOptions,
  receive: (text: string, source: Source) => void,
): Promise<Transport[]> {
  const { host, clock, log } = options;
  const opened: Transport[] = [];
  try {
    for (const protocol of options.protocols) {
      const port = opened[0]?.port ?? options.port;
      opened.push(
        protocol === 'udp'
          ? await openUdp({ host, port, receive, log })
          : await openTcp({ host, port, receive, clock, log, ...limitsOf(options) }),
      );
    }
    if (options.tls !== undefined)
      opened.push(await openTls({ host, receive, clock, log, ...options.tls, ...limitsOf(options) }));
    if (options.ws !== undefined)
      opened.push(await openWs({ host, receive, clock, log, ...options.ws, ...limitsOf(options) }));
    if (options.wss !== undefined) {
      const { port, ...tls } = options.wss;
      opened.push(await openWs({ host, port, receive, clock, log, tls, ...limitsOf(options) }));
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map((transport) => transport.close()));
    throw error;
  }
}

function limitsOf({ streamLimits: limits }: EndpointOptions): { limits?: StreamLimits } {
  return limits === undefined ? {} : { limits };
}
