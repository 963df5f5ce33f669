import Mrf, { type Endpoint, type MediaServer } from 'drachtio-fsmrf';
import type Srf from 'drachtio-srf';
import { Connection, type Event } from 'modesl';
import { AppError } from '../kernel/app-error';
import { type Clock, type Timer, within } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { type ApiCall, quoted, runConference } from './conference-seat';
import { isBrowserAudio, withoutVoice } from './browser-audio';
import { BridgeWatch } from './bridge-watch';
import { mannerOf, nextVersion, PCMU, plainlySaid } from './audio-sdp';
import { ConferenceTap } from './conference-tap';
import { Leg } from './leg';
import { type MeasuredQuality, measuredQuality } from './leg-quality';
import { OUTBOUND_PAYLOAD_TYPES, OutboundLeg } from './outbound-leg';
import { probeEventSocket } from './probe-event-socket';
import { type Protection, SilentPeer } from './silent-peer';
import type { HungUpLeg } from '../kernel/hung-up-leg';
import { type EventHeader, hungUpLeg, Talkers } from './switch-events';

/** No media server can take a call now. */
export class MediaUnavailable extends AppError {
  readonly code = 'media-unavailable';
  constructor(reason: string) {
    super(`no media server can take the call: ${reason}`, { reason });
  }
}

/** All words after CUSTOM are subclasses. */
const CONTROL_EVENTS = [
  'CHANNEL_HANGUP_COMPLETE',
  'CHANNEL_BRIDGE',
  'CHANNEL_PARK',
  'CUSTOM',
  'conference::maintenance',
];
const CONNECT_LIMIT_MS = 5_000;
/** The longest a command to a whole conference may take. */
const COMMAND_LIMIT_MS = 5_000;
const RECONNECT_MS = 1_000;
/** A leg that the media server has not set up by then is given up: callers hear silence meanwhile. */
const CREATE_LIMIT_MS = 8_000;
/** How long statistics of an ended leg are waited for, and how long they are kept for somebody who asks late. */
const QUALITY_LIMIT_MS = 1_000;
const QUALITY_KEPT_MS = 10_000;

export type MediaServerAddress = {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly profile: string;
  readonly listenAddress: string;
  /** Marks our channels on a media server that several nodes share. */
  readonly nodeId: string;
};

/**
 * Our connection to FreeSWITCH: kept up by probing first and connecting afterwards, since the libraries loop or hang on a server that
 * is not there. An independent event connection tells when it is lost and what legs measured.
 */
export class MediaServers {
  #server: MediaServer | null = null;
  #control: Connection | null = null;
  #retry: Timer | null = null;
  #stopped = false;
  #swept = false;
  #everUp: (() => void)[] = [];
  readonly #quality = new Map<string, (quality: MeasuredQuality | null) => void>();
  readonly #measured = new Map<string, MeasuredQuality | null>();
  readonly #talkers = new Talkers();
  readonly #bridges = new BridgeWatch();
  #onTalking: (legId: string, talking: boolean) => void = () => undefined;
  #onHungUp: (facts: HungUpLeg) => void = () => undefined;

