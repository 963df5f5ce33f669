import type { RTCSession } from 'jssip/lib/RTCSession';
import type { UA } from 'jssip/lib/UA';
import { nowMs } from '../clock';
import { levelOf, type Levels } from './levels';

/** What the API gives a browser to be a telephone with. */
export type PhoneLogin = {
  readonly sipUri: string;
  readonly username: string;
  readonly password: string;
  readonly websocketUrls: readonly string[];
  readonly iceServers: readonly RTCIceServer[];
};

/** off: not a telephone; lost: it was, and tries to be again. */
export type PhoneLink = 'off' | 'connecting' | 'ready' | 'lost' | 'refused';

export type PhoneCall = {
  readonly id: string;
  readonly way: 'in' | 'out';
  /** Number or name of the other side. */
  readonly who: string;
  readonly state: 'ringing' | 'calling' | 'talking';
  readonly isHeld: boolean;
  readonly isMuted: boolean;
  readonly sinceMs: number | null;
};

/** How the last call ended that did not end well; JsSIP's cause, or a status of SIP. */
export type PhoneFault = { readonly who: string; readonly cause: string; readonly status: number | null };

export type PhoneState = {
  readonly link: PhoneLink;
  readonly calls: readonly PhoneCall[];
  readonly fault: PhoneFault | null;
};

export type AudioDevices = { readonly microphone: string | null; readonly speaker: string | null };

type Held = { readonly session: RTCSession; readonly ear: HTMLAudioElement; view: PhoneCall };

const KEY_MS = 160;
const GAP_MS = 100;
const OFF: PhoneState = { link: 'off', calls: [], fault: null };

/**
 * A telephone in the browser: SIP over WebSocket (RFC 7118) by JsSIP, which is loaded when the telephone is first switched on. It knows no
 * page: what it does is read from `state`, whose changes are told to those who subscribe.
 */
export class Softphone {
  #state: PhoneState = OFF;
  readonly #listeners = new Set<() => void>();
  readonly #held = new Map<string, Held>();
  #agent: UA | null = null;
  #login: PhoneLogin | null = null;
  #devices: AudioDevices = { microphone: null, speaker: null };
  #last = 0;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): PhoneState => this.#state;

