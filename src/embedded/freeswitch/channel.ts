import { randomId } from '../../kernel/ids';
import { type FrameSource, samplesPerFrame } from '../media/audio-frame';
import type { Digit } from '../media/dtmf';
import { encodeG711 } from '../media/g711';
import type { MediaLeg } from '../media/media-leg';
import type { IncomingCall } from '../user-agent/incoming-call';
import { basicChannelHeaders, fullChannelHeaders } from './channel-headers';
import { setCallTimes, setMediaStats } from './channel-statistics';
import type { Core } from './core';
import { Displacement } from './displacement';
import type { EventHeaders } from './event';
import { Execution, type StepEnd } from './execution';
import { type HangupCause, reasonHeader } from './hangup-causes';

/** Keys typed ahead that a channel keeps. */
const typedAheadMax = 100;
/** Applications that may be nested on one channel. */
const nestedMax = 50;
const variablesMax = 2_000;

/** For slots that are mixed before they are encoded; nobody keeps it. */
const mixedFrame = new Int16Array(samplesPerFrame);

/** Runs a dialplan application; the channel event COMPLETE follows when it returns or resolves. */
export type Application = (channel: Channel, execution: Execution, data: string) => Promise<void> | void;

export type Caller = { name: string; number: string; destination: string; networkAddress: string };

/** Somebody who controls the channel over a socket and must know that it is gone. */
export interface Controller {
  channelEnded(): void;
}

export type DigitSource = 'RTP' | 'ENDPOINT' | 'APP';

