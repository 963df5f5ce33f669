/** What the server holds at most; every limit answers with 503 or closes, never queues further. */
export type ServerLimits = {
  /** New requests that no application has reacted to yet. Beyond it callers get 503 with Retry-After at once. */
  readonly maxUnheardRequests: number;
  /** Unanswered requests from the network, ringing calls included. */
  readonly maxPendingRequests: number;
  readonly maxDialogs: number;
  readonly maxTransactions: number;
  readonly maxClients: number;
  /** An admin connection must authenticate within this time. */
  readonly authenticateMs: number;
  /** Connections remembered for REGISTER and SUBSCRIBE. */
  readonly maxFlows: number;
};

export const serverLimits: ServerLimits = {
  maxUnheardRequests: 1_000,
  maxPendingRequests: 20_000,
  maxDialogs: 50_000,
  maxTransactions: 400_000,
  maxClients: 64,
  authenticateMs: 5_000,
  maxFlows: 50_000,
};

/** An application's answer is waited for this long, then the request is forgotten (drachtio-server's CLIENT_TIMEOUT). */
export const pendingRequestMs = 64_000;
/** A call that an application let ring is given up after this: its caller may have vanished without CANCEL (RFC 3261 16.8 in spirit). */
export const longestRingingMs = 600_000;
/** Value of Retry-After in a 503, in seconds. */
export const retryAfterSeconds = 5;
