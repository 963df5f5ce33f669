import { randomBytes } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import type { Clock } from '../../kernel/clock';
import { samplesPerFrame, type FrameSource } from './audio-frame';
import type { AudioCodec } from './codecs';
import {
  DigitReceiver,
  DigitSender,
  parseInfoDigit,
  writeDigitPayload,
  type Digit,
  type DigitPacket,
} from './dtmf';
import { encodeG711, encodeTables, silenceBytes } from './g711';
import { LegCodecs } from './leg-codecs';
import { JitterBuffer } from './jitter-buffer';
import { opusBytesMax, opusSamplesMax } from './opus';
import { ReceptionStats } from './reception-stats';
import { RtcpReporter } from './rtcp-reporter';
import { emptyRtpPacket, isRtcp, parseRtp, rtpHeaderBytes, writeRtpHeader } from './rtp';
import type { PacketPort } from './rtp-port';
import type { RemoteAudio } from './sdp';
import { type SocketAddress, SourceLock } from './source-lock';
import { sameKey, type SdesKey } from './sdes';
import { SrtpReceiver, SrtpSender } from './srtp';
import { parseTones, ToneSource } from './tones';
import type { BrowserTransport } from './webrtc/browser-transport';

/** Packets in flight whose bytes must not change: the kernel may read them a moment after `send` returned. */
const packetBuffers = 2;
/** RFC 3389 comfort noise. */
const comfortNoiseType = 13;
/** One Opus packet, decoded; nobody keeps it. */
const opusSamples = new Int16Array(opusSamplesMax);

export type DigitOrigin = 'RTP' | 'ENDPOINT';

/** What a leg tells its owner; both are called from socket or tick and must not throw. */
export type LegHandlers = {
  onDigit(digit: Digit, origin: DigitOrigin): void;
  /** No RTP for the time-out although the peer should send. Called once. */
  onSilent(): void;
};

export type MediaLegOptions = { clock: Clock; handlers: LegHandlers; rtpTimeoutMs: number };

/** One telephone leg: RTP in through the jitter buffer, audio or digits out, RTCP both ways. Driven by the shared tick. */
export class MediaLeg {
  /** What the peer said in this slot. */
  readonly input = new Int16Array(samplesPerFrame);
  /** False when `input` is silence. */
  inputActive = false;
  /** What the peer hears, slot by slot; undefined sends silence. */
  source: FrameSource | undefined;
  /** Sees `input` after each slot: recordings. */
  onInput: ((input: Int16Array) => void) | undefined;
  /** The owner does not want to hear the peer (`set_mute read`). */
  muteInput = false;
  /** The peer shall not hear us (`set_mute write`). */
  muteOutput = false;
  readonly received = new ReceptionStats();
  readonly jitter = new JitterBuffer();
  readonly lock = new SourceLock();
  readonly sent = { packets: 0, bytes: 0, digitPackets: 0 };
  digitPacketsReceived = 0;
  comfortNoisePackets = 0;
  readonly ssrc = randomBytes(4).readUInt32BE(0);
  readonly rtcp: RtcpReporter;

  private readonly scratch = new Int16Array(samplesPerFrame);
  private readonly packet = emptyRtpPacket();
  private readonly audioPackets = packetBuffersOf(samplesPerFrame, this.ssrc);
  private readonly digitPackets = packetBuffersOf(4, this.ssrc);
  private packetAt = 0;
  private sequence = randomBytes(2).readUInt16BE(0);
  private timestamp = randomBytes(4).readUInt32BE(0);
  private digitTimestamp = 0;
  private marker = true;
  private readonly digitsIn = new DigitReceiver();
  private readonly digitsOut = new DigitSender();
  private digitOrigin: DigitOrigin | undefined;
  private inbandDigits: FrameSource | undefined;
  private remote: RemoteAudio | undefined;
  private port: PacketPort | undefined;
  private opusPackets: readonly Buffer[] = [];
  private readonly codecs = new LegCodecs();
  private sending = false;
  /** So long the peer may send nothing; undefined when it may for ever. */
  private silenceLimitMs: number | undefined;
  private keys: { ours: SdesKey; theirs: SdesKey } | undefined;
  private encrypting: SrtpSender | undefined;
  private decrypting: SrtpReceiver | undefined;
  private onHold = false;
  private lastRtpMs = 0;
  private silenceTold = false;
  private pinned = false;
  private inputIsClean = true;

