import { lookup as lookUp } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Addresses inside, or of nobody: RFC 6890 and the registries that it made (this host, private use, shared, loopback, link-local, tests, multicast, reserved). */
const INSIDE_4 = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  INSIDE_4.addSubnet(network, bits, 'ipv4');

/** IPv6 that everybody may reach lies in 2000::/3; documentation, Teredo and 6to4 within it lead elsewhere. */
const GLOBAL_6 = new BlockList();
GLOBAL_6.addSubnet('2000::', 3, 'ipv6');
const INSIDE_6 = new BlockList();
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
] as const)
  INSIDE_6.addSubnet(network, bits, 'ipv6');

/** Whether an IP address belongs to somebody on the public network, so that nobody can have us knock at what only we can reach. */
export function isPublicAddress(address: string): boolean {
  return isIP(address) === 6
    ? GLOBAL_6.check(address, 'ipv6') && !INSIDE_6.check(address, 'ipv6')
    : !INSIDE_4.check(address, 'ipv4');
}

/** A name leads to no address that may be asked. */
export class LeadsInside extends Error {
  constructor(hostname: string) {
    super(`${hostname} leads to no address that may be asked`);
    this.name = 'LeadsInside';
  }
}

/**
 * Looks names up for a connection and lets no address through that may not be asked. The address connected to is the one that was looked at: a name
 * that answers differently the second time gets nowhere.
 */
export function guardedLookup(mayAsk: (address: string) => boolean): LookupFunction {
  return (hostname, wish, done) =>
    lookUp(hostname, { ...wish, all: true }, (error, addresses) => {
      const allowed = error ? [] : addresses.filter(({ address }) => mayAsk(address));
      const [first] = allowed;
      if (error || !first) done(error ?? new LeadsInside(hostname), '', 4);
      else if (wish.all) done(null, allowed);
      else done(null, first.address, first.family);
    });
}
