import type { SessionMember } from '../../src/calling/room-session/session-member';
import type { Leg } from '../../src/media/leg';

const done = async () => undefined;

/** Somebody in a room whose telephone is not there: what the session tells his call is written down, and his leg does all it is told. */
export class SilentMember implements SessionMember {
  readonly nameFile = null;
  readonly leg: Leg;

  constructor(
    readonly memberId: string,
    private readonly told: unknown[],
  ) {
    this.leg = { id: memberId, setVoice: done, setHearing: done, unheardBy: done } as unknown as Leg;
  }

  enter(): void {
    this.told.push([this.memberId, 'enter']);
  }

  wait(reason: 'moderator' | 'lobby'): void {
    this.told.push([this.memberId, 'wait', reason]);
  }

  part({ result }: Parameters<SessionMember['part']>[0]): void {
    this.told.push([this.memberId, 'part', result]);
  }

  say(line: Parameters<SessionMember['say']>[0]): void {
    this.told.push([this.memberId, 'say', ...line]);
  }
}
