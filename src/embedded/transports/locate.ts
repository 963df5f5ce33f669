import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { parameter } from '../sip/parameters';
import { bareHost, parseSipUri, type SipUri } from '../sip/uri';
import type { Destination, Protocol } from './transport';

/** The port that a URI without one means. */
export const defaultPorts: Readonly<Record<Protocol, number>> = {
  udp: 5060,
  tcp: 5060,
  tls: 5061,
  ws: 80,
  wss: 443,
};

/** Browsers are not here: they are reached by the connection they made, or not at all (RFC 7118 section 5). */
const protocols: readonly Protocol[] = ['udp', 'tcp', 'tls'];

/** Looks host names up; the system's resolver outside tests. */
export interface Resolver {
  srv(name: string): Promise<{ name: string; port: number }[]>;
  address(host: string): Promise<string>;
}

export const systemResolver: Resolver = {
  srv: (name) => dns.resolveSrv(name),
  address: async (host) => (await dns.lookup(host)).address,
};

/**
 * Where a request to this URI goes (RFC 3263, without NAPTR): at once for an address, after a look-up for a name.
 * Undefined for what is no SIP URI; the promise rejects when the name has no address.
 */
export function locate(uriText: string, resolver: Resolver): Destination | Promise<Destination> | undefined {
  const uri = parseSipUri(uriText);
  if (uri === undefined || uri.host === '') return undefined;
  const host = parameter(uri.parameters, 'maddr') ?? bareHost(uri.host);
  const protocol = protocolOf(uri);
  if (protocol === undefined) return undefined;
  if (isIP(host) !== 0) return { protocol, address: host, port: uri.port ?? defaultPorts[protocol] };
  return lookUp(host, uri.port, protocol, resolver);
}

/** sips and `transport=tls` want TLS; sips over TCP means TLS too (RFC 3261 26.2.2), over UDP nothing. */
function protocolOf(uri: SipUri): Protocol | undefined {
  const asked = parameter(uri.parameters, 'transport')?.toLowerCase();
  if (uri.scheme === 'sips')
    return asked === undefined || asked === 'tls' || asked === 'tcp' ? 'tls' : undefined;
  return asked === undefined ? 'udp' : protocols.find((protocol) => protocol === asked);
}

async function lookUp(
  host: string,
  port: number | undefined,
  protocol: Protocol,
  resolver: Resolver,
): Promise<Destination> {
  if (port !== undefined) return { protocol, address: await resolver.address(host), port, name: host };
  const service = protocol === 'tls' ? `_sips._tcp.${host}` : `_sip._${protocol}.${host}`;
  const first = (await resolver.srv(service).catch(() => []))[0];
  // The name to prove is the one that was called, not the one DNS gave (RFC 5922 7.1).
  const address = await resolver.address(first?.name ?? host);
  return { protocol, address, port: first?.port ?? defaultPorts[protocol], name: host };
}
