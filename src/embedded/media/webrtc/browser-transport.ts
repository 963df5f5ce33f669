import type { Clock } from '../../../kernel/clock';
import type { Log } from '../../../kernel/log';
import type { SdesKey } from '../sdes';
import type { RemoteWebRtc, WebRtcSetup } from '../sdp';
import type { SocketAddress } from '../source-lock';
import type { DtlsHandshakes, Handshake } from './dtls-handshakes';
import { type IceCredentials, IceLite } from './ice-lite';
import { isDtls, isStun } from './stun';

/** RFC 7675 section 5.1: a peer that renews its consent no more may not be sent to. */
const consentMs = 30_000;
const suite = 'AES_CM_128_HMAC_SHA1_80';

export type BrowserTransportHandlers = {
  send(datagram: Buffer, to: SocketAddress): void;
  /** The browser has picked where it wants to be sent to. */
  target(address: SocketAddress): void;
  keys(keys: { ours: SdesKey; theirs: SdesKey }): void;
  /** No keys will come. */
  failed(why: string): void;
};

export type BrowserTransportOptions = {
  readonly clock: Clock;
  readonly log: Log;
  readonly handshakes: DtlsHandshakes;
  /** Our certificate. */
  readonly fingerprint: string;
  readonly handlers: BrowserTransportHandlers;
};

/** What lies below the RTP of a browser: the checks that find the way (ICE), and the handshake that brings the keys (DTLS-SRTP). */
export class BrowserTransport {
  private readonly ice = new IceLite();
  private handshake: Handshake | undefined;
  private peerFingerprint: string | undefined;
  private target: SocketAddress | undefined;
  private consentLost = false;

  constructor(private readonly options: BrowserTransportOptions) {}

  /** What our SDP says; `isOffer`: the browser then chooses who begins the handshake, and must choose itself. */
  local(isOffer: boolean): IceCredentials & { fingerprint: string; setup: WebRtcSetup } {
    const { fingerprint } = this.options;
    return { ...this.ice.credentials, fingerprint, setup: isOffer ? 'actpass' : 'passive' };
  }

  /** Takes what the peer's SDP says. A new certificate needs a new handshake; new credentials are a restart of ICE alone. */
  expect(remote: RemoteWebRtc, isOffer: boolean): void {
    this.ice.expect({ ufrag: remote.ufrag, pwd: remote.pwd }, isOffer);
    if (this.peerFingerprint === remote.fingerprint) return;
    this.peerFingerprint = remote.fingerprint;
    this.handshake?.end();
    this.handshake = undefined;
  }

  /** Begun when the browser begins it: it may ring for long. */
  private shake(peerFingerprint: string): Handshake {
    const { handshakes, handlers } = this.options;
    return handshakes.begin(peerFingerprint, {
      send: (datagram) => this.target && handlers.send(datagram, this.target),
      connected: ({ ours, theirs }) =>
        handlers.keys({ ours: { tag: 1, suite, master: ours }, theirs: { tag: 1, suite, master: theirs } }),
      failed: (why) => {
        this.options.log.warn('dtls handshake failed', { why });
        handlers.failed(why);
      },
    });
  }

  /** Takes a datagram that is no RTP; false when it may be. */
  take(datagram: Buffer, from: SocketAddress): boolean {
    if (isStun(datagram)) this.check(datagram, from);
    else if (isDtls(datagram)) {
      if (this.peerFingerprint === undefined || !this.ice.isProven(from)) return true;
      this.handshake ??= this.shake(this.peerFingerprint);
      this.handshake.take(datagram);
    } else return false;
    return true;
  }

  /** True once, when the browser no longer agrees to be sent to: it is gone, whatever the call does. */
  losesConsent(nowMs: number): boolean {
    const { lastCheckMs } = this.ice;
    if (this.consentLost || lastCheckMs === undefined || nowMs - lastCheckMs <= consentMs) return false;
    this.consentLost = true;
    return true;
  }

  close(): void {
    this.handshake?.end();
    this.handshake = undefined;
  }

  private check(datagram: Buffer, from: SocketAddress): void {
    const { clock, handlers } = this.options;
    const taken = this.ice.take(datagram, from, clock.monotonicMs());
    if (taken === undefined) return;
    handlers.send(taken.answer, from);
    const { target } = this;
    const isNew = target?.port !== from.port || target.address !== from.address;
    if (!isNew || (target !== undefined && !taken.nominated)) return;
    this.target = { address: from.address, port: from.port };
    handlers.target(this.target);
  }
}
