/** What we use of drachtio-fsmrf 5.0.1, which ships no declarations. */
import type { EventEmitter } from 'node:events';
import type Srf from 'drachtio-srf';

export = Mrf;

declare class Mrf {
  constructor(srf: Srf, options?: object);
  connect(options: {
    address: string;
    port: number;
    secret: string;
    listenAddress: string;
    listenPort?: number;
    advertisedAddress?: string;
    profile?: string;
  }): Promise<Mrf.MediaServer>;
}

declare namespace Mrf {
  interface MediaServer extends EventEmitter {
    readonly maxSessions: number;
    readonly currentSessions: number;
    readonly hostname: string;
    connected(): boolean;
    createEndpoint(options?: { remoteSdp?: string; headers?: Record<string, string> }): Promise<Endpoint>;
    connectCaller(
      req: Srf.SrfRequest,
      res: Srf.SrfResponse,
      options?: { headers?: Record<string, string> },
    ): Promise<{ endpoint: Endpoint; dialog: Srf.Dialog }>;
    api(command: string, callback: (body: string) => void): void;
    disconnect(): void;
  }

  interface Endpoint extends EventEmitter {
    readonly uuid: string;
    readonly connected: boolean;
    readonly dialog: Srf.Dialog;
    readonly local: { sdp: string };
    readonly remote: { sdp: string };
    readonly conf: { memberId: number; name: string; uuid: string };
    set(name: string, value: string): Promise<unknown>;
    play(file: string | readonly string[]): Promise<{ playbackMilliseconds?: string }>;
    playCollect(options: {
      file: string;
      min?: number;
      max?: number;
      tries?: number;
      timeout?: number;
      terminators?: string;
      digitTimeout?: number;
      regexp?: string;
      varName?: string;
    }): Promise<{ digits?: string; invalidDigits?: string; terminatorUsed?: string }>;
    join(
      name: string,
      options?: { profile?: string; flags?: Record<string, boolean> },
    ): Promise<{ memberId: number; confUuid: string }>;
    bridge(other: Endpoint | string): Promise<void>;
    unbridge(): Promise<void>;
    modify(sdp: string): Promise<string>;
    getChannelVariables(includeMedia: boolean): Promise<Record<string, string | number>>;
    api(command: string, args: string | readonly string[]): Promise<EslEvent>;
    execute(application: string, argument?: string): Promise<EslEvent>;
    destroy(): Promise<void>;
  }

  interface EslEvent {
    getHeader(name: string): string | undefined;
    getBody(): string;
  }
}
