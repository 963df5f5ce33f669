import type { DeviceBinding } from '../../phones/registrations-store';
import type { OutwardTarget } from '../outward/outward-leg';
import type { ShownCaller } from './shown-caller';

/** What stands in From for a caller who is not told (RFC 3323 4.1.1.3). */
const ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>';

const BY_WEBSOCKET = /^wss?\//;

/** How a registered telephone is rung: at its Contact, by the way its REGISTER came (RFC 3581, RFC 5626), or along its Path (RFC 3327). */
export function bindingTarget(
  binding: Pick<DeviceBinding, 'contactUri' | 'path' | 'receivedFrom'>,
  caller: ShownCaller,
  called: string,
): OutwardTarget {
  const isShown = caller.number !== null && !caller.isWithheld;
  const isBrowser = BY_WEBSOCKET.test(binding.receivedFrom);
  return {
    uri: binding.contactUri,
    proxy: binding.path === null ? nextHop(binding.receivedFrom) : firstOfPath(binding.path),
    headers: {
      From: isShown ? `<sip:${caller.number}@localhost>` : ANONYMOUS,
      To: `<sip:${called}@localhost>`,
      ...(isShown ? { 'P-Asserted-Identity': `<sip:${caller.number}@localhost>` } : { Privacy: 'id' }),
    },
    speaks: isBrowser ? 'browser' : 'plain',
    answerChallenge: () => null,
  };
}

/**
 * `udp/192.0.2.7:5060` → `sip:192.0.2.7:5060;transport=udp`. A browser has no address: the SIP server knows its connection by the Contact
 * (RFC 7118 5).
 */
function nextHop(receivedFrom: string): string | null {
  if (BY_WEBSOCKET.test(receivedFrom)) return null;
  const [, protocol, hostPort] = /^([a-z]{2,4})\/(\S+)$/.exec(receivedFrom) ?? [];
  return protocol && hostPort ? `sip:${hostPort};transport=${protocol}` : null;
}

function firstOfPath(path: string): string | null {
  return /<(sips?:[^<>\s]+)>/i.exec(path)?.[1] ?? null;
}