  /** The way to a browser; undefined for telephones. */
  browser: BrowserTransport | undefined;

  constructor(private readonly options: MediaLegOptions) {
    this.rtcp = new RtcpReporter(this.ssrc, this.received);
  }

  /** The codec in use, both ways. */
  get codec(): AudioCodec {
    return this.codecs.codec;
  }

  /** The local RTP port; 0 before `attach`. */
  get localPort(): number {
    return this.port?.port ?? 0;
  }

  /** Gives the leg its sockets. */
  attach(port: PacketPort): void {
    this.port = port;
  }

  /**
   * Takes what the remote SDP says; `localAddress` keeps us from sending to ourselves when a peer gives our own SDP back. A peer that
   * sends nothing for `rtpTimeoutMs` counts as dead, never when it is 0.
   */
  negotiate(remote: RemoteAudio, localAddress: string, rtpTimeoutMs = this.options.rtpTimeoutMs): void {
    const ownEcho = remote.port === this.localPort && remote.address === localAddress;
    this.remote = remote;
    this.codecs.negotiate(remote);
    if (this.codec === 'opus' && this.opusPackets.length === 0)
      this.opusPackets = packetBuffersOf(opusBytesMax, this.ssrc);
    const theyListen = remote.direction === 'sendrecv' || remote.direction === 'recvonly';
    this.sending = theyListen && !ownEcho;
    this.silenceLimitMs = ownEcho || rtpTimeoutMs === 0 ? undefined : rtpTimeoutMs;
    this.onHold = remote.direction === 'sendonly' || remote.direction === 'inactive';
    this.lastRtpMs = this.options.clock.monotonicMs();
    // Where a browser is its checks say.
    if (!remote.webrtc) this.lock.expect({ address: remote.address, port: remote.port });
    if (!this.lock.isConfirmed) this.unpin();
    this.rtcp.expect(remote);
    this.marker = true;
  }

  /** Sends there from now on: a browser has picked the way. */
  sendTo(target: SocketAddress): void {
    this.lock.expect(target);
  }

  /** Sends what is neither RTP nor RTCP from the same port. */
  sendBeside(datagram: Buffer, to: SocketAddress): void {
    this.port?.sendRtp(datagram, to.address, to.port);
  }

  /** Encrypts both ways with these keys, or not at all. Keys that stay go on counting packets. */
  secure(keys: { ours: SdesKey; theirs: SdesKey } | undefined): void {
    if (!sameKey(this.keys?.ours, keys?.ours))
      this.encrypting = keys && new SrtpSender(keys.ours.suite, keys.ours.master);
    if (!sameKey(this.keys?.theirs, keys?.theirs))
      this.decrypting = keys && new SrtpReceiver(keys.theirs.suite, keys.theirs.master);
    this.keys = keys;
  }

  /**
   * One datagram from the sockets. Anything that is not the peer's RTP or RTCP is dropped. Gives the monotonic time it came when it
   * was the peer's RTP, else 0.
   */
  take(arrived: Buffer, from: RemoteInfo, onRtcpPort: boolean): number {
    const { browser } = this;
    if (browser !== undefined) {
      // Nothing of a browser is taken in the clear.
      if (onRtcpPort || browser.take(arrived, from) || this.decrypting === undefined) return 0;
    }
    if (onRtcpPort || isRtcp(arrived)) {
      const report = this.decrypting ? this.decrypting.unprotectRtcp(arrived) : arrived;
      if (report && from.address === this.lock.target?.address)
        this.rtcp.take(report, this.options.clock.nowMs());
      else this.lock.dropped += 1;
      return 0;
    }
    const { packet } = this;
    const datagram = this.decrypting ? this.decrypting.unprotectRtp(arrived) : arrived;
    if (datagram === undefined || !parseRtp(datagram, packet) || !this.lock.admits(from.address, from.port))
      return 0;
    // A browser may change its way, and asks from the new one first.
    if (!this.pinned && this.lock.isConfirmed && browser === undefined) this.pin(from);
    const arrivalMs = this.options.clock.monotonicMs();
    this.lastRtpMs = arrivalMs;
    if (this.received.packets === 0 || packet.ssrc !== this.received.ssrc) this.jitter.reset();
    const decoder = this.codecs.decoderOf(packet.payloadType);
    const digitScale = this.codecs.digitScaleOf(packet.payloadType);
    const samplesAt = digitScale === 0 ? this.codecs.samplesAt(packet) : 0;
    this.received.take(
      packet.ssrc,
      packet.sequence,
      samplesAt,
      arrivalMs,
      packet.payloadEnd - packet.payloadStart,
      digitScale !== 0,
    );
    if (decoder === 'opus') this.takeOpus(datagram, samplesAt);
    else if (decoder !== undefined) {
      this.jitter.insert(
        packet.timestamp,
        packet.marker,
        datagram,
        packet.payloadStart,
        packet.payloadEnd,
        decoder,
      );
    } else if (digitScale !== 0) {
      this.takeDigitPacket(datagram, digitScale);
    } else if (packet.payloadType === comfortNoiseType) {
      this.comfortNoisePackets += 1;
    }
    return arrivalMs;
  }

