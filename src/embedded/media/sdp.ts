import { type AudioCodec, clockHzOf, codecNamed, rtpmapOf } from './codecs';
import type { G711Codec } from './g711';
import { cryptoLine, type SdesKey, usableKey } from './sdes';

/** Who sends audio, seen from the side that wrote the SDP (RFC 8866 section 6.7). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** Longest SDP read, characters. */
const sdpCharactersMax = 16_384;
const sdpLinesMax = 400;
/** Clocks of keys told apart. */
const digitTypesMax = 8;
const codecByStaticType: Readonly<Record<number, G711Codec>> = { 0: 'PCMU', 8: 'PCMA' };
const staticTypeByCodec: Readonly<Record<G711Codec, number>> = { PCMU: 0, PCMA: 8 };

/** Who begins the DTLS handshake (RFC 4145). */
export type WebRtcSetup = 'actpass' | 'active' | 'passive';

/** What a browser's SDP says of the way to it: ICE (RFC 8839) and DTLS-SRTP (RFC 5763). */
export type RemoteWebRtc = {
  ufrag: string;
  pwd: string;
  /** `sha-256 AB:CD:…` */
  fingerprint: string;
  /** How it names its audio, to be said back (RFC 5888). */
  mid: string | undefined;
};

/** What a remote SDP says about its first audio stream. */
export type RemoteAudio = {
  address: string;
  port: number;
  direction: Direction;
  /** Payload types that we speak, in the order of preference. */
  codecs: readonly { payloadType: number; codec: AudioCodec }[];
  /** Payload types of telephone-event (RFC 4733), each with its clock; the one with the clock of the first codec first. */
  digits: readonly { payloadType: number; clockHz: number }[];
  packetMs: number;
  rtcpMux: boolean;
  /** The key they encrypt with; undefined for plain RTP. */
  key: SdesKey | undefined;
  /** Undefined for telephones. */
  webrtc: RemoteWebRtc | undefined;
  /** Where RTCP goes when it is not port + 1 (RFC 3605). */
  rtcpPort: number;
};

/** All media lines in order, so that an answer can refuse the ones we do not speak (RFC 3264 section 6). */
export type RemoteSdp = {
  audio: RemoteAudio;
  /** Index of the audio among all media lines. */
  audioIndex: number;
  media: readonly { kind: string; protocol: string; formats: string }[];
};

type Section = { kind: string; port: number; protocol: string; formats: string[]; lines: string[] };

/**
 * Reads an offer or answer (RFC 8866). Undefined when there is no RTP audio with an IPv4 address and G.711 or Opus in it, or it is encrypted
 * in no way that we can use (SRTP by SDES, or by DTLS with ICE). Keys in plain RTP make it unreadable, as they do for FreeSWITCH.
 */
export function parseSdp(text: string): RemoteSdp | undefined {
  if (text.length > sdpCharactersMax) return undefined;
  const lines = text.split(/\r\n|\n|\r/).slice(0, sdpLinesMax);
  const session: string[] = [];
  const sections: Section[] = [];
  for (const line of lines) {
    const media = /^m=(\S+) (\d{1,5})(?:\/\d+)? (\S+) (.+)$/.exec(line.trimEnd());
    if (media) sections.push(sectionOf(media));
    else if (sections.length > 0) sections.at(-1)?.lines.push(line);
    else session.push(line);
  }
  const audioIndex = sections.findIndex(
    (section) =>
      section.kind === 'audio' && section.port > 0 && /^(UDP\/TLS\/)?RTP\/S?AVPF?$/i.test(section.protocol),
  );
  const section = sections[audioIndex];
  const audio = section ? readAudio(section, session) : undefined;
  if (!audio) return undefined;
  const media = sections.map(({ kind, protocol, formats }) => ({
    kind,
    protocol,
    formats: formats.join(' '),
  }));
  return { audio, audioIndex, media };
}

function sectionOf(media: RegExpExecArray): Section {
  return {
    kind: media[1] as string,
    port: Number(media[2]),
    protocol: media[3] as string,
    formats: (media[4] as string).trim().split(/\s+/).slice(0, 64),
    lines: [],
  };
}