  /** Switches it on: connects, and registers unless it is a guest's, who is not called. */
  async start(login: PhoneLogin, { registers }: { registers: boolean }): Promise<void> {
    this.stop();
    this.#login = login;
    this.#change({ link: 'connecting', fault: null });
    const loaded = await import('jssip');
    const { UA: Agent, WebSocketInterface } = loaded;
    const agent = new Agent({
      sockets: login.websocketUrls.map((url) => new WebSocketInterface(url)),
      uri: login.sipUri,
      authorization_user: login.username,
      password: login.password,
      register: registers,
      session_timers: true,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 15,
    });
    this.#agent = agent;
    agent.on('connected', () => {
      if (!registers) this.#change({ link: 'ready' });
      for (const { session } of this.#held.values()) restartIce(session);
    });
    agent.on('disconnected', () => this.#change({ link: 'lost' }));
    agent.on('registered', () => this.#change({ link: 'ready' }));
    agent.on('registrationFailed', () => this.#change({ link: 'refused' }));
    agent.on('newRTCSession', ({ originator, session }: { originator: string; session: RTCSession }) => {
      if (originator === 'remote')
        this.#follow(session, 'in', session.remote_identity.display_name || session.remote_identity.uri.user);
    });
    agent.start();
    window.addEventListener('online', this.#onOnline);
  }

  /** Hangs up and switches it off. */
  stop(): void {
    window.removeEventListener('online', this.#onOnline);
    this.#agent?.stop();
    this.#agent = null;
    this.#login = null;
    for (const { ear } of this.#held.values()) ear.srcObject = null;
    this.#held.clear();
    this.#set(OFF);
  }

  use(devices: AudioDevices): void {
    this.#devices = devices;
    for (const { ear } of this.#held.values()) void this.#hearBy(ear);
  }

  /** Calls what was typed: the platform understands it as it does a telephone's. */
  call(dialled: string): void {
    const [agent, login] = [this.#agent, this.#login];
    if (!agent || !login) return;
    this.#change({ fault: null });
    const domain = login.sipUri.split('@')[1] ?? '';
    const session = agent.call(
      `sip:${encodeURIComponent(dialled).replaceAll('%2B', '+')}@${domain}`,
      this.#options(),
    );
    this.#follow(session, 'out', dialled);
  }

  answer(id: string): void {
    for (const other of this.#held.values())
      if (other.view.id !== id && other.view.state === 'talking') this.hold(other.view.id, true);
    this.#held.get(id)?.session.answer(this.#options());
  }

  hangUp(id: string): void {
    const held = this.#held.get(id);
    if (!held) return;
    if (held.view.way === 'in' && held.view.state === 'ringing') held.session.terminate({ status_code: 603 });
    else held.session.terminate();
  }

  hold(id: string, on: boolean): void {
    const session = this.#held.get(id)?.session;
    if (on) session?.hold();
    else session?.unhold();
  }

  mute(id: string, on: boolean): void {
    const held = this.#held.get(id);
    if (!held) return;
    if (on) held.session.mute({ audio: true });
    else held.session.unmute({ audio: true });
    this.#see(id, { isMuted: on });
  }

  /** Sends keys by RFC 4733. */
  keys(id: string, keys: string): void {
    this.#held
      .get(id)
      ?.session.sendDTMF(keys, { duration: KEY_MS, interToneGap: GAP_MS, transportType: 'RFC2833' as never });
  }

  /** Sends the other side on to a number (RFC 5589), or joins it with another call of ours (RFC 3891). */
  transfer(id: string, to: { readonly number: string } | { readonly callId: string }): void {
    const [held, login] = [this.#held.get(id), this.#login];
    if (!held || !login) return;
    const domain = login.sipUri.split('@')[1] ?? '';
    if ('number' in to) {
      held.session.refer(`sip:${encodeURIComponent(to.number).replaceAll('%2B', '+')}@${domain}`);
      return;
    }
    const other = this.#held.get(to.callId)?.session;
    if (other) held.session.refer(other.remote_identity.uri.toString(), { replaces: other });
  }

  /** How loud both sides are at this moment, and what has arrived. */
  async levels(id: string): Promise<Levels | null> {
    const connection = this.#held.get(id)?.session.connection;
    return connection ? levelOf(await connection.getStats()) : null;
  }

  #options() {
    return {
      mediaConstraints: {
        audio: this.#devices.microphone === null ? true : { deviceId: { exact: this.#devices.microphone } },
        video: false,
      },
      pcConfig: { iceServers: [...(this.#login?.iceServers ?? [])] },
    };
  }

  #follow(session: RTCSession, way: PhoneCall['way'], who: string): void {
    const id = String(++this.#last);
    const ear = new Audio();
    ear.autoplay = true;
    const state = way === 'in' ? 'ringing' : 'calling';
    this.#held.set(id, {
      session,
      ear,
      view: { id, way, who, state, isHeld: false, isMuted: false, sinceMs: null },
    });
    this.#tell();
    const listen = (connection: RTCPeerConnection) => {
      connection.addEventListener('track', ({ streams, track }) => {
        ear.srcObject = streams[0] ?? new MediaStream([track]);
        void this.#hearBy(ear);
      });
      connection.addEventListener('iceconnectionstatechange', () => {
        if (connection.iceConnectionState === 'failed') restartIce(session);
      });
    };
    if (session.connection) listen(session.connection);
    else
      session.on('peerconnection', ({ peerconnection }: { peerconnection: RTCPeerConnection }) =>
        listen(peerconnection),
      );
    session.on('confirmed', () => this.#see(id, { state: 'talking', sinceMs: nowMs() }));
    session.on('hold', () => this.#see(id, { isHeld: true }));
    session.on('unhold', () => this.#see(id, { isHeld: false }));
    session.on('ended', () => this.#forget(id, null));
    session.on('failed', ({ cause, message }) => {
      const status = (message as { status_code?: number } | null)?.status_code ?? null;
      // Whoever takes back his own call knows why.
      this.#forget(id, cause === 'Canceled' ? null : { who, cause, status });
    });
  }

  #forget(id: string, fault: PhoneFault | null): void {
    const held = this.#held.get(id);
    if (held) held.ear.srcObject = null;
    this.#held.delete(id);
    this.#change({ fault: fault ?? this.#state.fault });
  }

  #see(id: string, change: Partial<PhoneCall>): void {
    const held = this.#held.get(id);
    if (!held) return;
    held.view = { ...held.view, ...change };
    this.#tell();
  }

  async #hearBy(ear: HTMLAudioElement): Promise<void> {
    const { speaker } = this.#devices;
    // Not every browser lets a page choose its loudspeaker.
    if (speaker !== null && 'setSinkId' in ear) await ear.setSinkId(speaker).catch(() => undefined);
  }

  readonly #onOnline = (): void => {
    for (const { session } of this.#held.values()) restartIce(session);
  };

  #change(change: Partial<PhoneState>): void {
    this.#set({ ...this.#state, ...change, calls: [...this.#held.values()].map(({ view }) => view) });
  }

  #tell(): void {
    this.#change({});
  }

  #set(state: PhoneState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** The network has changed: the call looks for a new way (RFC 8445 section 2.4) and goes on. */
function restartIce(session: RTCSession): void {
  if (session.isEstablished()) session.renegotiate({ rtcOfferConstraints: { iceRestart: true } });
}

/** The one telephone of this page: a call goes on while other pages are looked at. */
export const phone = new Softphone();
