import type { Endpoint } from 'drachtio-fsmrf';
import type { Clock } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { Leg } from './leg';
import { offerToFarEnd } from './outbound-sdp';

/**
 * The channel of somebody we call. It is set up with a placeholder for the far end, because the way without (an INVITE without SDP)
 * leaves FreeSWITCH a channel that runs no applications; when the far end has answered, a re-INVITE puts its address in.
 */
export class OutboundLeg extends Leg {
  readonly #offer: string;

  constructor(endpoint: Endpoint, clock: Clock, log: Log) {
    super(endpoint, clock, log);
    this.#offer = offerToFarEnd(super.localSdp);
  }

  /** Our offer to the far end. */
  override get localSdp(): string {
    return this.#offer;
  }

  /**
   * Takes what the far end answered, in a 183 or a 200; may be called again. Sound flows from then on, both ways.
   * @throws LegGone, TimedOut, or the media server's refusal of SDP without G.711
   */
  async acceptAnswer(sdp: string): Promise<void> {
    await this.reoffer(sdp);
  }
}
