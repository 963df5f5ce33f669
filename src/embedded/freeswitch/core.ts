import type { Clock } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import type { MediaEngine } from '../media/media-engine';
import type { Application } from './channel';
import type { ChannelRegistry } from './channel-registry';
import type { Conferences } from './conferences';
import type { EventBus } from './event-bus';

/** What the parts of the media server share: one object made at the start, handed to whoever needs it. */
export type Core = {
  readonly clock: Clock;
  readonly log: Log;
  readonly bus: EventBus;
  readonly media: MediaEngine;
  readonly channels: ChannelRegistry;
  readonly conferences: Conferences;
  /** Dialplan applications by name. */
  readonly applications: ReadonlyMap<string, Application>;
  /** `host:port` where SIP is taken, known once it listens. */
  sipAddress: string;
  readonly startedMs: number;
};
