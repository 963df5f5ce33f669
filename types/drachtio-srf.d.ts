/** What we use of drachtio-srf 5.0.29; its bundled declarations lack or contradict parts of this. */
import type { EventEmitter } from 'node:events';

export = Srf;

declare class Srf extends EventEmitter {
  constructor(options?: object);
  connect(options: Srf.ConnectOptions): this;
  disconnect(): void;
  /** The agent and, once `connect` was called, its connection, which tells of every message of the admin protocol. */
  readonly app: {
    readonly client?: {
      readonly wp: { on(event: 'msg', handler: (socket: unknown, message: string) => void): void };
    };
  };
  invite(handler: Srf.RequestHandler): void;
  options(handler: Srf.RequestHandler): void;
  register(handler: Srf.RequestHandler): void;
  message(handler: Srf.RequestHandler): void;
  subscribe(handler: Srf.RequestHandler): void;
  publish(handler: Srf.RequestHandler): void;
  refer(handler: Srf.RequestHandler): void;
  notify(handler: Srf.RequestHandler): void;
  info(handler: Srf.RequestHandler): void;
  createUAS(
    req: Srf.SrfRequest,
    res: Srf.SrfResponse,
    options?: {
      localSdp?: string | (() => Promise<string>);
      headers?: Record<string, string | readonly string[]>;
    },
  ): Promise<Srf.Dialog>;
  createUAC(
    uri: string,
    options: {
      /** SUBSCRIBE makes a dialog too; INVITE when left out. */
      method?: string;
      localSdp?: string;
      headers?: Record<string, string>;
      auth?: Srf.Credentials;
      proxy?: string;
      noAck?: boolean;
    },
    progress?: {
      cbRequest?: (error: Error | null, req: Srf.SrfRequest) => void;
      cbProvisional?: (res: Srf.SrfResponse) => void;
    },
  ): Promise<Srf.Dialog>;
  createB2BUA(
    req: Srf.SrfRequest,
    res: Srf.SrfResponse,
    uri: string,
    options?: { localSdpB?: string; headers?: Record<string, string>; passFailure?: boolean },
  ): Promise<{ uas: Srf.Dialog; uac: Srf.Dialog }>;
  request(
    uri: string,
    options: {
      method: string;
      headers?: Record<string, string>;
      body?: string;
      auth?: Srf.Credentials;
      proxy?: string;
    },
  ): Promise<Srf.SrfRequest>;
  /** `sent` is called before any answer is: who awaits the promise instead may miss one that comes at once. */
  request(
    uri: string,
    options: { method: string; headers?: Record<string, string>; body?: string; proxy?: string },
    sent: (error: Error | null, request: Srf.SrfRequest) => void,
  ): void;
}

declare namespace Srf {
  type ConnectOptions = {
    host: string;
    port: number;
    secret: string;
    reconnect?: { retryMaxDelay?: number };
    tags?: readonly string[];
    enablePing?: boolean;
    pingInterval?: number;
  };
  /**
   * What a digest challenge is answered with. An object answers whoever asks, whatever realm he names; a function sees the challenge in
   * `res` and may refuse with an error.
   */
  type Credentials =
    | { username: string; password: string }
    | ((
        req: SrfRequest,
        res: SrfResponse,
        answer: (error: Error | null, username?: string, password?: string) => void,
      ) => void);

  type RequestHandler = (req: SrfRequest, res: SrfResponse) => void;

  interface SrfRequest extends EventEmitter {
    readonly method: string;
    readonly uri: string;
    readonly body: string;
    readonly source: 'network' | 'application';
    readonly source_address: string;
    readonly source_port: string;
    readonly protocol: string;
    readonly callingNumber: string;
    readonly calledNumber: string;
    get(header: string): string | undefined;
    has(header: string): boolean;
    getParsedHeader(header: 'from' | 'to'): { uri: string; name?: string; params: Record<string, string> };
    cancel(): void;
  }

  interface SrfResponse extends EventEmitter {
    readonly status: number;
    readonly reason: string;
    readonly body: string;
    readonly finalResponseSent: boolean;
    get(header: string): string | undefined;
    send(
      status: number,
      options?: ResponseOptions,
      sent?: (error: Error | null, response: SrfResponse) => void,
      acknowledged?: (ackOrPrack: SrfRequest) => void,
    ): void;
    send(status: number, reason: string, options?: ResponseOptions): void;
  }

  /** A header may be sent several times. */
  type ResponseOptions = {
    headers?: Record<string, string | readonly string[]>;
    body?: string;
    reason?: string;
  };

  interface Dialog extends EventEmitter {
    readonly id: string;
    readonly sip: { callId: string; localTag: string; remoteTag: string };
    readonly local: { sdp: string };
    readonly remote: { sdp: string };
    readonly connected: boolean;
    destroy(options?: { headers?: Record<string, string> }): Promise<void>;
    modify(sdp: string): Promise<string>;
    request(options: {
      method: string;
      headers?: Record<string, string>;
      body?: string;
    }): Promise<SrfResponse>;
  }

  class SipError extends Error {
    readonly status: number;
    readonly reason: string;
  }
}