/** One call leg: its variables, what runs on it, and its way from ringing to hung up. */
export class Channel implements FrameSource {
  readonly uuid = randomId();
  readonly variables = new Map<string, string>();
  readonly createdMs: number;
  readonly controllers = new Set<Controller>();
  /** The one number all legs of a bridged call share. */
  callUuid = this.uuid;
  callState = 'RINGING';
  leg: MediaLeg | undefined;
  /** Makes an offer of ours to the peer; false when that cannot be now. */
  renegotiate: (() => boolean) | undefined;
  bridged: Channel | undefined;
  answeredMs: number | undefined;
  endedMs: number | undefined;
  hangupCause: HangupCause | undefined;
  readonly displacement = new Displacement();
  private readonly executions: Execution[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly typedAhead: string[] = [];

  constructor(
    readonly core: Core,
    readonly call: IncomingCall,
    readonly caller: Caller,
  ) {
    this.createdMs = core.clock.nowMs();
  }

  /** Name as FreeSWITCH would call it. */
  get name(): string {
    return `sofia/drachtio_mrf/${this.caller.number || 'unknown'}@${this.caller.networkAddress}`;
  }

  get alive(): boolean {
    return this.hangupCause === undefined;
  }

  /** Sets a variable; undefined removes it. */
  setVariable(name: string, value: string | undefined): void {
    if (value === undefined) this.variables.delete(name);
    else if (this.variables.has(name) || this.variables.size < variablesMax) this.variables.set(name, value);
  }

  /** Replaces `${name}` by the variable's value, nothing when it is not set. Values are not expanded again. */
  expand(text: string): string {
    return text.replace(/\$\{([\w.:-]+)\}/g, (_, name: string) => this.variables.get(name) ?? '');
  }

  fire(name: string, extra: EventHeaders = {}, options: { subclass?: string; body?: string } = {}): void {
    this.core.bus.fire(name, () => ({ ...fullChannelHeaders(this), ...extra }), options);
  }

  /** Moves the call state on and tells it. */
  enterCallState(state: string): void {
    const before = this.callState;
    this.callState = state;
    this.core.bus.fire('CHANNEL_CALLSTATE', () => ({
      ...basicChannelHeaders(this),
      'Original-Channel-Call-State': before,
      'Channel-Call-State-Number': state === 'HANGUP' ? '10' : '4',
    }));
  }

  /** The next outgoing slot: the newest application's audio, else the bridged leg's, else nothing; displacements over it. */
  read(into: Int16Array): boolean {
    const heard = this.readBelow(into);
    if (!this.displacement.active) return heard;
    if (!heard) into.fill(0);
    this.displacement.layOver(into);
    return true;
  }

  readEncoded(table: Uint8Array, into: Uint8Array, offset: number): boolean {
    if (this.displacement.active) {
      this.read(mixedFrame);
      encodeG711(table, mixedFrame, into, offset);
      return true;
    }
    const top = this.executions.at(-1);
    if (top !== undefined) return top.readEncoded(table, into, offset);
    const voice = this.peerVoice();
    if (voice === undefined) return false;
    encodeG711(table, voice, into, offset);
    return true;
  }

  private readBelow(into: Int16Array): boolean {
    const top = this.executions.at(-1);
    if (top !== undefined) return top.read(into);
    const voice = this.peerVoice();
    if (voice === undefined) return false;
    into.set(voice);
    return true;
  }

  /** What the bridged leg says; nothing while an application runs there, which has that leg's voice for itself. */
  private peerVoice(): Int16Array | undefined {
    const peer = this.bridged;
    if (peer?.leg === undefined || !peer.leg.inputActive || peer.executions.length > 0) return undefined;
    return peer.leg.input;
  }

  /**
   * Starts an application on top of whatever runs. An unknown one ends the call with DESTINATION_OUT_OF_ORDER and no COMPLETE
   * follows, as in FreeSWITCH.
   */
  execute(name: string, data: string, uuid: string): void {
    if (!this.alive) return;
    const application = this.core.applications.get(name);
    if (application === undefined || this.executions.length >= nestedMax) {
      this.core.log.error(application ? 'too many nested applications' : 'unknown dialplan application', {
        application: name,
        channel: this.uuid,
      });
      this.hangUp('DESTINATION_OUT_OF_ORDER');
      return;
    }
    const execution = new Execution(this.core.clock, name, this.expand(data), uuid);
    this.executions.push(execution);
    this.setVariable('current_application', name);
    this.setVariable('current_application_data', execution.data);
    this.setVariable('current_application_response', undefined);
    this.fire('CHANNEL_EXECUTE', executionHeaders(execution));
    this.run(application, execution);
  }

  /** Ends the file that the newest application plays, or with `all` everything it waits for: `uuid_break`. */
  breakNewest(all: boolean): void {
    this.executions.at(-1)?.end(all ? 'break-all' : 'break');
  }

  /** Ends every application, newest first, so that the channel is free for a bridge or for parking. */
  endAll(reason: StepEnd): void {
    for (const execution of this.executions.toReversed()) execution.end(reason);
  }

  /**
   * A key arrived: told as event DTMF unless it may be a secret, then taken by the newest application or, again unless it may be a secret,
   * passed to the bridged leg. An application that takes no keys leaves it to the next one; a channel on which none runs is parked, and
   * FreeSWITCH drops what is typed there.
   */
  receiveDigit(digit: Digit, source: DigitSource): void {
    if (!this.alive) return;
    const secret = this.variables.get('sensitive_dtmf') === 'true';
    if (!secret) {
      this.fire('DTMF', {
        'DTMF-Digit': digit.key,
        'DTMF-Duration': String(digit.durationSamples),
        'DTMF-Source': source,
      });
    }
    const top = this.executions.at(-1);
    if (top?.onDigit?.(digit.key)) return;
    if (top === undefined && this.bridged?.leg && !secret)
      this.bridged.leg.sendDigits(digit.key, digit.durationSamples);
    else if (top !== undefined && this.typedAhead.length < typedAheadMax) this.typedAhead.push(digit.key);
  }

  /** A key typed before anybody waited for it. */
  takeTypedAhead(): string | undefined {
    return this.typedAhead.shift();
  }

  /** The call is up. */
  markAnswered(): void {
    this.answeredMs = this.core.clock.nowMs();
    this.setVariable('endpoint_disposition', 'ANSWER');
    this.fire('CHANNEL_ANSWER');
    this.enterCallState('ACTIVE');
  }

  /** Ends the call, once: by us with a BYE, or because the peer ended it. */
  hangUp(cause: HangupCause, by: 'us' | 'peer' = 'us'): void {
    if (!this.alive) return;
    this.hangupCause = cause;
    this.endedMs = this.core.clock.nowMs();
    this.setVariable('hangup_cause', cause);
    this.setVariable('sip_hangup_disposition', by === 'us' ? 'send_bye' : 'recv_bye');
    setMediaStats(this);
    this.fire('CHANNEL_HANGUP');
    this.enterCallState('HANGUP');
    this.endAll('hangup');
    this.unbridge();
    if (by === 'us') this.endCall(cause);
    if (this.leg) this.core.media.closeLeg(this.leg);
    void Promise.allSettled(this.running).then(() => this.complete());
  }

  /** Takes the two legs of a bridge apart. */
  unbridge(): void {
    const peer = this.bridged;
    if (!peer) return;
    for (const one of [this, peer]) {
      one.fire('CHANNEL_UNBRIDGE', { 'Bridge-A-Unique-ID': this.uuid, 'Bridge-B-Unique-ID': peer.uuid });
      one.bridged = undefined;
      one.callUuid = one.uuid;
      one.setVariable('bridge_uuid', undefined);
      one.setVariable('signal_bond', undefined);
    }
  }

  private endCall(cause: HangupCause): void {
    if (this.answeredMs === undefined) {
      this.call.refuse(480, 'Temporarily Unavailable', { Reason: reasonHeader(cause) });
      return;
    }
    this.call.hangUp(reasonHeader(cause)).catch((error: unknown) => {
      this.core.log.warn('BYE failed', { channel: this.uuid, error: String(error) });
    });
  }

  private complete(): void {
    setCallTimes(this);
    this.fire('CHANNEL_HANGUP_COMPLETE');
    this.fire('CHANNEL_DESTROY');
    this.core.channels.remove(this);
    for (const controller of Array.from(this.controllers)) controller.channelEnded();
  }

  private run(application: Application, execution: Execution): void {
    try {
      const outcome = application(this, execution, execution.data);
      if (outcome === undefined) {
        this.finish(execution);
        return;
      }
      const whole = outcome
        .catch((error: unknown) => this.reportFault(execution, error))
        .then(() => this.finishInTurn(execution))
        .finally(() => this.running.delete(whole));
      this.running.add(whole);
    } catch (error) {
      this.reportFault(execution, error);
      this.finish(execution);
    }
  }

  private reportFault(execution: Execution, error: unknown): void {
    const { application } = execution;
    this.core.log.error('dialplan application failed', {
      application,
      channel: this.uuid,
      error: String(error),
    });
  }

  private async finishInTurn(execution: Execution): Promise<void> {
    while (this.executions.at(-1) !== execution) await execution.waitForTop();
    this.finish(execution);
  }

  private finish(execution: Execution): void {
    const at = this.executions.lastIndexOf(execution);
    if (at >= 0) this.executions.splice(at, 1);
    this.fire('CHANNEL_EXECUTE_COMPLETE', {
      ...executionHeaders(execution),
      'Application-Response': this.variables.get('current_application_response') ?? '_none_',
    });
    this.executions.at(-1)?.becomeTop();
  }
}

function executionHeaders(execution: Execution): EventHeaders {
  return {
    Application: execution.application,
    'Application-Data': execution.data,
    'Application-UUID': execution.uuid,
  };
}
