import type { PromptName } from '../../media/prompts';
import type { CallEnd } from '../call';
import type { CallingParts } from '../calling-parts';
import type { RunningCall } from '../running-call';

/** What becomes of the left leg when the right one ends: it ends too, or goes on alone (a card call dials on). */
export type WhenRightEnds = 'end-left' | 'keep-left';

/** Ends of one leg that are no business of the other: it was hung up on, as anybody. */
const OWN_ENDS: readonly CallEnd['result'][] = ['no-ack', 'transferred'];

/** How a leg ends because the one it talked with did; its time ends where that one's last proof of life was. */
export function endOfPartner(end: CallEnd): Omit<CallEnd, 'prompt'> {
  const result = OWN_ENDS.includes(end.result) ? 'completed' : end.result;
  return { result, endedBy: end.endedBy, endedAtMs: end.endedAtMs };
}

/**
 * Two legs that hear each other. It is over when one of them ends, which ends the other, or when it is split for a transfer, which ends neither.
 * Each leg keeps its own CDR.
 */
export class Conversation {
  #isOver = false;
  #tellOver: () => void = () => undefined;
  /** Resolves when they no longer hear each other. */
  readonly whenOver = new Promise<void>((resolve) => {
    this.#tellOver = resolve;
  });

  constructor(
    private readonly parts: CallingParts,
    readonly left: RunningCall,
    readonly right: RunningCall,
    private readonly whenRightEnds: WhenRightEnds,
  ) {}

  /** Lets them hear each other. @throws LegGone, AlreadyEnded, LegRefused */
  async begin(): Promise<void> {
    const { left, right } = this;
    await left.leg.bridge(right.leg);
    this.parts.conversations.add(this);
    for (const leg of [left, right]) leg.warnBy((prompt) => this.#tell(leg.payerAccountId, prompt));
    for (const leg of [left, right]) void leg.whenEnded.then(() => this.#onEnd(leg));
    for (const leg of [left, right]) this.parts.liveCalls.update(leg.id, { phase: 'talking' });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  partnerOf(leg: RunningCall): RunningCall {
    return leg === this.left ? this.right : this.left;
  }

  /** Speaks to whom the account belongs, while both go on talking; nobody hears it when the account has no leg here. */
  #tell(accountId: string | null, prompt: PromptName): void {
    if (accountId === null) return;
    const leg = [this.left, this.right].find(({ opened }) => opened.accountId === accountId);
    if (!leg || leg.end || this.#isOver) return;
    leg.leg
      .playOver(leg.files([prompt]))
      .catch((error: unknown) => leg.warn('a warning was not heard', error));
  }

  /** Ends it without ending its legs: neither hears anybody. @throws LegGone */
  async split(): Promise<void> {
    this.#finish();
    if (!this.left.end) await this.left.leg.unbridge();
  }

  #finish(): void {
    this.#isOver = true;
    this.parts.conversations.delete(this);
    this.#tellOver();
  }

  #onEnd(leg: RunningCall): void {
    if (this.#isOver || !leg.end) return;
    this.#finish();
    const partner = this.partnerOf(leg);
    // Who never confirmed our answer was never connected: whatever it cost beyond is not his.
    if (leg.end.result === 'no-ack') partner.waiveCharge();
    if (leg === this.right && this.whenRightEnds === 'keep-left') return;
    partner.endWith({ ...endOfPartner(leg.end), prompt: null });
  }
}

/** All conversations of this node, found by either leg. */
export class Conversations {
  readonly #byLeg = new Map<RunningCall, Conversation>();
  readonly #awaited = new Map<RunningCall, (conversation: Conversation) => void>();

  add(conversation: Conversation): void {
    this.#byLeg.set(conversation.left, conversation);
    this.#byLeg.set(conversation.right, conversation);
    for (const leg of [conversation.left, conversation.right]) this.#awaited.get(leg)?.(conversation);
  }

  delete(conversation: Conversation): void {
    for (const leg of [conversation.left, conversation.right])
      if (this.#byLeg.get(leg) === conversation) this.#byLeg.delete(leg);
  }

  of(leg: RunningCall): Conversation | null {
    return this.#byLeg.get(leg) ?? null;
  }

  /** The conversation of a leg, now or once it has begun: a far side may act on our answer before both hear each other. */
  when(leg: RunningCall): Promise<Conversation> {
    const now = this.of(leg);
    if (now) return Promise.resolve(now);
    return new Promise((resolve) => {
      this.#awaited.set(leg, resolve);
      void leg.whenEnded.then(() => this.#awaited.delete(leg));
    });
  }

  /** The conversation with a leg that has this dialog (RFC 3891 3): our tag is the other side's `to-tag` for it. */
  byDialog(dialog: DialogName): { readonly conversation: Conversation; readonly leg: RunningCall } | null {
    for (const [leg, conversation] of this.#byLeg) if (leg.hasDialog(dialog)) return { conversation, leg };
    return null;
  }
}

/** A dialog as the far side names it in Replaces. */
export type DialogName = { readonly sipCallId: string; readonly ourTag: string; readonly theirTag: string };
