import type { Mixer } from '../media/mixer';
import type { ConferenceMember } from './conference-member';

type Relation = { canSpeak: boolean; canHear: boolean };

/**
 * Exceptions from "everybody hears everybody": `conference relate`. As in mod_conference a relation is kept at the member who has it,
 * outlives the other one, and ends with its own member.
 */
export class ConferenceRelations {
  private readonly byMember = new Map<ConferenceMember, Map<number, Relation>>();

  constructor(
    private readonly mixer: Mixer<ConferenceMember>,
    private readonly find: (id: number) => ConferenceMember | undefined,
  ) {}

  /** Lets `member` not be heard by the other, not hear the other, or both. */
  set(member: ConferenceMember, otherId: number, relation: Relation): void {
    const relations = this.byMember.get(member) ?? new Map<number, Relation>();
    this.byMember.set(member, relations.set(otherId, relation));
    this.apply(member, otherId);
  }

  /** Takes the relation back. */
  clear(member: ConferenceMember, otherId: number): void {
    const relations = this.byMember.get(member);
    relations?.delete(otherId);
    if (relations?.size === 0) this.byMember.delete(member);
    this.apply(member, otherId);
  }

  /** Forgets what a member had who has left. */
  forget(member: ConferenceMember): void {
    this.byMember.delete(member);
  }

  /** One line for each relation of this member; of all for 0. */
  show(memberId: number): string {
    if (this.byMember.size === 0) return '+OK No relationships\n';
    let lines = '';
    for (const [member, relations] of this.byMember) {
      if (memberId > 0 && member.id !== memberId) continue;
      for (const [otherId, { canSpeak, canHear }] of relations)
        lines += `${member.id} -> ${otherId} ${canSpeak ? 'SPEAK' : 'NOSPEAK'} ${canHear ? 'HEAR' : 'NOHEAR'} NOSENDVIDEO \n`;
    }
    return lines;
  }

  private apply(member: ConferenceMember, otherId: number): void {
    const other = this.find(otherId);
    if (!other) return;
    const own = this.byMember.get(member)?.get(otherId);
    const theirs = this.byMember.get(other)?.get(member.id);
    this.mixer.setHeard(other, member, (own?.canSpeak ?? true) && (theirs?.canHear ?? true));
    this.mixer.setHeard(member, other, (own?.canHear ?? true) && (theirs?.canSpeak ?? true));
  }
}
