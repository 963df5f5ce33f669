import type { Endpoint } from 'drachtio-fsmrf';
import type { Clock } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { audioSdp, KEYS, mediaAddress, PCMA, PCMU } from './audio-sdp';
import { isBrowserAudio, offeredBrowserLines } from './browser-audio';
import type { BridgeWatch } from './bridge-watch';
import { Leg } from './leg';
import { AnswerNotSecure, cryptoLineOf } from './secure-audio';
import type { SilentPeer } from './silent-peer';

/** What is offered to a far end, in this order. */
export const OUTBOUND_PAYLOAD_TYPES = [PCMU, PCMA, KEYS];

/**
 * The channel of somebody we call. A silent peer of ours stands in for the far end until that has answered, because an INVITE without SDP
 * leaves FreeSWITCH a channel that runs no applications; a re-INVITE then puts the far end's address in. With SRTP that re-INVITE comes
 * from the media server: it changes its key when it is offered a new one, but not when it is answered with one. So with a browser, which is
 * told the certificate and the credentials that the media server answered the silent peer with.
 */
export class OutboundLeg extends Leg {
  readonly #offer: string;
  /** The key the media server encrypts with; null for plain RTP. */
  readonly #cryptoLine: string | null;
  readonly #isBrowser: boolean;

  /** `endpoint` was set up with the SDP of `standIn`. @throws NoAudioDescribed */
  constructor(
    endpoint: Endpoint,
    clock: Clock,
    log: Log,
    bridges: BridgeWatch,
    private readonly standIn: SilentPeer,
  ) {
    super(endpoint, clock, log, bridges);
    // Built anew out of address and port: nothing of the inner network stands in it, and both codecs, not the one that was answered.
    const listening = mediaAddress(super.localSdp);
    this.#cryptoLine = cryptoLineOf(super.localSdp);
    this.#isBrowser = isBrowserAudio(super.localSdp);
    this.#offer = audioSdp({
      ...listening,
      payloadTypes: OUTBOUND_PAYLOAD_TYPES,
      cryptoLine: this.#cryptoLine,
      browserLines: this.#isBrowser ? offeredBrowserLines(super.localSdp) : null,
    });
    if (this.#cryptoLine === null && !this.#isBrowser) standIn.speakTo(super.localSdp);
    endpoint.once('destroy', () => standIn.close());
  }

  /** Our offer to the far end. */
  override get localSdp(): string {
    return this.#offer;
  }

  /**
   * Takes what the far end answered, in a 183 or a 200; may be called again. Sound flows from then on, both ways.
   * @throws AnswerNotSecure when SRTP was offered and it is none, LegGone, TimedOut, or the media server's refusal of SDP without G.711
   */
  async acceptAnswer(sdp: string): Promise<void> {
    if (this.#isBrowser ? !isBrowserAudio(sdp) : this.#cryptoLine !== null && cryptoLineOf(sdp) === null)
      throw new AnswerNotSecure();
    if (this.#cryptoLine === null && !this.#isBrowser) await this.reoffer(sdp);
    else await this.answerItsOffer(sdp);
    this.standIn.close();
  }

  override async hangUp(): Promise<void> {
    this.standIn.close();
    await super.hangUp();
  }
}
