import type { G711Codec } from './g711';
import { cryptoLine, type SdesKey, usableKey } from './sdes';

/** Who sends audio, seen from the side that wrote the SDP (RFC 8866 section 6.7). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** Longest SDP read, characters. */
const sdpCharactersMax = 16_384;
const sdpLinesMax = 400;
const codecByStaticType: Readonly<Record<number, G711Codec>> = { 0: 'PCMU', 8: 'PCMA' };
const staticTypeByCodec: Readonly<Record<G711Codec, number>> = { PCMU: 0, PCMA: 8 };

/** What a remote SDP says about its first audio stream. */
export type RemoteAudio = {
  address: string;
  port: number;
  direction: Direction;
  /** G.711 payload types in the order of preference. */
  codecs: readonly { payloadType: number; codec: G711Codec }[];
  /** Payload type of telephone-event at 8 kHz (RFC 4733), when offered. */
  digitPayloadType: number | undefined;
  packetMs: number;
  rtcpMux: boolean;
  /** The key they encrypt with; undefined for plain RTP. */
  key: SdesKey | undefined;
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
 * Reads an offer or answer (RFC 8866). Undefined when there is no RTP audio with an IPv4 address and G.711 in it, or it is encrypted with
 * no key that we can use (SRTP by SDES is spoken, DTLS is not). Keys in plain RTP make it unreadable, as they do for FreeSWITCH.
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
    (section) => section.kind === 'audio' && section.port > 0 && /^RTP\/S?AVPF?$/i.test(section.protocol),
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
  const key = usableKey(section.lines);
  const isSecure = /^RTP\/S/i.test(section.protocol);
  if (
    isSecure !== (key !== undefined) ||
    (!isSecure && section.lines.some((line) => line.startsWith('a=crypto:')))
  )
    return undefined;
  const codecs: { payloadType: number; codec: G711Codec }[] = [];
  let digitPayloadType: number | undefined;
  for (const format of section.formats) {
    const payloadType = /^\d{1,3}$/.test(format) ? Number(format) : -1;
    if (payloadType < 0 || payloadType > 127) continue;
    const name = firstMatch(section.lines, new RegExp(`^a=rtpmap:${payloadType} (\\S+)`))?.toUpperCase();
    if (name?.startsWith('TELEPHONE-EVENT/8000')) digitPayloadType ??= payloadType;
    const codec = name === undefined ? codecByStaticType[payloadType] : codecNamed(name);
    if (codec) codecs.push({ payloadType, codec });
  }
  if (codecs.length === 0) return undefined;
  const packetMs = Number(firstMatch(section.lines, /^a=ptime:(\d{1,3})/) ?? 20);
  const hold = address === '0.0.0.0';
  return {
    address,
    port: section.port,
    direction: hold ? 'inactive' : (directionOf(section.lines) ?? directionOf(session) ?? 'sendrecv'),
    codecs,
    digitPayloadType,
    packetMs,
    key,
    rtcpMux: section.lines.some((line) => line.trimEnd() === 'a=rtcp-mux'),
    rtcpPort: Number(firstMatch(section.lines, /^a=rtcp:(\d{1,5})/) ?? section.port + 1),
  };
}

function codecNamed(name: string): G711Codec | undefined {
  if (name.startsWith('PCMU/8000')) return 'PCMU';
  return name.startsWith('PCMA/8000') ? 'PCMA' : undefined;
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
      key: local.key,
      payloads,
      digitPayloadType: 101,
      direction: 'sendrecv',
      rtcpMux: false,
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
          key: local.key,
          payloads: audio.codecs.slice(0, 1),
          digitPayloadType: audio.digitPayloadType,
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
  ];
}

function audioLines(audio: {
  port: number;
  key: SdesKey | undefined;
  payloads: readonly { payloadType: number; codec: G711Codec }[];
  digitPayloadType: number | undefined;
  direction: Direction;
  rtcpMux: boolean;
}): string[] {
  const digits = audio.digitPayloadType;
  const types = [
    ...audio.payloads.map((payload) => payload.payloadType),
    ...(digits === undefined ? [] : [digits]),
  ];
  const lines = [`m=audio ${audio.port} ${audio.key ? 'RTP/SAVP' : 'RTP/AVP'} ${types.join(' ')}`];
  for (const { payloadType, codec } of audio.payloads) lines.push(`a=rtpmap:${payloadType} ${codec}/8000`);
  if (digits !== undefined) lines.push(`a=rtpmap:${digits} telephone-event/8000`, `a=fmtp:${digits} 0-15`);
  lines.push(`a=${audio.direction}`);
  if (audio.rtcpMux) lines.push('a=rtcp-mux', `a=rtcp:${audio.port}`);
  else lines.push(`a=rtcp:${audio.port + 1}`);
  lines.push('a=ptime:20');
  if (audio.key) lines.push(cryptoLine(audio.key));
  return lines;
}

/** The static payload type of a codec (RFC 3551 table 4). */
export function staticPayloadType(codec: G711Codec): number {
  return staticTypeByCodec[codec];
}
