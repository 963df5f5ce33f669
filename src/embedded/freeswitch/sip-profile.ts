import type { MediaLeg } from '../media/media-leg';
import { answerKey, sameKey, type SdesKey } from '../media/sdes';
import { type LocalAudio, parseSdp, type RemoteSdp, writeAnswer, writeOffer } from '../media/sdp';
import type { IncomingCall } from '../user-agent/incoming-call';
import type { ApiCommands } from './api-commands';
import { type Caller, Channel } from './channel';
import type { Core } from './core';
import { type ControllerAddress, openControlSocket, parseControllerAddress } from './outbound-socket';

/** drachtio-fsmrf names its calls so; the dialplan of its profile takes no other. */
const ourUserAgent = /^drachtio-fsmrf:/;
/** Header names that become `variable_sip_h_…`. */
const passedOnHeader = /^[XP]-[\w!%*+`'~.-]{1,64}$/i;

/** Who may be told to control a call, beside the host that sent the INVITE. */
export type SipProfileOptions = { core: Core; api: ApiCommands; controllerHosts: readonly string[] };

/**
 * The SIP profile `drachtio_mrf` with its dialplan: answers calls of drachtio-fsmrf and hands them to the socket they name. What
 * is sent here decides where we connect to with full rights, so only the sender's own host (or one that was configured) is taken.
 */
export class SipProfile {
  private sessionId: number;

  constructor(private readonly options: SipProfileOptions) {
    this.sessionId = Math.floor(options.core.clock.nowMs() / 1_000);
  }

  /** Takes one INVITE. Never throws. */
  take(call: IncomingCall): void {
    const { core } = this.options;
    const refusal = this.refusalOf(call);
    if (refusal) {
      core.log.warn('call refused', { status: refusal.status, why: refusal.why, from: call.remoteAddress });
      call.refuse(refusal.status, refusal.reason, refusal.status === 503 ? { 'Retry-After': '10' } : {});
      return;
    }
    const controller = parseControllerAddress(call.header('x-esl-outbound') ?? '') as ControllerAddress;
    const offer = call.body.trim() === '' ? undefined : parseSdp(call.body);
    const channel = new Channel(core, call, callerOf(call));
    setSipVariables(channel, call);
    core.channels.add(channel, core.clock.nowMs());
    new ChannelCall(this.options, channel, this.nextSessionId()).begin(offer, controller);
  }

  private nextSessionId(): number {
    this.sessionId += 1;
    return this.sessionId;
  }

  private refusalOf(call: IncomingCall): { status: number; reason: string; why: string } | undefined {
    const { core } = this.options;
    if (!ourUserAgent.test(call.header('user-agent') ?? '')) {
      return { status: 404, reason: 'Not Found', why: 'no dialplan for this caller' };
    }
    const controller = parseControllerAddress(call.header('x-esl-outbound') ?? '');
    if (!controller) return { status: 404, reason: 'Not Found', why: 'X-esl-outbound names no address' };
    if (!this.mayControl(controller.host, call.remoteAddress)) {
      return { status: 403, reason: 'Forbidden', why: `controller ${controller.host} is not the sender` };
    }
    if (core.channels.full)
      return { status: 503, reason: 'Maximum Calls In Progress', why: 'all sessions in use' };
    const secure = /^true$/i.test(call.header('x-secure-rtp') ?? '');
    if (secure || (call.body.trim() !== '' && !parseSdp(call.body))) {
      return { status: 488, reason: 'Not Acceptable Here', why: 'no audio that we speak in the offer' };
    }
    return undefined;
  }

  private mayControl(host: string, sender: string): boolean {
    if (host === sender || this.options.controllerHosts.includes(host)) return true;
    return isLoopback(host) && isLoopback(sender);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\./.test(host);
}

/** Ties one SIP call to its channel: opens media, answers, follows re-offers, INFO and the end. */
class ChannelCall {
  private sdpVersion = 1;
  private offeredByUs = false;
  /** Ours goes with theirs: a new one of theirs in an offer gets a new one of ours, as in FreeSWITCH. */
  private keys: { ours: SdesKey; theirs: SdesKey } | undefined;
  private controller: ControllerAddress | undefined;
  /** How a browser named its audio. */
  private mid: string | undefined;

  constructor(
    private readonly options: SipProfileOptions,
    private readonly channel: Channel,
    private readonly sessionId: number,
  ) {}

  /** Must be called within the INVITE's callback: the handlers are set before anything else can happen to the call. */
  begin(offer: RemoteSdp | undefined, controller: ControllerAddress): void {
    const { channel } = this;
    this.controller = controller;
    channel.call.handle({
      acked: (sdp) => this.takeAnswer(sdp),
      ended: (cause) => channel.hangUp(cause === 'cancel' ? 'ORIGINATOR_CANCEL' : endCauses[cause], 'peer'),
      reoffered: (sdp) => this.reoffer(sdp),
      info: (contentType, body) => channel.leg?.takeInfo(contentType, body),
    });
    channel.fire('CHANNEL_CREATE');
    this.open(offer).catch((error: unknown) => {
      this.options.core.log.error('media could not be opened', {
        channel: channel.uuid,
        error: String(error),
      });
      channel.hangUp('NORMAL_CIRCUIT_CONGESTION');
    });
  }

  private async open(offer: RemoteSdp | undefined): Promise<void> {
    const { core, api } = this.options;
    const { channel } = this;
    const leg = await core.media.openLeg({
      onDigit: (digit, origin) => channel.receiveDigit(digit, origin),
      onSilent: () => channel.hangUp('MEDIA_TIMEOUT'),
    });
    if (!channel.alive) {
      core.media.closeLeg(leg);
      return;
    }
    channel.leg = leg;
    leg.source = channel;
    this.offeredByUs = offer === undefined;
    channel.renegotiate = () => this.renegotiate(leg);
    if (offer?.audio.webrtc) {
      await core.media.openBrowserWay(leg, () => channel.hangUp('INCOMPATIBLE_DESTINATION'));
      if (!channel.alive) return;
    }
    if (offer) this.takeOfferedKey(offer.audio.key);
    if (offer) this.negotiate(leg, offer, channel.call.body, true);
    const local = offer
      ? writeAnswer(this.localAudio(leg, false), offer)
      : writeOffer(this.localAudio(leg, true));
    this.setLocalVariables(leg, local);
    channel.call.answer(local);
    channel.markAnswered();
    openControlSocket(core, api, channel, this.controller as ControllerAddress);
  }

  private localAudio(leg: MediaLeg, isOffer: boolean): LocalAudio {
    const { browser } = leg;
    return {
      address: this.options.core.media.host,
      port: leg.localPort,
      sessionId: this.sessionId,
      version: this.sdpVersion,
      key: this.keys?.ours,
      webrtc: browser && { ...browser.local(isOffer), mid: this.mid },
    };
  }

  private takeOfferedKey(theirs: SdesKey | undefined): void {
    const known = this.keys?.theirs;
    if (theirs && known && sameKey(known, theirs) && known.tag === theirs.tag) return;
    this.keys = theirs && { ours: answerKey(theirs), theirs };
  }

  /** Our key goes on being used with the new one of theirs. */
  private takeAnsweredKey(theirs: SdesKey | undefined): boolean {
    const { keys } = this;
    if (keys === undefined || theirs === undefined) return keys === theirs;
    if (keys.ours.suite !== theirs.suite) return false;
    this.keys = { ours: keys.ours, theirs };
    return true;
  }

  /** `uuid_media_reneg`: an offer of ours in a re-INVITE. */
  private renegotiate(leg: MediaLeg): boolean {
    const { channel, options } = this;
    if (!channel.alive || channel.answeredMs === undefined) return false;
    this.sdpVersion += 1;
    const local = writeOffer(this.localAudio(leg, true));
    void channel.call.offer(local).then((sdp) => {
      const answer = sdp === undefined ? undefined : parseSdp(sdp);
      if (
        sdp === undefined ||
        !answer ||
        !channel.alive ||
        !this.fits(leg, answer) ||
        !this.takeAnsweredKey(answer.audio.key)
      ) {
        options.core.log.warn('an offer came to nothing', { channel: channel.uuid });
        return;
      }
      this.setLocalVariables(leg, local);
      this.negotiate(leg, answer, sdp, false);
    });
    return true;
  }

  /** A browser stays one, and a telephone too. */
  private fits(leg: MediaLeg, { audio }: RemoteSdp): boolean {
    return (leg.browser === undefined) === (audio.webrtc === undefined);
  }

  private negotiate(leg: MediaLeg, remote: RemoteSdp, text: string, isOffer: boolean): void {
    const { channel, options } = this;
    const { audio } = remote;
    // As mod_sofia reads it: before the first m line alone, and for ever.
    if (/^a=recvonly\s*$/m.test(text.split(/^m=/m)[0] ?? '')) channel.setVariable('media_timeout_audio', '0');
    leg.negotiate(audio, options.core.media.host, mediaTimeoutMs(channel));
    if (audio.webrtc) {
      this.mid = audio.webrtc.mid ?? this.mid;
      leg.browser?.expect(audio.webrtc, isOffer);
    } else leg.secure(this.keys);
    channel.setVariable('switch_r_sdp', text);
    channel.setVariable('remote_media_ip', audio.address);
    channel.setVariable('remote_media_port', String(audio.port));
    channel.setVariable('dtmf_type', audio.digits.length === 0 ? 'info' : 'rfc2833');
    channel.setVariable('rtp_use_codec_name', leg.codec);
    channel.setVariable('read_codec', leg.codec);
    channel.setVariable('write_codec', leg.codec);
  }

  private setLocalVariables(leg: MediaLeg, sdp: string): void {
    this.channel.setVariable('local_media_ip', this.options.core.media.host);
    this.channel.setVariable('local_media_port', String(leg.localPort));
    this.channel.setVariable('rtp_local_sdp_str', sdp);
  }

  /** The ACK carries the answer when the offer was ours (3pcc). */
  private takeAnswer(sdp: string): void {
    const { leg } = this.channel;
    if (!this.offeredByUs || !leg || sdp.trim() === '') return;
    const answer = parseSdp(sdp);
    if (answer && this.fits(leg, answer)) this.negotiate(leg, answer, sdp, false);
    else this.channel.hangUp('INCOMPATIBLE_DESTINATION');
  }

  private reoffer(sdp: string): { sdp: string } | { status: number; reason: string } {
    const { leg } = this.channel;
    if (!leg || !this.channel.alive) return { status: 491, reason: 'Request Pending' };
    this.sdpVersion += 1;
    this.offeredByUs = sdp.trim() === '';
    if (this.offeredByUs) {
      const local = writeOffer(this.localAudio(leg, true));
      this.setLocalVariables(leg, local);
      return { sdp: local };
    }
    const offer = parseSdp(sdp);
    if (!offer || !this.fits(leg, offer)) return { status: 488, reason: 'Not Acceptable Here' };
    this.takeOfferedKey(offer.audio.key);
    this.negotiate(leg, offer, sdp, true);
    const local = writeAnswer(this.localAudio(leg, false), offer);
    this.setLocalVariables(leg, local);
    return { sdp: local };
  }
}

const endCauses = { bye: 'NORMAL_CLEARING', 'no-ack': 'RECOVERY_ON_TIMER_EXPIRE' } as const;

function callerOf(call: IncomingCall): Caller {
  const from = call.header('from') ?? '';
  const number = userOf(from);
  const display = (
    /^\s*"((?:[^"\\]|\\.){0,256})"/.exec(from)?.[1] ??
    /^\s*([^<"]{1,256})</.exec(from)?.[1] ??
    ''
  ).trim();
  return {
    name: display || number,
    number,
    destination: userOf(call.header('to') ?? ''),
    networkAddress: call.remoteAddress,
  };
}

function userOf(nameAddress: string): string {
  return /sips?:([^@;>\s]{1,256})@/i.exec(nameAddress)?.[1] ?? '';
}

/** How long the peer may send nothing, 0 for ever. */
function mediaTimeoutMs({ variables }: Channel): number {
  const said = variables.get('media_timeout_audio') ?? variables.get('media_timeout') ?? '';
  return Number.parseInt(said, 10) || 0;
}

/** Variables the application reads: the call's SIP facts, and every X- and P- header of the INVITE. */
function setSipVariables(channel: Channel, call: IncomingCall): void {
  const { caller } = channel;
  const variables: Readonly<Record<string, string>> = {
    uuid: channel.uuid,
    call_uuid: channel.uuid,
    direction: 'inbound',
    channel_name: channel.name,
    sip_call_id: call.callId,
    sip_user_agent: call.header('user-agent') ?? '',
    sip_from_user: caller.number,
    sip_from_display: caller.name,
    sip_to_user: caller.destination,
    sip_req_user: caller.destination,
    sip_network_ip: call.remoteAddress,
    sip_network_port: String(call.remotePort),
    sip_received_ip: call.remoteAddress,
    sip_received_port: String(call.remotePort),
    sofia_profile_name: 'drachtio_mrf',
    hangup_after_bridge: 'false',
    park_after_bridge: 'true',
    playback_terminators: 'none',
    media_timeout: String(channel.core.media.rtpTimeoutMs),
    hold_music: 'silence',
    bridge_generate_comfort_noise: '-1',
    sensitive_dtmf: 'true',
  };
  for (const [name, value] of Object.entries(variables)) channel.setVariable(name, value);
  for (const [name, value] of call.headers) {
    if (passedOnHeader.test(name)) channel.setVariable(`sip_h_${name}`, value);
  }
}
