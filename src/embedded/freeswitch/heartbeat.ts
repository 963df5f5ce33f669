import { cpus } from 'node:os';
import type { Timer } from '../../kernel/clock';
import type { Core } from './core';
import type { EventListener } from './event-bus';
import { heartbeatHeaders } from './status';

/** Tells all listeners every so often that the server lives and how loaded it is. */
export class Heartbeat {
  private timer: Timer | undefined;
  private cpuBefore = cpuTimes();

  constructor(
    private readonly core: Core,
    private readonly periodMs: number,
  ) {}

  start(): void {
    this.timer = this.core.clock.every(this.periodMs, () => this.beat());
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** One heartbeat for a client that just asked, so that it need not wait a period for its first facts. */
  greet(listener: EventListener): void {
    this.core.bus.fireTo(listener, 'HEARTBEAT', heartbeatHeaders(this.core, this.idleCpuPercent()));
  }

  private beat(): void {
    const idle = this.idleCpuPercent();
    this.core.bus.fire('HEARTBEAT', () => heartbeatHeaders(this.core, idle));
  }

  private idleCpuPercent(): number {
    const now = cpuTimes();
    const all = now.all - this.cpuBefore.all;
    const idle = now.idle - this.cpuBefore.idle;
    if (all < 1_000) return 100;
    this.cpuBefore = now;
    return (idle / all) * 100;
  }
}

function cpuTimes(): { idle: number; all: number } {
  let idle = 0;
  let all = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, all };
}
