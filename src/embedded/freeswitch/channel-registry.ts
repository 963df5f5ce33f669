import type { Channel } from './channel';

/** All channels that are up, and how many there were. */
export class ChannelRegistry {
  private readonly byUuid = new Map<string, Channel>();
  /** Channels since the start. */
  total = 0;
  peak = 0;
  private secondStartedMs = 0;
  private inThisSecond = 0;

  constructor(readonly max: number) {}

  get count(): number {
    return this.byUuid.size;
  }

  get full(): boolean {
    return this.byUuid.size >= this.max;
  }

  /** Channels made in the second that `nowMs` is in. */
  perSecond(nowMs: number): number {
    return nowMs - this.secondStartedMs < 1_000 ? this.inThisSecond : 0;
  }

  add(channel: Channel, nowMs: number): void {
    this.byUuid.set(channel.uuid, channel);
    this.total += 1;
    this.peak = Math.max(this.peak, this.byUuid.size);
    if (nowMs - this.secondStartedMs >= 1_000) {
      this.secondStartedMs = nowMs;
      this.inThisSecond = 0;
    }
    this.inThisSecond += 1;
  }

  remove(channel: Channel): void {
    this.byUuid.delete(channel.uuid);
  }

  find(uuid: string): Channel | undefined {
    return this.byUuid.get(uuid);
  }

  /** A snapshot, safe to go through while channels end. */
  all(): Channel[] {
    return [...this.byUuid.values()];
  }
}
