import type { Clock } from '../../kernel/clock';
import type { ClientRegistry } from './clients';
import { timeOfDay } from './meta';

/** Which way the message went that the record is about. */
export type CdrSource = 'network' | 'application';

/** Why a call ended. drachtio-server's own table is one name short, so that it names the last causes wrongly; here they are right. */
export type CdrStopReason =
  | 'call-rejected'
  | 'call-canceled'
  | 'normal-release'
  | 'session-expired'
  | 'ack-bye'
  | 'system-initiated-termination'
  | 'system-error-initiated-termination';

/** Call records on the admin protocol: each goes to one application that asked for it. Nothing is kept: do not bill from them. */
export class CdrSender {
  constructor(
    private readonly clients: ClientRegistry,
    private readonly clock: Clock,
  ) {}

  attempt(source: CdrSource, message: string): void {
    this.send('cdr:attempt', source, '', message);
  }

  start(source: CdrSource, role: 'uac' | 'uas', message: string): void {
    this.send('cdr:start', source, `|${role}`, message);
  }

  stop(source: CdrSource, reason: CdrStopReason, message: string): void {
    this.send('cdr:stop', source, `|${reason}`, message);
  }

  private send(verb: string, source: CdrSource, more: string, message: string): void {
    this.clients.pick(verb)?.send(`${verb}|${source}|${timeOfDay(this.clock.nowMs())}${more}\r\n${message}`);
  }
}
