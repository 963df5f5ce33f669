import type { Log } from '../../kernel/log';
import type { ConferenceTap } from '../../media/conference-tap';
import type { MediaServers } from '../../media/media-servers';

/** Takes a room's sound: frames of 20 ms, 160 bytes of G.711 µ-law; `gone` says that no more come. */
export type AudioSink = { readonly onFrame: (frame: Buffer) => void; readonly onGone: () => void };

/** What a room sounds like, for its recording and its broadcast: one listen-only leg that is there while somebody listens. */
export class RoomAudio {
  readonly #sinks = new Set<AudioSink>();
  #tap: Promise<ConferenceTap> | null = null;

  constructor(
    private readonly media: Pick<MediaServers, 'tapConference'>,
    private readonly conference: string,
    private readonly log: Log,
  ) {}

  /** Sends the sound to a sink until the returned function is called. @throws MediaUnavailable */
  async listen(sink: AudioSink): Promise<() => void> {
    this.#sinks.add(sink);
    try {
      this.#tap ??= this.#open();
      await this.#tap;
    } catch (error) {
      this.#tap = null;
      this.#sinks.delete(sink);
      throw error;
    }
    return () => {
      this.#sinks.delete(sink);
      if (this.#sinks.size === 0) this.#close();
    };
  }

  async #open(): Promise<ConferenceTap> {
    const tap = await this.media.tapConference(this.conference);
    tap.onAudio((frame) => {
      for (const { onFrame } of this.#sinks) onFrame(frame);
    });
    tap.onGone(() => {
      this.#tap = null;
      for (const { onGone } of this.#sinks) onGone();
      this.#sinks.clear();
    });
    return tap;
  }

  #close(): void {
    const closing = this.#tap;
    this.#tap = null;
    closing
      ?.then((tap) => tap.close())
      .catch((error: unknown) => this.log.warn('a room’s sound was not closed', { error }));
  }
}
