import { AppError } from '../kernel/app-error';

/** RFC 8829 section 5.2.1: a port that says "not known yet"; nothing listens there. */
const PLACEHOLDER_PORT = 9;

/** The media server described no audio that can be offered to a far end. */
export class NoAudioOffered extends AppError {
  readonly code = 'no-audio-offered';
  constructor() {
    super('the media server’s SDP names no address and port for audio', {});
  }
}

/**
 * The SDP with which a leg is set up before the far end has said anything: both G.711 codecs and keys, at an address where nobody
 * listens. `recvonly`, because then FreeSWITCH waits for no RTP while the far end rings.
 */
export function placeholderSdp(address: string): string {
  return audioSdp({ address, port: PLACEHOLDER_PORT, direction: 'recvonly' });
}

/**
 * Our offer to a far end, made of what the media server answered to the placeholder: its address and port, plain RTP/AVP, both G.711
 * codecs, keys as telephone-event 101 (RFC 4733). Built anew, so that nothing of the inner network stands in it. @throws NoAudioOffered
 */
export function offerToFarEnd(mediaServerSdp: string): string {
  const address = /^c=IN IP4 (\d{1,3}(?:\.\d{1,3}){3})/m.exec(mediaServerSdp)?.[1];
  const port = /^m=audio (\d{1,5}) RTP\/AVP /m.exec(mediaServerSdp)?.[1];
  if (address === undefined || port === undefined) throw new NoAudioOffered();
  return audioSdp({ address, port: Number(port), direction: 'sendrecv' });
}

function audioSdp(audio: { address: string; port: number; direction: string }): string {
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${audio.address}`,
    's=-',
    `c=IN IP4 ${audio.address}`,
    't=0 0',
    `m=audio ${audio.port} RTP/AVP 0 8 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=ptime:20',
    `a=${audio.direction}`,
    '',
  ].join('\r\n');
}
