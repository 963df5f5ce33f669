import { isIP } from 'node:net';
import { AppError, InvalidInput } from '../kernel/app-error';
import { isPublicAddress } from '../kernel/public-address';

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

/** Whether events may be sent to an address. */
export function mayReach(targets: Targets, address: string): boolean {
  return targets === 'any' || isPublicAddress(address);
}

/** @throws ForbiddenTarget */
export function requireTarget(targets: Targets, address: string): void {
  if (!mayReach(targets, address)) throw new ForbiddenTarget(address);
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
