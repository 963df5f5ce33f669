import pino from 'pino';
import type { Log, LogFacts } from '../kernel/log';

/** Names of facts that must never be written out, at any depth we use: a second guard behind not logging them at all. */
const REDACTED = [
  'pin',
  'password',
  'secret',
  'token',
  'authorization',
  'digits',
  'roomNumber',
  'participantPin',
  'moderatorPin',
];

/** A log of JSON lines on standard output; secrets that slip into the facts are shown as [redacted]. */
export function jsonLog(level: string, destination?: pino.DestinationStream): Log {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    serializers: { error: pino.stdSerializers.err },
  };
  const writer = destination ? pino(options, destination) : pino(options);
  const line = (write: pino.LogFn) => (event: string, facts?: LogFacts) =>
    write.call(writer, facts ?? {}, event);
  return {
    debug: line(writer.debug),
    info: line(writer.info),
    warn: line(writer.warn),
    error: line(writer.error),
  };
}
