import type { HungUpLeg } from '../kernel/hung-up-leg';

/** How a header of an event is read; undefined when it is not there. */
export type EventHeader = (name: string) => string | undefined;

/** Longest text taken over from a header, characters. */
const MAX_TEXT = 64;

/** Reads CHANNEL_HANGUP_COMPLETE; null when it is not of a leg of `nodeId`, or says no times. */
export function hungUpLeg(header: EventHeader, nodeId: string): HungUpLeg | null {
  const startedAtMs = epochMs(header('variable_start_uepoch'));
  const endedAtMs = epochMs(header('variable_end_uepoch'));
  const legId = header('Unique-ID');
  if (header('variable_sip_h_X-Node') !== nodeId) return null;
  if (!legId || startedAtMs === null || endedAtMs === null) return null;
  return {
    legId,
    cdrId: text(header('variable_sip_h_X-Call')),
    purpose: text(header('variable_sip_h_X-Purpose')),
    startedAtMs,
    answeredAtMs: epochMs(header('variable_answer_uepoch')),
    endedAtMs,
    billMs: Number(header('variable_billmsec')) || 0,
    hangupCause: text(header('Hangup-Cause')) ?? 'NONE',
  };
}

/** FreeSWITCH counts microseconds, and writes 0 for what never happened. */
function epochMs(microseconds: string | undefined): number | null {
  const value = Number(microseconds);
  return value > 0 ? Math.floor(value / 1_000) : null;
}

function text(value: string | undefined): string | null {
  const printable = (value ?? '').replace(/\p{Cc}/gu, '').slice(0, MAX_TEXT);
  return printable === '' ? null : printable;
}

/** Actions after which a member counts as silent: FreeSWITCH tells no stop-talking of one that is muted or leaves in the middle of a word. */
const SILENCING = new Set(['stop-talking', 'mute-member', 'del-member']);

/** Who talks now, out of `conference::maintenance` events: each change is told once. */
export class Talkers {
  readonly #talking = new Set<string>();

  /** Takes one event; gives the change it makes, null for none. */
  take(header: EventHeader): { legId: string; talking: boolean } | null {
    const legId = header('Unique-ID');
    const action = header('Action') ?? '';
    if (!legId) return null;
    if (action === 'start-talking' && !this.#talking.has(legId)) {
      this.#talking.add(legId);
      return { legId, talking: true };
    }
    if (SILENCING.has(action) && this.#talking.delete(legId)) return { legId, talking: false };
    return null;
  }

  /** The connection is lost: nobody is known to talk. */
  clear(): void {
    this.#talking.clear();
  }
}
