import type { Channel } from './channel';
import { Conference } from './conference';
import type { ConferenceMember, MemberFlags } from './conference-member';
import type { Core } from './core';
import type { Execution } from './execution';

const conferencesMax = 10_000;

/** What the conference application was given: `name[@profile][+pin][+flags{a|b}]`. */
export type ConferenceTarget = { name: string; profile: string; pin: string; flags: MemberFlags };

/** Reads the argument of the conference application. */
export function parseConferenceTarget(data: string): ConferenceTarget {
  const flagged = /^(.*?)\+flags\{([^}]*)\}/s.exec(data.trim());
  const head = flagged ? (flagged[1] as string) : data.trim();
  const flags = new Set((flagged?.[2] ?? '').split(/[|,]/).filter((flag) => flag !== ''));
  const [place = '', pin = ''] = splitOnce(head, '+');
  const [name = '', profile = ''] = splitOnce(place, '@');
  return { name, profile: profile || 'default', pin: pin.replace(/\+$/, ''), flags };
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Why a channel did not get into a conference. */
export type JoinRefusal = 'locked' | 'full' | 'wrong pin' | 'does not exist' | 'too many conferences';

/** All conferences by name. A conference starts with its first member and ends with its last. */
export class Conferences {
  private readonly byName = new Map<string, Conference>();

  find(name: string): Conference | undefined {
    return this.byName.get(name);
  }

  all(): Conference[] {
    return [...this.byName.values()];
  }

  /** Puts a channel into the named conference, or says why not. */
  join(
    core: Core,
    channel: Channel,
    execution: Execution,
    target: ConferenceTarget,
  ): ConferenceMember | JoinRefusal {
    const existing = this.byName.get(target.name);
    if (existing === undefined && target.flags.has('join-only')) return 'does not exist';
    if (existing === undefined && this.byName.size >= conferencesMax) return 'too many conferences';
    if (existing?.locked) return 'locked';
    if (existing && existing.maxMembers > 0 && existing.size >= existing.maxMembers) return 'full';
    if (existing?.pin !== undefined && existing.pin !== target.pin) return 'wrong pin';
    const conference = existing ?? this.create(core, target);
    return conference.join(channel, execution, target.flags);
  }

  private create(core: Core, target: ConferenceTarget): Conference {
    const conference = new Conference(core, target.name, target.profile, (empty) => {
      this.byName.delete(empty.name);
      core.media.removeWorker(empty);
      empty.fire('conference-destroy');
    });
    if (target.pin !== '') conference.pin = target.pin;
    this.byName.set(target.name, conference);
    core.media.addWorker(conference);
    conference.fire('conference-create');
    return conference;
  }
}