function readAudio(section: Section, session: readonly string[]): RemoteAudio | undefined {
  const connection = /^c=IN IP4 (\d{1,3}(?:\.\d{1,3}){3})/;
  const address = firstMatch(section.lines, connection) ?? firstMatch(session, connection);
  if (address === undefined || address.split('.').some((part) => Number(part) > 255)) return undefined;
  if (section.port > 65_535) return undefined;
  const webrtc = /^UDP/i.test(section.protocol) ? readWebRtc(section, session) : undefined;
  const key = /^UDP/i.test(section.protocol) ? undefined : usableKey(section.lines);
  if (!isProtectedAsSaid(section, key, webrtc)) return undefined;
  const codecs: { payloadType: number; codec: AudioCodec }[] = [];
  const digits: { payloadType: number; clockHz: number }[] = [];
  for (const format of section.formats) {
    const payloadType = /^\d{1,3}$/.test(format) ? Number(format) : -1;
    if (payloadType < 0 || payloadType > 127) continue;
    const name = firstMatch(section.lines, new RegExp(`^a=rtpmap:${payloadType} (\\S+)`))?.toUpperCase();
    const eventClock = /^TELEPHONE-EVENT\/(\d{4,6})$/.exec(name ?? '')?.[1];
    if (eventClock !== undefined) digits.push({ payloadType, clockHz: Number(eventClock) });
    const codec = name === undefined ? codecByStaticType[payloadType] : codecNamed(name);
    if (codec) codecs.push({ payloadType, codec });
  }
  const preferred = codecs[0];
  if (preferred === undefined) return undefined;
  const clockHz = clockHzOf(preferred.codec);
  digits.sort((one, other) => Number(other.clockHz === clockHz) - Number(one.clockHz === clockHz));
  const packetMs = Number(firstMatch(section.lines, /^a=ptime:(\d{1,3})/) ?? 20);
  // A browser that still looks for its addresses says 0.0.0.0 too; it holds by the direction alone.
  const hold = address === '0.0.0.0' && webrtc === undefined;
  return {
    address,
    port: section.port,
    direction: hold ? 'inactive' : (directionOf(section.lines) ?? directionOf(session) ?? 'sendrecv'),
    codecs,
    digits: digits.slice(0, digitTypesMax),
    packetMs,
    key,
    webrtc,
    rtcpMux: section.lines.some((line) => line.trimEnd() === 'a=rtcp-mux'),
    rtcpPort: Number(firstMatch(section.lines, /^a=rtcp:(\d{1,5})/) ?? section.port + 1),
  };
}

function isProtectedAsSaid(
  section: Section,
  key: SdesKey | undefined,
  webrtc: RemoteWebRtc | undefined,
): boolean {
  if (/^UDP/i.test(section.protocol)) return webrtc !== undefined;
  if (/^RTP\/S/i.test(section.protocol)) return key !== undefined;
  return !section.lines.some((line) => line.startsWith('a=crypto:'));
}

/** Both halves of the way to a browser; undefined when one is missing, or it wants us to begin the handshake, which we never do. */
function readWebRtc(section: Section, session: readonly string[]): RemoteWebRtc | undefined {
  const read = (pattern: RegExp) => firstMatch(section.lines, pattern) ?? firstMatch(session, pattern);
  const ufrag = read(/^a=ice-ufrag:([A-Za-z0-9+/]{4,256})\s*$/);
  const pwd = read(/^a=ice-pwd:([A-Za-z0-9+/]{22,256})\s*$/);
  const fingerprint = read(/^a=fingerprint:(sha-(?:256|384|512) [0-9A-Fa-f:]{95,191})\s*$/i);
  const setup = read(/^a=setup:(\w+)\s*$/);
  const muxed = section.lines.some((line) => line.trimEnd() === 'a=rtcp-mux');
  if (ufrag === undefined || pwd === undefined || fingerprint === undefined || !muxed) return undefined;
  if (setup !== 'actpass' && setup !== 'active') return undefined;
  const mid = firstMatch(section.lines, /^a=mid:([A-Za-z0-9_.-]{1,32})\s*$/);
  return { ufrag, pwd, fingerprint, mid };
}

