/** Who sent a message and how: the six fields `source|bytes|protocol|address|port|HH:MM:SS.micros` of the admin protocol. */
export type MetaPeer = { readonly protocol: string; readonly address: string; readonly port: number };

let secondOfText = -1;
let secondText = '';

/** Time of day in UTC as `HH:MM:SS.micros`; the clock gives milliseconds, so the last three digits are 0. */
export function timeOfDay(nowMs: number): string {
  const second = Math.floor(nowMs / 1000);
  if (second !== secondOfText) {
    secondOfText = second;
    secondText = new Date(second * 1000).toISOString().slice(11, 19);
  }
  return `${secondText}.${String(Math.floor(nowMs) % 1000).padStart(3, '0')}000`;
}

/** The six meta fields. */
export function metaText(
  source: 'network' | 'application',
  bytes: number,
  peer: MetaPeer,
  nowMs: number,
): string {
  return `${source}|${bytes}|${peer.protocol}|${peer.address}|${peer.port}|${timeOfDay(nowMs)}`;
}