  /** A SIP INFO with a key. Peers that send the key in RTP too are believed there only. */
  takeInfo(contentType: string, body: string): void {
    const digit = parseInfoDigit(contentType, body);
    if (digit) this.tellDigit(digit, 'ENDPOINT');
  }

  /** First half of a slot: what the peer said. */
  receive(slots: number): void {
    const heard = this.jitter.read(this.input, slots);
    if (heard) this.inputIsClean = false;
    this.inputActive = heard && !this.muteInput && !this.onHold;
    if (!this.inputActive && !this.inputIsClean) {
      this.input.fill(0);
      this.inputIsClean = true;
    }
    if (this.onInput !== undefined) this.onInput(this.input);
  }

  /** Second half of a slot: what the peer hears. Time and the source go on even while the peer is on hold. */
  transmit(slots: number): void {
    this.timestamp = (this.timestamp + slots * samplesPerFrame * this.codecs.clockScale) >>> 0;
    const digit = this.digitsOut.busy ? this.digitsOut.next() : undefined;
    const { target } = this.lock;
    if (!this.sending || target === undefined || this.port === undefined || this.keyless) {
      if (digit === undefined) this.source?.read(this.scratch);
      return;
    }
    const datagram = digit ? this.digitPacket(digit) : this.audioPacket();
    this.marker = false;
    this.sequence = (this.sequence + 1) & 0xffff;
    this.sent.packets += 1;
    this.sent.bytes += datagram.length - rtpHeaderBytes;
    this.port.sendRtp(this.encrypting?.protectRtp(datagram) ?? datagram, target.address, target.port);
  }

  /** Once a second: reports quality to the peer and tells when it has been silent too long. */
  sweep(nowMs: number): void {
    const target = this.lock.target;
    if (target && this.port && this.remote && !this.keyless) {
      const report = this.rtcp.nextReport(nowMs, this.options.clock.nowMs(), {
        ...this.sent,
        timestamp: this.timestamp,
      });
      if (report) this.rtcp.send(this.port, this.encrypting?.protectRtcp(report) ?? report, target);
    }
    const limitMs = this.silenceLimitMs;
    const silent = limitMs !== undefined && nowMs - this.lastRtpMs > limitMs;
    if (this.silenceTold || (!silent && this.browser?.losesConsent(nowMs) !== true)) return;
    this.silenceTold = true;
    this.options.handlers.onSilent();
  }

  /** Sends keys as RFC 4733 events, or as tones to a peer that did not negotiate them. */
  sendDigits(keys: string, durationSamples: number): void {
    if (this.remote?.digits[0] !== undefined) {
      this.digitsOut.enqueue(keys, durationSamples);
      return;
    }
    const script = parseTones(`v=-10;d=${Math.round(durationSamples / 8)};w=60;${keys}`);
    if (script) this.inbandDigits = new ToneSource(script);
  }

  /** Closes the sockets. */
  close(): void {
    this.sending = false;
    this.silenceLimitMs = undefined;
    this.source = undefined;
    this.port?.close();
    this.port = undefined;
    this.browser?.close();
    this.codecs.close();
  }

  /** A browser whose handshake is not done gets nothing. */
  private get keyless(): boolean {
    return this.browser !== undefined && this.encrypting === undefined;
  }