function firstMatch(lines: readonly string[], pattern: RegExp): string | undefined {
  for (const line of lines) {
    const found = pattern.exec(line)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}

function directionOf(lines: readonly string[]): Direction | undefined {
  return firstMatch(lines, /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/) as Direction | undefined;
}

/** Our direction in answer to theirs (RFC 3264 section 6.1). */
export function answerDirection(theirs: Direction): Direction {
  if (theirs === 'sendonly') return 'recvonly';
  return theirs === 'recvonly' ? 'sendonly' : theirs;
}

/** Our half; with `key` it is encrypted. */
export type LocalAudio = {
  address: string;
  port: number;
  sessionId: number;
  version: number;
  key?: SdesKey | undefined;
  webrtc?: LocalWebRtc | undefined;
};

/** Our end of the way to a browser. */
export type LocalWebRtc = {
  ufrag: string;
  pwd: string;
  fingerprint: string;
  setup: WebRtcSetup;
  mid?: string | undefined;
};

/** Our offer: both G.711 codecs and telephone-event 101. */
export function writeOffer(local: LocalAudio): string {
  const payloads = [
    { payloadType: 0, codec: 'PCMU' as const },
    { payloadType: 8, codec: 'PCMA' as const },
  ];
  return [
    ...sessionLines(local),
    ...audioLines({
      port: local.port,
      local,
      payloads,
      digits: { payloadType: 101, clockHz: 8_000 },
      direction: 'sendrecv',
      rtcpMux: local.webrtc !== undefined,
    }),
    '',
  ].join('\r\n');
}

/** Our answer: the one codec we will send, their telephone-event type, every other media line refused with port 0. */
export function writeAnswer(local: LocalAudio, offer: RemoteSdp): string {
  const { audio } = offer;
  const lines = sessionLines(local);
  offer.media.forEach((media, index) => {
    if (index !== offer.audioIndex) lines.push(`m=${media.kind} 0 ${media.protocol} ${media.formats}`);
    else {
      lines.push(
        ...audioLines({
          port: local.port,
          local,
          payloads: audio.codecs.slice(0, 1),
          digits: audio.digits[0],
          direction: answerDirection(audio.direction),
          rtcpMux: audio.rtcpMux,
        }),
      );
    }
  });
  return [...lines, ''].join('\r\n');
}

function sessionLines(local: LocalAudio): string[] {
  return [
    'v=0',
    `o=FreeSWITCH ${local.sessionId} ${local.version} IN IP4 ${local.address}`,
    's=FreeSWITCH',
    `c=IN IP4 ${local.address}`,
    't=0 0',
    ...(local.webrtc ? ['a=ice-lite'] : []),
  ];
}

function audioLines(audio: {
  port: number;
  local: LocalAudio;
  payloads: readonly { payloadType: number; codec: AudioCodec }[];
  digits: { payloadType: number; clockHz: number } | undefined;
  direction: Direction;
  rtcpMux: boolean;
}): string[] {
  const { digits, local } = audio;
  const types = [
    ...audio.payloads.map((payload) => payload.payloadType),
    ...(digits === undefined ? [] : [digits.payloadType]),
  ];
  const lines = [`m=audio ${audio.port} ${protocolOf(local)} ${types.join(' ')}`];
  for (const { payloadType, codec } of audio.payloads)
    lines.push(`a=rtpmap:${payloadType} ${rtpmapOf(codec)}`);
  if (digits !== undefined)
    lines.push(
      `a=rtpmap:${digits.payloadType} telephone-event/${digits.clockHz}`,
      `a=fmtp:${digits.payloadType} 0-15`,
    );
  lines.push(`a=${audio.direction}`);
  if (audio.rtcpMux) lines.push('a=rtcp-mux', `a=rtcp:${audio.port}`);
  else lines.push(`a=rtcp:${audio.port + 1}`);
  lines.push('a=ptime:20');
  if (local.key) lines.push(cryptoLine(local.key));
  if (local.webrtc) lines.push(...webRtcLines(local, local.webrtc));
  return lines;
}

function protocolOf({ key, webrtc }: LocalAudio): string {
  if (webrtc) return 'UDP/TLS/RTP/SAVPF';
  return key ? 'RTP/SAVP' : 'RTP/AVP';
}

/** One candidate, at the address that stands in `c=` anyway: no other address of the machine is told. */
function webRtcLines({ address, port }: LocalAudio, webrtc: LocalWebRtc): string[] {
  return [
    ...(webrtc.mid === undefined ? [] : [`a=mid:${webrtc.mid}`]),
    'a=msid:123-voip audio',
    `a=ice-ufrag:${webrtc.ufrag}`,
    `a=ice-pwd:${webrtc.pwd}`,
    `a=fingerprint:${webrtc.fingerprint}`,
    `a=setup:${webrtc.setup}`,
    `a=candidate:1 1 UDP 2130706431 ${address} ${port} typ host`,
    'a=end-of-candidates',
  ];
}

/** The static payload type of a codec (RFC 3551 table 4). */
export function staticPayloadType(codec: G711Codec): number {
  return staticTypeByCodec[codec];
}
