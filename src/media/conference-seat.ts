/** How a leg enters a conference. Nobody hears a `muted` leg, a `deaf` one hears nobody. */
export type JoinOptions = {
  readonly moderator?: boolean;
  readonly muted?: boolean;
  readonly deaf?: boolean;
};

/** Sends an api command and gives its reply. */
export type ApiCall = (command: string, words: readonly string[]) => Promise<string>;

/** FreeSWITCH reads at most 100 member ids in one list. */
const IDS_PER_COMMAND = 50;

/** What the media server did not do, in its own words. */
export class ConferenceRefused extends Error {
  constructor(
    readonly verb: string,
    readonly reply: string,
  ) {
    super(`conference ${verb} was refused: ${reply}`);
    this.name = 'ConferenceRefused';
  }
}

/** Runs `conference <words>`. @throws ConferenceRefused: a refusal comes as an ordinary reply */
export async function runConference(api: ApiCall, words: readonly string[]): Promise<string> {
  const reply = (await api('conference', words)).trim();
  if (reply.startsWith('-ERR')) throw new ConferenceRefused(words[1] ?? '', reply);
  return reply;
}

/** The flags of the application `conference` for these wishes. */
export function conferenceFlags(options: JoinOptions): Record<string, boolean> {
  const { moderator = false, muted = false, deaf = false } = options;
  return { moderator, mute: muted, deaf };
}

/**
 * One leg's place in a conference. All of it is idempotent: what is so already is not asked for again, except where the media server
 * may have changed it by itself.
 */
export class ConferenceSeat {
  readonly #unheardBy = new Set<number>();
  #relating: Promise<void> = Promise.resolve();

  constructor(
    readonly conference: string,
    readonly memberId: number,
    private readonly api: ApiCall,
  ) {}

  /** Whether the others hear this member. */
  setVoice(speaks: boolean): Promise<unknown> {
    return this.#command(speaks ? 'unmute' : 'mute', String(this.memberId));
  }

  /** Whether this member hears the others. */
  setHearing(hears: boolean): Promise<unknown> {
    return this.#command(hears ? 'undeaf' : 'deaf', String(this.memberId));
  }

  /** Queues files that this member alone hears, one after the other; resolves when all are queued. */
  async play(files: readonly string[]): Promise<void> {
    for (const file of files) await this.#command('play', quoted(file), String(this.memberId));
  }

  /** Ends the membership; the channel stays. */
  leave(): Promise<unknown> {
    return this.#command('kick', String(this.memberId));
  }

  /** Lets exactly these members not hear this one. Sends only what changed; calls take their turn. */
  unheardBy(memberIds: ReadonlySet<number>): Promise<void> {
    const turn = this.#relating.catch(() => undefined).then(() => this.#relate(memberIds));
    this.#relating = turn.catch(() => undefined);
    return turn;
  }

  async #relate(wanted: ReadonlySet<number>): Promise<void> {
    const deafened = [...wanted].filter((id) => id !== this.memberId && !this.#unheardBy.has(id));
    const restored = [...this.#unheardBy].filter((id) => !wanted.has(id));
    for (const id of await this.#relateAll(deafened, 'nospeak')) this.#unheardBy.add(id);
    for (const id of restored) this.#unheardBy.delete(id);
    await this.#relateAll(restored, 'clear');
  }

  /** Gives the ids that the media server confirmed; of a member that has left meanwhile it says "not found". */
  async #relateAll(ids: readonly number[], verb: 'nospeak' | 'clear'): Promise<number[]> {
    const confirmed: number[] = [];
    for (let at = 0; at < ids.length; at += IDS_PER_COMMAND) {
      const some = ids.slice(at, at + IDS_PER_COMMAND).join(',');
      const reply = await this.api('conference', [
        this.conference,
        'relate',
        String(this.memberId),
        some,
        verb,
      ]);
      for (const [, id] of reply.matchAll(/^\+OK \d+->(\d+) /gm)) confirmed.push(Number(id));
    }
    return confirmed;
  }

  #command(verb: string, ...words: readonly string[]): Promise<string> {
    return runConference(this.api, [this.conference, verb, ...words]);
  }
}

/** A path with blanks is one word for the media server only between quotes. */
export function quoted(path: string): string {
  return /\s/.test(path) ? `'${path}'` : path;
}
