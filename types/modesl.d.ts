/** What we use of modesl 1.2.1, which ships no declarations. */
import type { EventEmitter } from 'node:events';

export class Connection extends EventEmitter {
  constructor(host: string, port: number, password: string, ready?: () => void);
  connected(): boolean;
  subscribe(events: readonly string[] | string, done?: () => void): void;
  api(command: string, args: string | readonly string[], done: (response: Event) => void): void;
  api(command: string, done: (response: Event) => void): void;
  bgapi(
    command: string,
    args: string | readonly string[],
    jobId: string | undefined,
    done: (response: Event) => void,
  ): void;
  disconnect(): void;
}

export interface Event {
  getHeader(name: string): string | undefined;
  getBody(): string;
  readonly headers: readonly { name: string; value: string }[];
}
