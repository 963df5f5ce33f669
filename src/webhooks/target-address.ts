import { BlockList, isIP } from 'node:net';
import { AppError, InvalidInput } from '../kernel/app-error';

const LONGEST_URL = 500;

/** Where events may be sent: `public` is https to addresses that everybody may reach, `any` also plain HTTP and addresses of our own network. */
export type Targets = 'public' | 'any';

/** An endpoint's name leads to an address inside the network, where nobody from outside may have us knock. */
export class ForbiddenTarget extends AppError {
  readonly code = 'forbidden-target';
  constructor(address: string) {
    super(`${address} is no address of the public network; WEBHOOK_TARGETS=any allows it`, { address });
  }
}

const PRIVATE = new BlockList();
// RFC 6890 and the registries it made: this host, private use, shared, loopback, link-local, tests, multicast, reserved.
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
  PRIVATE.addSubnet(network, bits, 'ipv4');

/** IPv6 that everybody may reach lies in 2000::/3; documentation, Teredo and 6to4 within it lead elsewhere. */
const PUBLIC_6 = new BlockList();
PUBLIC_6.addSubnet('2000::', 3, 'ipv6');
const PRIVATE_6 = new BlockList();
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
] as const)
  PRIVATE_6.addSubnet(network, bits, 'ipv6');

/** @throws ForbiddenTarget */
export function requireTarget(targets: Targets, address: string): void {
  if (targets === 'any') return;
  const isPublic =
    isIP(address) === 6
      ? PUBLIC_6.check(address, 'ipv6') && !PRIVATE_6.check(address, 'ipv6')
      : !PRIVATE.check(address, 'ipv4');
  if (!isPublic) throw new ForbiddenTarget(address);
}

/** An endpoint's URL as somebody wrote it. What its name leads to is looked at each time something is sent. @throws InvalidInput, ForbiddenTarget */
export function endpointUrl(text: string, targets: Targets): string {
  if (text.length > LONGEST_URL) refuse('is too long', `give at most ${LONGEST_URL} characters`);
  if (!URL.canParse(text)) refuse('is no URL', 'write https://host/path');
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(targets === 'any' && url.protocol === 'http:'))
    refuse(`begins with ${url.protocol}`, 'write https://host/path');
  if (url.username !== '' || url.password !== '')
    refuse('holds a password', 'leave it out; every message is signed');
  if (url.hash !== '') refuse('holds a fragment', 'leave out what follows #');
  const host = hostOf(url);
  if (isIP(host) !== 0) requireTarget(targets, host);
  return url.href;
}

function refuse(problem: string, remedy: string): never {
  throw new InvalidInput('url', problem, remedy);
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
