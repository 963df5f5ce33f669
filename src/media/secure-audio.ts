import { AppError } from '../kernel/app-error';
import { randomHex } from '../kernel/ids';

/** The suite everybody who speaks SRTP has to know (RFC 4568 section 6.2.1). */
const SUITE = 'AES_CM_128_HMAC_SHA1_80';
/** Master key and salt. */
const KEY_BYTES = 30;

/** The far end answered an offer of SRTP with something else. */
export class AnswerNotSecure extends AppError {
  readonly code = 'answer-not-secure';
  constructor() {
    super('the far end answered an offer of SRTP without a key for it', {});
  }
}

/** A line `a=crypto` with a key that nobody will ever use: it makes the media server answer with its own. */
export function unusedCryptoLine(): string {
  return `a=crypto:1 ${SUITE} inline:${Buffer.from(randomHex(KEY_BYTES), 'hex').toString('base64')}`;
}

/** The key that whoever sent this SDP encrypts with, as the line it stands in; null when its audio is not SRTP with that suite. */
export function cryptoLineOf(sdp: string): string | null {
  const audio = sdp.split(/^(?=m=)/m).find((section) => /^m=audio [1-9]\d* RTP\/SAVP /.test(section));
  return new RegExp(`^a=crypto:\\d+ ${SUITE} inline:\\S+`, 'm').exec(audio ?? '')?.[0] ?? null;
}

/** Whether the audio of this answer is SRTP, by keys in the SDP or by a handshake. */
export function isSecure(answerSdp: string): boolean {
  return /^m=audio [1-9]\d* (?:UDP\/TLS\/)?RTP\/SAVPF? /m.test(answerSdp);
}
