import { AppError } from '../kernel/app-error';

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
    super('the media server’s SDP names no IPv4 address and port for plain RTP audio', {});
  }
}

/** Where the media server takes and sends the audio of this SDP. @throws NoAudioDescribed */
export function mediaAddress(mediaServerSdp: string): { address: string; port: number } {
  const address = /^c=IN IP4 (\d{1,3}(?:\.\d{1,3}){3})/m.exec(mediaServerSdp)?.[1];
  const port = /^m=audio (\d{1,5}) RTP\/AVP /m.exec(mediaServerSdp)?.[1];
  if (address === undefined || port === undefined) throw new NoAudioDescribed();
  return { address, port: Number(port) };
}

/** Two-way plain audio at this address (RFC 8866): one m line, nothing but what is said here. */
export function audioSdp(audio: { address: string; port: number; payloadTypes: readonly number[] }): string {
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${audio.address}`,
    's=-',
    `c=IN IP4 ${audio.address}`,
    't=0 0',
    `m=audio ${audio.port} RTP/AVP ${audio.payloadTypes.join(' ')}`,
    ...audio.payloadTypes.flatMap((type) => ATTRIBUTES[type] ?? []),
    'a=ptime:20',
    'a=sendrecv',
    '',
  ].join('\r\n');
}
