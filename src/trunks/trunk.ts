import { isIP } from 'node:net';
import { InvalidInput } from '../kernel/app-error';
import { checkDigestNames, checkOutward, type Outward } from './outward';

export const TRUNK_STATES = ['active', 'disabled'] as const;
export type TrunkState = (typeof TRUNK_STATES)[number];

/** Most calls at once, and most that begin in one second; null: no limit. Emergency calls are counted and never held back. */
export type TrunkLimits = {
  readonly channels: number | null;
  readonly channelsIn: number | null;
  readonly channelsOut: number | null;
  readonly callsPerSecond: number | null;
};

/** What an operator decides about a trunk. */
export type TrunkSettings = {
  readonly name: string;
  /** What calls from it come from: "192.0.2.0/24", IPv6 alike. */
  readonly addresses: readonly string[];
  /** How it shows who it is from any other address; null: it does not. */
  readonly digest: { readonly username: string; readonly realm: string } | null;
  /** Calls that do not come over TLS are refused. */
  readonly requiresTls: boolean;
  /** What it says of a caller's number is believed. */
  readonly trustsCallerId: boolean;
  /** It belongs to the trust domain of RFC 3325: it is told who a withheld caller is, with the request to keep it. */
  readonly isTrustedPeer: boolean;
  /** Where its numbers are national: ISO 3166-1 alpha-2; null: it sends and takes whole numbers. */
  readonly country: string | null;
  readonly limits: TrunkLimits;
  /** How calls go out through it; null: none do. */
  readonly outward: Outward | null;
};

/** A carrier's connection. */
export type Trunk = TrunkSettings & { readonly id: string; readonly state: TrunkState };

/** A trunk that takes calls from us. */
export type OutwardTrunk = Trunk & { readonly outward: Outward };

export const NO_LIMITS: TrunkLimits = {
  channels: null,
  channelsIn: null,
  channelsOut: null,
  callsPerSecond: null,
};

/** A trunk of which nothing is said but its name: recognised by nothing, believed in nothing. */
export const DEFAULT_TRUNK: Omit<TrunkSettings, 'name'> = {
  addresses: [],
  digest: null,
  requiresTls: false,
  trustsCallerId: false,
  isTrustedPeer: false,
  country: null,
  limits: NO_LIMITS,
  outward: null,
};

const MAX_NAME = 100;
const MAX_ADDRESSES = 200;
const MAX_LIMIT = 100_000;
const LEAST_PASSWORD = 12;
const MAX_PASSWORD = 128;

/** Whether calls can go out through it. */
export function isOutward(trunk: Trunk): trunk is OutwardTrunk {
  return trunk.outward !== null;
}

/** @throws InvalidInput naming the first field that does not fit; addresses are checked by toCidr */
export function checkTrunk(settings: TrunkSettings): void {
  if (!/^[^\p{C}]+$/u.test(settings.name) || settings.name.length > MAX_NAME)
    throw new InvalidInput('name', 'does not fit', `give 1 to ${MAX_NAME} printable characters`);
  if (settings.addresses.length > MAX_ADDRESSES)
    throw new InvalidInput('addresses', `are ${settings.addresses.length}`, `give ${MAX_ADDRESSES} at most`);
  if (settings.digest) checkDigestNames('digest', settings.digest);
  if (settings.country !== null && !/^[A-Z]{2}$/.test(settings.country))
    throw new InvalidInput(
      'country',
      'is no country',
      'write two capital letters of ISO 3166-1, for example BE',
    );
  for (const [name, limit] of Object.entries<number | null>(settings.limits))
    if (limit !== null && !(Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT))
      throw new InvalidInput(`limits.${name}`, `is ${limit}`, `give 1 to ${MAX_LIMIT}, or nothing`);
  if (settings.outward) checkOutward(settings.outward);
  if (settings.outward?.numberForm === 'national' && settings.country === null)
    throw new InvalidInput('country', 'is missing', 'national numbers are those of the trunk’s country');
}

/** @throws InvalidInput, which does not show the password */
export function checkTrunkPassword(field: string, password: string): void {
  const fits = password.length >= LEAST_PASSWORD && password.length <= MAX_PASSWORD;
  if (!fits || !/^[\x20-\x7e]*$/.test(password))
    throw new InvalidInput(
      field,
      'does not fit',
      `give ${LEAST_PASSWORD} to ${MAX_PASSWORD} printable characters`,
    );
}

/** "192.0.2.7" → "192.0.2.7/32". @throws InvalidInput */
export function toCidr(address: string): string {
  const [host = '', length] = address.split('/');
  const family = isIP(host);
  const most = family === 6 ? 128 : 32;
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (family === 0 || bits < 0 || bits > most)
    throw new InvalidInput(
      'addresses',
      `"${address}" is no address`,
      'write 192.0.2.7, 192.0.2.0/24 or an IPv6 address',
    );
  return `${host}/${bits}`;
}
