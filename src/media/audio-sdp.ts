import { AppError } from '../kernel/app-error';
import { isBrowserAudio } from './browser-audio';

/** G.711 μ-law and A-law (RFC 3551), and keys (RFC 4733) under the number most of the world uses. */
export const PCMU = 0;
export const PCMA = 8;
export const KEYS = 101;

const ATTRIBUTES: Readonly<Record<number, readonly string[]>> = {
  [PCMU]: ['a=rtpmap:0 PCMU/8000'],
  [PCMA]: ['a=rtpmap:8 PCMA/8000'],
  [KEYS]: ['a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15'],
};

/** The media server described no audio. */
export class NoAudioDescribed extends AppError {
  readonly code = 'no-audio-described';
  constructor() {
    super('the media server’s SDP names no IPv4 address and port for RTP audio', {});
  }
}

/** Where the media server takes and sends the audio of this SDP. @throws NoAudioDescribed */
export function mediaAddress(mediaServerSdp: string): { address: string; port: number } {
  const address = /^c=IN IP4 (\d{1,3}(?:\.\d{1,3}){3})/m.exec(mediaServerSdp)?.[1];
  const port = /^m=audio (\d{1,5}) (?:RTP\/S?AVP|UDP\/TLS\/RTP\/SAVPF) /im.exec(mediaServerSdp)?.[1];
  if (address === undefined || port === undefined) throw new NoAudioDescribed();
  return { address, port: Number(port) };
}

/** What an SDP of ours says; with `cryptoLine` it is of SRTP alone (RFC 4568). */
export type OwnAudio = {
  readonly address: string;
  readonly port: number;
  readonly payloadTypes: readonly number[];
  readonly cryptoLine?: string | null;
  /** For a browser: the lines of ICE and DTLS, those of the session first. */
  readonly browserLines?: readonly string[] | null;
};

/** Two-way audio at this address (RFC 8866): one m line, nothing but what is said here. */
export function audioSdp(audio: OwnAudio): string {
  const session = (audio.browserLines ?? []).filter((line) => line === 'a=ice-lite');
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${audio.address}`,
    's=-',
    `c=IN IP4 ${audio.address}`,
    't=0 0',
    ...session,
    `m=audio ${audio.port} ${profileOf(audio)} ${audio.payloadTypes.join(' ')}`,
    ...audio.payloadTypes.flatMap((type) => ATTRIBUTES[type] ?? []),
    ...(audio.cryptoLine ? [audio.cryptoLine] : []),
    ...(audio.browserLines ?? []).filter((line) => line !== 'a=ice-lite'),
    'a=ptime:20',
    'a=sendrecv',
    '',
  ].join('\r\n');
}

function profileOf({ cryptoLine, browserLines }: OwnAudio): string {
  if (browserLines) return 'UDP/TLS/RTP/SAVPF';
  return cryptoLine ? 'RTP/SAVP' : 'RTP/AVP';
}

/** What whoever sent an SDP does with its audio: speaks and listens, holds the other, or only listens. */
export type Manner = 'speaks' | 'holds' | 'listens';

const DIRECTION = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m;

/** Reads it (RFC 8866 section 6.7); the address 0.0.0.0 is the old way to hold (RFC 3264 section 8.4), but for browsers. */
export function mannerOf(sdp: string): Manner {
  const [session = '', ...media] = sdp.split(/^(?=m=)/m);
  const audio = media.find((section) => /^m=audio [1-9]/.test(section)) ?? '';
  const address = /^c=IN IP4 (\S+)/m.exec(audio) ?? /^c=IN IP4 (\S+)/m.exec(session);
  const said = (DIRECTION.exec(audio) ?? DIRECTION.exec(session))?.[1];
  // A browser that still looks for its addresses has that one too (RFC 8840 section 4.1.1).
  const nowhere = address?.[1] === '0.0.0.0' && !isBrowserAudio(audio);
  if (said === 'sendonly' || said === 'inactive' || nowhere) return 'holds';
  return said === 'recvonly' ? 'listens' : 'speaks';
}

/**
 * A far end's SDP as every media server reads it alike: FreeSWITCH waits for a peer that only listens from the beginning, but looks for
 * `recvonly` before the first m line alone; and it refuses keys of SRTP in a plain offer, which many telephones put there as a wish
 * (RFC 8643). drachtio-fsmrf refuses RTP/SAVP when it is written large, as if nobody else could wait for a handshake; media
 * servers read it either way.
 */
export function plainlySaid(sdp: string): string {
  const [session = '', ...media] = sdp.split(/^(?=m=)/m);
  const audio = media.findIndex((section) => /^m=audio [1-9]/.test(section));
  const section = media[audio];
  if (section === undefined) return sdp;
  if (/^m=audio \d+ RTP\/AVPF? /.test(section)) media[audio] = section.replace(/^a=crypto:.*(\r?\n|$)/gm, '');
  const silent = mannerOf(sdp) === 'listens' && !/^a=recvonly\s*$/m.test(session);
  return [session, silent ? 'a=recvonly\r\n' : '', ...media]
    .join('')
    .replaceAll(
      /^(m=audio \d+ (?:UDP\/TLS\/)?RTP)\/SAVP(F?) /gm,
      (_, before: string, feedback: string) => `${before}/savp${feedback.toLowerCase()} `,
    );
}

/** The same description as a newer one (RFC 3264 section 8): FreeSWITCH passes over an offer that it has read already. */
export function nextVersion(sdp: string): string {
  return sdp.replace(
    /^(o=\S+ \S+ )(\d{1,20})(?= )/m,
    (_, before: string, version: string) => `${before}${BigInt(version) + 1n}`,
  );
}
