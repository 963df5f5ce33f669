import { randomHex } from '../kernel/ids';

/** Bytes of a SHA-256 that names a certificate. */
const FINGERPRINT_BYTES = 32;
/** What a media server says of its end of the way to a browser (RFC 8839, RFC 5763). */
const WAY = /^a=(?:ice-ufrag:|ice-pwd:|fingerprint:|candidate:|ssrc:|msid:|end-of-candidates)/;

/** Whether the audio of this SDP is a browser's: DTLS-SRTP with ICE. */
export function isBrowserAudio(sdp: string): boolean {
  return /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF? /im.test(sdp);
}

/** The same SDP of somebody who neither speaks nor listens yet. */
export function withoutVoice(sdp: string): string {
  const [session = '', ...media] = sdp.split(/^(?=m=)/m);
  const silent = media.map((section) => {
    const plain = section.replace(/^a=(?:sendrecv|sendonly|recvonly|inactive)\s*?\r?\n/gm, '');
    return section.startsWith('m=audio') ? `${plain.trimEnd()}\r\na=inactive\r\n` : plain;
  });
  return [session, ...silent].join('');
}

/** Lines of an end that nobody will ever find: they make the media server answer with its own. */
export function unusedBrowserLines(): string[] {
  const digits = randomHex(FINGERPRINT_BYTES).toUpperCase().match(/../g) ?? [];
  return [
    `a=ice-ufrag:${randomHex(4)}`,
    `a=ice-pwd:${randomHex(12)}`,
    `a=fingerprint:sha-256 ${digits.join(':')}`,
    'a=setup:actpass',
    'a=rtcp-mux',
  ];
}

/** The media server's end, to be offered to a browser, which then chooses who begins the handshake (RFC 5763 section 5). */
export function offeredBrowserLines(mediaServerSdp: string): string[] {
  const lines = mediaServerSdp.split(/\r\n|\n/);
  return [
    ...lines.filter((line) => line === 'a=ice-lite'),
    ...lines.filter((line) => WAY.test(line)),
    'a=setup:actpass',
    'a=rtcp-mux',
    'a=mid:0',
  ];
}
