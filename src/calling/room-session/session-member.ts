import type { CallResult, EndedBy } from '../../cdr/cdr';
import type { Leg } from '../../media/leg';
import type { PromptName } from '../../media/prompts';
import type { Line } from '../../media/spoken-line';

/** A member's call as its room's session drives it. Nothing here throws: a leg that is gone leaves the session by itself. */
export interface SessionMember {
  readonly memberId: string;
  readonly leg: Leg;
  /** His name as he spoke it, for entry and exit; null when he was not asked. */
  readonly nameFile: string | null;
  /** He may go inside. */
  enter(): void;
  /** He waits: prompt and music. */
  wait(reason: 'moderator' | 'lobby'): void;
  /** He is taken out and told why; the second time does nothing. */
  part(end: { result: CallResult; endedBy: EndedBy; prompt: PromptName }): void;
  say(line: Line): void;
}
