import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { parameter } from '../sip/parameters';
import { bareHost, parseSipUri, type SipUri } from '../sip/uri';
import type { Destination, Protocol } from './transport';

const defaultPort = 5060;

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
  if (isIP(host) !== 0) return { protocol, address: host, port: uri.port ?? defaultPort };
  return lookUp(host, uri.port, protocol, resolver);
}

function protocolOf(uri: SipUri): Protocol | undefined {
  if (uri.scheme === 'sips') return undefined;
  const asked = parameter(uri.parameters, 'transport')?.toLowerCase() ?? 'udp';
  return asked === 'udp' || asked === 'tcp' ? asked : undefined;
}

async function lookUp(
  host: string,
  port: number | undefined,
  protocol: Protocol,
  resolver: Resolver,
): Promise<Destination> {
  if (port !== undefined) return { protocol, address: await resolver.address(host), port };
  const records = await resolver.srv(`_sip._${protocol}.${host}`).catch(() => []);
  const first = records[0];
  if (first === undefined) return { protocol, address: await resolver.address(host), port: defaultPort };
  return { protocol, address: await resolver.address(first.name), port: first.port };
}
