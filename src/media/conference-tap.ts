import type { Clock, Timer } from '../kernel/clock';
import type { Leg } from './leg';
import { readAudioPacket } from './rtp-packet';
import type { SilentPeer } from './silent-peer';
import { FRAME_MS, TapTimeline } from './tap-timeline';

/** A silent ear of ours in a conference, which hears what a member that says nothing hears. Who is in a room, it does not count. */
export class ConferenceTap {
  readonly #timeline: TapTimeline;
  readonly #ticking: Timer;
  #onAudio: (frame: Buffer) => void = () => undefined;
  #onGone: () => void = () => undefined;
  #ended = false;

  /** `leg` is in the conference already, set up with the SDP of `peer`. @throws NoAudioDescribed */
  constructor(
    private readonly leg: Leg,
    private readonly peer: SilentPeer,
    clock: Clock,
  ) {
    this.#timeline = new TapTimeline((frame) => this.#onAudio(frame));
    peer.onDatagram((datagram) => {
      const packet = this.#ended ? null : readAudioPacket(datagram);
      if (packet) this.#timeline.take(packet, clock.monotonicMs());
    });
    peer.speakTo(leg.localSdp);
    this.#ticking = clock.every(FRAME_MS, () => this.#timeline.tick(clock.monotonicMs()));
    leg.onGone(() => {
      this.#stop();
      this.#onGone();
    });
  }

  /** The channel of the tap on the media server. */
  get legId(): string {
    return this.leg.id;
  }

  /** Frames that were lost or came too late, since the beginning. */
  get missingFrames(): number {
    return this.#timeline.filledFrames;
  }

  /** Tells what the conference says from the next frame on: 160 bytes of PCMU every 20 ms without a gap. The handler must not throw. */
  onAudio(handler: (frame: Buffer) => void): void {
    this.#onAudio = handler;
  }

  /** Tells once that the tap hears nothing any more and we did not close it. */
  onGone(handler: () => void): void {
    this.#onGone = handler;
  }

  /** Ends the tap: gives the frames that still wait, then hangs up. Never throws. */
  async close(): Promise<void> {
    this.#stop();
    await this.leg.hangUp();
  }

  #stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ticking.cancel();
    this.#timeline.end();
    this.peer.close();
  }
}
