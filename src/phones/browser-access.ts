import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { Conflict } from '../kernel/app-error';

/** How browsers reach us, by the configuration. */
export type BrowserAccess = {
  /** Where they connect by WebSocket, the preferred first; empty: nowhere. */
  readonly websocketUrls: readonly string[];
  /** Host of their SIP addresses. */
  readonly sipHost: string;
  readonly turn: { readonly urls: readonly string[]; readonly secret: string };
};

/** As a page gives it to RTCPeerConnection. */
export type IceServer = { readonly urls: string; readonly username: string; readonly credential: string };

/** What a page needs to be a telephone, beside its password. */
export const loginSchema = z.object({
  sipUri: z.string(),
  username: z.string(),
  password: z.string().nullable(),
  expiresAtMs: z.number(),
  websocketUrls: z.array(z.string()),
  iceServers: z
    .array(z.object({ urls: z.string(), username: z.string(), credential: z.string() }))
    .nullable(),
});

/** Fields of it that are told once. */
export const LOGIN_SECRETS = ['password', 'iceServers'] as const;

/**
 * Credentials for a TURN server that shares our secret (draft-uberti-behave-turn-rest-00): they say themselves when they run out.
 * `id` tells one holder from the next in that server's log.
 */
export function iceServersFor(
  { turn }: BrowserAccess,
  holder: { readonly id: string; readonly expiresAtMs: number },
): readonly IceServer[] {
  const username = `${Math.floor(holder.expiresAtMs / 1_000)}:${holder.id}`;
  const credential = createHmac('sha1', turn.secret).update(username).digest('base64');
  return turn.urls.map((urls) => ({ urls, username, credential }));
}

/** What is told to whoever got a username and a password until then. @throws Conflict when browsers cannot connect */
export function loginFor(
  access: BrowserAccess,
  holder: {
    readonly id: string;
    readonly username: string;
    readonly password: string;
    readonly expiresAtMs: number;
  },
) {
  const { username, password, expiresAtMs } = holder;
  return {
    sipUri: `sip:${username}@${access.sipHost}`,
    username,
    password,
    expiresAtMs,
    websocketUrls: [...access.websocketUrls],
    iceServers: iceServersFor(access, holder).slice(),
  };
}

/** @throws Conflict when no address for browsers is set */
export function mustReach({ websocketUrls }: BrowserAccess): void {
  if (websocketUrls.length > 0) return;
  throw new Conflict('browsers have nowhere to connect to; set SIP_WSS_PORT or WEBSOCKET_URLS', {});
}