  private pin(from: RemoteInfo): void {
    this.pinned = true;
    this.port?.pin(from.address, from.port);
  }

  private unpin(): void {
    if (this.pinned) this.port?.unpin();
    this.pinned = false;
  }

  private takeOpus(datagram: Buffer, samplesAt: number): void {
    const { payloadStart, payloadEnd, marker } = this.packet;
    const length = this.codecs.voice.decode(datagram, payloadStart, payloadEnd, opusSamples);
    if (length > 0) this.jitter.insert(samplesAt, marker, opusSamples, 0, length, undefined);
  }

  private takeDigitPacket(datagram: Buffer, clockScale: number): void {
    const { packet } = this;
    this.digitPacketsReceived += 1;
    const digit = this.digitsIn.take(
      packet.ssrc,
      packet.timestamp,
      datagram,
      packet.payloadStart,
      packet.payloadEnd,
      clockScale,
    );
    if (digit) this.tellDigit(digit, 'RTP');
  }

  private tellDigit(digit: Digit, origin: DigitOrigin): void {
    this.digitOrigin ??= origin;
    if (this.digitOrigin === origin) this.options.handlers.onDigit(digit, origin);
  }

  private audioPacket(): Buffer {
    const { codec } = this;
    if (codec === 'opus') return this.opusPacket();
    const datagram = this.nextBuffer(this.audioPackets);
    this.writeHeader(datagram, this.codecs.payloadType, this.marker, this.timestamp);
    if (!this.encodeNext(datagram, encodeTables[codec])) datagram.fill(silenceBytes[codec], rtpHeaderBytes);
    return datagram;
  }

  /** False when there is nothing to say in this slot. */
  private encodeNext(datagram: Buffer, table: Uint8Array): boolean {
    const { source } = this;
    if (this.inbandDigits === undefined && source?.readEncoded !== undefined && !this.muteOutput)
      return source.readEncoded(table, datagram, rtpHeaderBytes);
    if (!this.readNext()) return false;
    encodeG711(table, this.scratch, datagram, rtpHeaderBytes);
    return true;
  }

  /** The next slot as samples; false when there is nothing to say in it. */
  private readNext(): boolean {
    const { source, scratch } = this;
    if (this.inbandDigits?.read(scratch)) return true;
    this.inbandDigits = undefined;
    return source !== undefined && source.read(scratch) && !this.muteOutput;
  }

  private opusPacket(): Buffer {
    const datagram = this.nextBuffer(this.opusPackets);
    this.writeHeader(datagram, this.codecs.payloadType, this.marker, this.timestamp);
    if (!this.readNext()) this.scratch.fill(0);
    return datagram.subarray(
      0,
      rtpHeaderBytes + this.codecs.voice.encode(this.scratch, datagram, rtpHeaderBytes),
    );
  }

  private digitPacket(digit: DigitPacket): Buffer {
    if (digit.firstOfKey) this.digitTimestamp = this.timestamp;
    const datagram = this.nextBuffer(this.digitPackets);
    this.writeHeader(datagram, this.codecs.digitPayloadType, digit.firstOfKey, this.digitTimestamp);
    writeDigitPayload(datagram, rtpHeaderBytes, digit, this.codecs.clockScale);
    this.sent.digitPackets += 1;
    return datagram;
  }

  private nextBuffer(buffers: readonly Buffer[]): Buffer {
    this.packetAt = (this.packetAt + 1) % packetBuffers;
    return buffers[this.packetAt] as Buffer;
  }

  /** Only what changes: version and SSRC were written when the buffers were made. */
  private writeHeader(into: Buffer, payloadType: number, marker: boolean, timestamp: number): void {
    into[1] = marker ? payloadType | 0x80 : payloadType;
    into[2] = this.sequence >> 8;
    into[3] = this.sequence & 0xff;
    into[4] = timestamp >>> 24;
    into[5] = timestamp >>> 16;
    into[6] = timestamp >>> 8;
    into[7] = timestamp;
  }
}

function packetBuffersOf(payloadBytes: number, ssrc: number): Buffer[] {
  return Array.from({ length: packetBuffers }, () => {
    const datagram = Buffer.alloc(rtpHeaderBytes + payloadBytes);
    writeRtpHeader(datagram, { payloadType: 0, marker: false, sequence: 0, timestamp: 0, ssrc });
    return datagram;
  });
}
