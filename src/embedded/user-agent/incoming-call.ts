/**
 * A call that arrived at a SIP user agent of ours (the media server's side of SIP), after transactions, retransmissions, ACK
 * matching and dialog state have been taken care of. All callbacks are set synchronously inside `onCall`.
 */
export interface IncomingCall {
  readonly callId: string;
  /** First value of a header of the INVITE, name in any case, compact forms resolved; undefined when absent. */
  header(name: string): string | undefined;
  /** All headers of the INVITE in their order, names as they were sent (compact forms resolved). */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Body of the INVITE, '' for a delayed offer (3pcc). */
  readonly body: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  ring(): void;
  /** Sends 200 with this SDP and repeats it until the ACK comes (RFC 3261 13.3.1.4). */
  answer(sdp: string, headers?: Readonly<Record<string, string>>): void;
  /** Final refusal, for example 488 'Not Acceptable Here'. */
  refuse(status: number, reason: string, headers?: Readonly<Record<string, string>>): void;
  /** Ends an answered call with BYE; resolves when the peer answered it or 32 s passed. Reason is RFC 3326 text. */
  hangUp(reason?: string): Promise<void>;
  /**
   * Offers this SDP in a re-INVITE of ours and gives the answer; undefined when the peer refused, is lost, or another offer is under way
   * (RFC 3261 14.1).
   */
  offer(sdp: string): Promise<string | undefined>;
  handle(handlers: IncomingCallHandlers): void;
}

export interface IncomingCallHandlers {
  /** ACK to our 200; `sdp` is the answer of a delayed offer, else ''. */
  acked(sdp: string): void;
  /** The peer sent BYE or CANCEL, or never sent ACK (then the user agent already sent BYE). */
  ended(cause: 'bye' | 'cancel' | 'no-ack'): void;
  /** Re-INVITE or UPDATE with an offer ('' = asks us to offer): give the SDP of the 200, or a status to refuse with. */
  reoffered(sdp: string): { sdp: string } | { status: number; reason: string };
  /** An INFO inside the dialog; it is answered 200 by the user agent. */
  info(contentType: string, body: string): void;
}

/** A listening SIP user agent that takes calls. */
export interface CallReceiver {
  /** Addresses it listens on, for example { protocol: 'udp', host: '127.0.0.1', port: 5080 }. */
  readonly addresses: readonly { protocol: string; host: string; port: number }[];
  close(): Promise<void>;
}

export type CallReceiverOptions = {
  readonly host: string;
  /** 0 picks a free port, the same for UDP and TCP. */
  readonly port: number;
  /** Value of User-Agent/Server headers. */
  readonly product: string;
  readonly onCall: (call: IncomingCall) => void;
};
