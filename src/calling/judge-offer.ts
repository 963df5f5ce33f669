/** What an INVITE says of the caller's media: nothing, nothing that we speak, or something to go on with. */
export type Offer = 'none' | 'foreign' | 'usable';

/** Payload types of PCMU and PCMA (RFC 3551 6). */
const STATIC_PAYLOADS = ['0', '8'];

/**
 * Looks at an offer before it costs a channel. `usable`: some audio line takes G.711, the one codec that is spoken everywhere; whether
 * the rest of it can be read is for the media server to say.
 */
export function judgeOffer(sdp: string): Offer {
  if (sdp.trim() === '') return 'none';
  const audio = sdp.split(/^(?=m=)/m).filter((section) => section.startsWith('m=audio '));
  return audio.some(takesG711) ? 'usable' : 'foreign';
}

function takesG711(section: string): boolean {
  const [, , , ...payloads] = (/^m=(.*)$/m.exec(section)?.[1] ?? '').trim().split(/\s+/);
  const mapped = [...section.matchAll(/^a=rtpmap:(\d{1,3}) PCM[UA]\/8000/gim)].map(([, payload]) => payload);
  return payloads.some((payload) => STATIC_PAYLOADS.includes(payload) || mapped.includes(payload));
}
