/** What carries SIP. */
export type Protocol = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** One connection of a connection-oriented transport, by which answers and later requests go back to the same peer. */
export interface Flow {
  readonly open: boolean;
  send(text: string, failed: SendFailed): void;
}

/** Where a message came from. */
export type Source = {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** The connection it came by; undefined over UDP. */
  readonly flow: Flow | undefined;
};

/** Where a message goes. An open flow is preferred to the address. */
export type Destination = {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  readonly flow?: Flow | undefined;
  /** The host as the URI named it, which a TLS server has to prove; the address when left out. */
  readonly name?: string | undefined;
};

/** Told at most once, later, when a message cannot have reached the peer; `why` is for the log. */
export type SendFailed = (why: string) => void;

/** Gets each message as wire text, one byte per character; what it throws never reaches the socket. */
export type Receive = (text: string, source: Source) => void;

/** A listening SIP transport. */
export interface Transport {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  send(text: string, to: Destination, failed: SendFailed): void;
  close(): Promise<void>;
}