  constructor(
    private readonly srf: Srf,
    private readonly address: MediaServerAddress,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Begins connecting; goes on until stop. */
  start(): void {
    this.#connect().catch((error: unknown) => {
      this.log.warn('media server is not reachable', {
        host: this.address.host,
        port: this.address.port,
        error,
      });
      this.#lose();
    });
  }

  /** Whether calls can be taken. */
  get ready(): boolean {
    return this.#server !== null;
  }

  /** Resolves when the media server has been reached for the first time. */
  whenReady(): Promise<void> {
    return new Promise((resolve) => {
      if (this.ready) resolve();
      else this.#everUp.push(resolve);
    });
  }

  /** Tells who begins and ends talking in a conference. A second call replaces the handler, which must not throw. */
  onTalking(handler: (legId: string, talking: boolean) => void): void {
    this.#onTalking = handler;
  }

  /** Tells every leg of ours that has ended, as the media server has it. A second call replaces the handler, which must not throw. */
  onHungUp(handler: (facts: HungUpLeg) => void): void {
    this.#onHungUp = handler;
  }

  /** Sets up a channel that answers this offer. `headers` go to the media server with the INVITE. @throws MediaUnavailable */
  async createLeg(remoteSdp: string, headers: Readonly<Record<string, string>>): Promise<Leg> {
    const isBrowser = isBrowserAudio(remoteSdp);
    // FreeSWITCH answers nobody before a browser's handshake, which comes after our answer; but for one that says nothing it waits not.
    const first = isBrowser ? withoutVoice(remoteSdp) : remoteSdp;
    const endpoint = await this.#createEndpoint(plainlySaid(first), headers);
    const leg = new Leg(endpoint, this.clock, this.log, this.#bridges);
    // How long a channel may be silent is read with an offer, and only a channel that is there can be told.
    if (isBrowser || mannerOf(remoteSdp) !== 'speaks') await this.#offerAgain(leg, remoteSdp);
    return leg;
  }

  async #offerAgain(leg: Leg, remoteSdp: string): Promise<void> {
    try {
      await leg.reoffer(nextVersion(remoteSdp));
    } catch (error) {
      await leg.hangUp();
      throw new MediaUnavailable(
        `a channel that is silent from the beginning was not set up: ${String(error)}`,
      );
    }
  }

  /**
   * Sets up a channel for somebody we call: its `localSdp` is our offer, in the way `speaks` says. `headers` as in createLeg.
   * @throws MediaUnavailable
   */
  async createOutboundLeg(
    headers: Readonly<Record<string, string>>,
    speaks: Protection = 'plain',
  ): Promise<OutboundLeg> {
    return this.#withPeer(OUTBOUND_PAYLOAD_TYPES, async (peer) => {
      const endpoint = await this.#createEndpoint(plainlySaid(peer.sdpOf(speaks)), headers);
      return new OutboundLeg(endpoint, this.clock, this.log, this.#bridges, peer);
    });
  }

  /** Plays files to everybody in the conference, one after the other; resolves when they are queued. @throws ConferenceRefused */
  async playToConference(conference: string, files: readonly string[]): Promise<void> {
    for (const file of files) await runConference(this.#api, [conference, 'play', quoted(file)]);
  }

  /** Puts a silent ear of ours into the conference, which begins with it when there is none. @throws MediaUnavailable, LegGone */
  async tapConference(conference: string): Promise<ConferenceTap> {
    return this.#withPeer([PCMU], async (peer) => {
      const leg = await this.createLeg(peer.sdp, { 'X-Purpose': 'tap' });
      try {
        // A member like others, not a ghost: of somebody who is alone but for ghosts FreeSWITCH hears nothing.
        await leg.join(conference, { muted: true });
        return new ConferenceTap(leg, peer, this.clock);
      } catch (error) {
        await leg.hangUp();
        throw error;
      }
    });
  }

  /** What was measured of an ended leg; null when the media server does not tell in time. */
  async qualityOf(legId: string): Promise<MeasuredQuality | null> {
    const measured = this.#measured.get(legId);
    if (measured !== undefined) return measured;
    const told = new Promise<MeasuredQuality | null>((resolve) => this.#quality.set(legId, resolve));
    return within(this.clock, QUALITY_LIMIT_MS, 'leg statistics', told)
      .catch(() => null)
      .finally(() => this.#quality.delete(legId));
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    this.#disconnect();
  }

  async #createEndpoint(remoteSdp: string, headers: Readonly<Record<string, string>>): Promise<Endpoint> {
    if (!this.#server) throw new MediaUnavailable('not connected');
    try {
      const creating = this.#server.createEndpoint({
        remoteSdp,
        headers: { ...headers, 'X-Node': this.address.nodeId },
      });
      return await within(this.clock, CREATE_LIMIT_MS, 'creating a leg', creating);
    } catch (error) {
      throw new MediaUnavailable(error instanceof Error ? error.message : String(error));
    }
  }

  /** The peer is closed when what was to use it did not come about. */
  async #withPeer<T>(payloadTypes: readonly number[], use: (peer: SilentPeer) => Promise<T>): Promise<T> {
    const peer = await SilentPeer.open(this.address.listenAddress, payloadTypes, this.clock);
    try {
      return await use(peer);
    } catch (error) {
      peer.close();
      throw error;
    }
  }

  readonly #api: ApiCall = (command, words) => {
    const control = this.#control;
    if (!control || !this.ready) return Promise.reject(new MediaUnavailable('not connected'));
    const asked = new Promise<string>((resolve) => {
      control.api(command, words, (reply) => resolve(reply.getBody()));
    });
    return within(this.clock, COMMAND_LIMIT_MS, command, asked);
  };

  async #connect(): Promise<void> {
    const { host, port, secret, profile, listenAddress } = this.address;
    await probeEventSocket({ host, port, password: secret, limitMs: CONNECT_LIMIT_MS, clock: this.clock });
    const control = await within(this.clock, CONNECT_LIMIT_MS, 'event connection', this.#openControl());
    const mrf = new Mrf(this.srf);
    const server = await within(
      this.clock,
      CONNECT_LIMIT_MS,
      'media server',
      mrf.connect({ address: host, port, secret, listenAddress, profile }),
    );
    await this.#sweepOnce(control);
    if (this.#stopped || this.#control !== control) {
      server.disconnect();
      return;
    }
    this.#server = server;
    this.log.info('media server is connected', { host, port });
    for (const tell of this.#everUp.splice(0)) tell();
  }

  /**
   * Ends channels of a run of ours that was killed: nobody controls them any more, and nobody hears them. No call is taken before it is
   * done, since it ends every channel that bears our node's name.
   */
  async #sweepOnce(control: Connection): Promise<void> {
    if (this.#swept) return;
    const words = ['MANAGER_REQUEST', 'sip_h_X-Node', this.address.nodeId];
    const done = new Promise<void>((resolve) => control.api('hupall', words, () => resolve()));
    await within(this.clock, CONNECT_LIMIT_MS, 'ending channels of an earlier run', done);
    this.#swept = true;
  }

  #openControl(): Promise<Connection> {
    const { host, port, secret } = this.address;
    return new Promise((resolve, reject) => {
      const control = new Connection(host, port, secret, () => {
        control.subscribe(CONTROL_EVENTS);
        resolve(control);
      });
      this.#control = control;
      control.on('error', reject);
      control.on('esl::event::auth::fail', () => reject(new Error('the event socket refused our password')));
      control.on('esl::end', () => {
        if (this.#control === control) this.#lose();
      });
      control.on('esl::event::CHANNEL_HANGUP_COMPLETE::*', (event: Event) => this.#onHangUp(event));
      for (const name of ['CHANNEL_BRIDGE', 'CHANNEL_PARK'])
        control.on(`esl::event::${name}::*`, (event: Event) =>
          this.#bridges.take((header) => event.getHeader(header)),
        );
      control.on('esl::event::CUSTOM::*', (event: Event) => this.#onConference(event));
    });
  }

  #onConference(event: Event): void {
    const change = this.#talkers.take((name) => event.getHeader(name));
    if (change) this.#onTalking(change.legId, change.talking);
  }

  #onHangUp(event: Event): void {
    const header: EventHeader = (name) => event.getHeader(name);
    const facts = hungUpLeg(header, this.address.nodeId);
    if (facts) this.#onHungUp(facts);
    const legId = event.getHeader('Unique-ID') ?? '';
    const quality = measuredQuality(header);
    const waiting = this.#quality.get(legId);
    if (waiting) return waiting(quality);
    this.#measured.set(legId, quality);
    this.clock.after(QUALITY_KEPT_MS, () => this.#measured.delete(legId));
  }

  #lose(): void {
    if (this.#server)
      this.log.error('media server is lost', { host: this.address.host, port: this.address.port });
    this.#disconnect();
    if (this.#stopped) return;
    this.#retry?.cancel();
    this.#retry = this.clock.after(RECONNECT_MS, () => this.start());
  }

  #disconnect(): void {
    const server = this.#server;
    const control = this.#control;
    this.#server = null;
    this.#control = null;
    this.#talkers.clear();
    server?.disconnect();
    control?.disconnect();
  }
}
