import type { Channel } from './channel';

/** Lets two answered legs hear each other; whatever ran on them ends. False when one of them cannot be bridged. */
export function bridgeChannels(first: Channel, second: Channel): boolean {
  for (const channel of [first, second]) if (!channel.alive || channel.answeredMs === undefined) return false;
  for (const channel of [first, second]) {
    channel.unbridge();
    channel.endAll('transfer');
  }
  for (const [channel, peer] of [
    [first, second],
    [second, first],
  ] as const) {
    channel.bridged = peer;
    channel.callUuid = first.uuid;
    channel.setVariable('bridge_uuid', peer.uuid);
    channel.setVariable('signal_bond', peer.uuid);
    channel.fire('CHANNEL_BRIDGE', { 'Bridge-A-Unique-ID': first.uuid, 'Bridge-B-Unique-ID': second.uuid });
  }
  return true;
}

/** Takes a channel out of whatever it does, bridges included; it stays up and silent. */
export function parkChannel(channel: Channel): void {
  channel.unbridge();
  channel.endAll('transfer');
  if (channel.alive) channel.fire('CHANNEL_PARK');
}
