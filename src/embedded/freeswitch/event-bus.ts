import { hostname } from 'node:os';
import type { Clock } from '../../kernel/clock';
import { randomId } from '../../kernel/ids';
import type { EventHeaders, FreeswitchEvent } from './event';

/** One event socket connection, seen from where events are made. */
export interface EventListener {
  /** Cheap test before an event is built at all. */
  wants(name: string, subclass: string | undefined): boolean;
  deliver(event: FreeswitchEvent): void;
}

/** Carries events from channels and conferences to the listeners that asked for them. */
export class EventBus {
  readonly coreUuid = randomId();
  private readonly listeners = new Set<EventListener>();
  private sequence = 0;

  constructor(
    private readonly clock: Clock,
    private readonly address: string,
  ) {}

  add(listener: EventListener): void {
    this.listeners.add(listener);
  }

  remove(listener: EventListener): void {
    this.listeners.delete(listener);
  }

  /** Sends an event to all who want it; `build` runs only when somebody does. */
  fire(name: string, build: () => EventHeaders, options: { subclass?: string; body?: string } = {}): void {
    let event: FreeswitchEvent | undefined;
    for (const listener of this.listeners) {
      if (!listener.wants(name, options.subclass)) continue;
      event ??= this.make(name, build(), options);
      listener.deliver(event);
    }
  }

  /** Sends an event to one listener, wanted or not. */
  fireTo(listener: EventListener, name: string, headers: EventHeaders): void {
    listener.deliver(this.make(name, headers, {}));
  }

  /** The headers that every event of this process carries. */
  coreHeaders(name: string): EventHeaders {
    this.sequence += 1;
    const now = new Date(this.clock.nowMs());
    return {
      'Event-Name': name,
      'Core-UUID': this.coreUuid,
      'FreeSWITCH-Hostname': hostname(),
      'FreeSWITCH-Switchname': hostname(),
      'FreeSWITCH-IPv4': this.address,
      'FreeSWITCH-IPv6': '::1',
      'Event-Date-Local': now.toISOString().slice(0, 19).replace('T', ' '),
      'Event-Date-GMT': now.toUTCString(),
      'Event-Date-Timestamp': String(Math.round(now.getTime() * 1_000)),
      'Event-Sequence': String(this.sequence),
    };
  }

  private make(
    name: string,
    headers: EventHeaders,
    options: { subclass?: string; body?: string },
  ): FreeswitchEvent {
    const { subclass, body } = options;
    return {
      name,
      subclass,
      headers: {
        ...this.coreHeaders(name),
        ...(subclass === undefined ? {} : { 'Event-Subclass': subclass }),
        ...headers,
      },
      body: body ?? '',
    };
  }
}
