import type { Clock } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import { frameMs } from './audio-frame';
import { MediaLeg, type LegHandlers } from './media-leg';
import { RtpPortRange } from './rtp-port';
import { Ticker } from './ticker';
import { BrowserTransport } from './webrtc/browser-transport';
import { DtlsHandshakes } from './webrtc/dtls-handshakes';

export type MediaEngineOptions = {
  clock: Clock;
  log: Log;
  rtpHost: string;
  /** Address that goes into SDP when it is not rtpHost: a public one in front of a NAT. */
  advertisedHost?: string;
  rtpPortMin: number;
  rtpPortMax: number;
  /** A leg whose peer should send and does not for this long is told to its owner. */
  rtpTimeoutMs: number;
};

/** Something between the two halves of a slot: a room that mixes what was received into what will be sent. */
export interface SlotWorker {
  work(slots: number): void;
}

/** Owns all legs and rooms of the process and the one tick that drives them. */
export class MediaEngine {
  private readonly legs: MediaLeg[] = [];
  private readonly workers: SlotWorker[] = [];
  private readonly ports: RtpPortRange;
  private readonly ticker: Ticker;
  private readonly handshakes: DtlsHandshakes;
  private slotCount = 0;
  /** Slots that a stall of the process skipped. */
  skippedSlots = 0;

  constructor(private readonly options: MediaEngineOptions) {
    this.ports = new RtpPortRange(options.rtpHost, options.rtpPortMin, options.rtpPortMax, options.log);
    this.handshakes = new DtlsHandshakes(options.clock, options.log);
    this.ticker = new Ticker(options.clock, (slots) => this.trySlot(slots));
  }

  /** Address that goes into SDP. */
  get host(): string {
    return this.options.advertisedHost ?? this.options.rtpHost;
  }

  /** How long a peer may send nothing unless its leg is told otherwise. */
  get rtpTimeoutMs(): number {
    return this.options.rtpTimeoutMs;
  }

  /** Port pairs in use. */
  get openPorts(): number {
    return this.ports.open;
  }

  start(): void {
    this.ticker.start();
  }

  /** Opens sockets for a new leg. Rejects with NoFreePort. */
  async openLeg(handlers: LegHandlers): Promise<MediaLeg> {
    const { clock, rtpTimeoutMs } = this.options;
    const leg = new MediaLeg({ clock, handlers, rtpTimeoutMs });
    const { ticker } = this;
    const port = await this.ports.take((datagram, from, onRtcpPort) => {
      try {
        const arrivedMs = leg.take(datagram, from, onRtcpPort);
        if (arrivedMs !== 0) ticker.poke(arrivedMs);
      } catch (error) {
        this.options.log.error('datagram handler failed', { error: String(error) });
      }
    });
    leg.attach(port);
    this.legs.push(leg);
    return leg;
  }

  /** Makes a leg one for a browser. `failed`: its handshake came to nothing. Rejects when no handshakes can be had. */
  async openBrowserWay(leg: MediaLeg, failed: (why: string) => void): Promise<BrowserTransport> {
    const { clock, log } = this.options;
    const { handshakes } = this;
    const fingerprint = await handshakes.ready();
    leg.browser ??= new BrowserTransport({
      clock,
      log,
      handshakes,
      fingerprint,
      handlers: {
        send: (datagram, to) => leg.sendBeside(datagram, to),
        target: (address) => leg.sendTo(address),
        keys: (keys) => leg.secure(keys),
        failed,
      },
    });
    return leg.browser;
  }

  /** Closes a leg's sockets; nothing is received or sent after this. */
  closeLeg(leg: MediaLeg): void {
    const at = this.legs.indexOf(leg);
    if (at < 0) return;
    this.legs[at] = this.legs.at(-1) as MediaLeg;
    this.legs.pop();
    leg.close();
  }

  addWorker(worker: SlotWorker): void {
    this.workers.push(worker);
  }

  removeWorker(worker: SlotWorker): void {
    const at = this.workers.indexOf(worker);
    if (at >= 0) this.workers.splice(at, 1);
  }

  /** Ends the tick and closes every leg. */
  close(): void {
    this.ticker.stop();
    this.handshakes.close();
    while (this.legs.length > 0) this.closeLeg(this.legs[0] as MediaLeg);
  }

  /** One leg's fault must not silence all others for ever. */
  private trySlot(slots: number): void {
    try {
      this.runSlot(slots);
    } catch (error) {
      this.options.log.error('media slot failed', { error: String(error) });
    }
  }

  private runSlot(slots: number): void {
    const { legs, workers } = this;
    this.skippedSlots += slots - 1;
    for (const leg of legs) leg.receive(slots);
    // Rooms that empty take themselves out while we go through them.
    for (let at = workers.length - 1; at >= 0; at -= 1) workers[at]?.work(slots);
    for (let at = legs.length - 1; at >= 0; at -= 1) legs[at]?.transmit(slots);
    this.sweepSome();
  }

  /** Each leg is swept once a second, a fiftieth of them in each slot, so that no slot carries all reports. */
  private sweepSome(): void {
    const slotsPerSecond = 1_000 / frameMs;
    const nowMs = this.options.clock.monotonicMs();
    for (let at = this.slotCount % slotsPerSecond; at < this.legs.length; at += slotsPerSecond)
      this.legs[at]?.sweep(nowMs);
    this.slotCount += 1;
  }
}
