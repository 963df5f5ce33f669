import type Srf from 'drachtio-srf';
import type { JournalKeeper } from './cdr/journal-keeper';
import type { World } from './wiring-api';
import type { Database } from './kernel/unit-of-work';
import { SipTracer } from './traces/sip-tracer';

/** Keeps the SIP of every leg from now on; gives how to stop. To be called after `srf.connect`. Off when SIP_TRACE_DAYS is 0. */
export function startTraces(
  { config, clock, log }: World,
  parts: { srf: Srf; database: Database; keeper: JournalKeeper },
): () => Promise<void> {
  if (config.SIP_TRACE_DAYS === 0) return async () => undefined;
  const connection = parts.srf.app.client?.wp;
  if (!connection) throw new Error('traces are started before drachtio is connected to');
  const tracer = new SipTracer({ database: parts.database, clock, log });
  connection.on('msg', (_socket, message) => tracer.seen(message));
  const unwatch = parts.keeper.watch(({ type, sipCallId }) =>
    type === 'opened' ? tracer.begin(sipCallId) : tracer.end(sipCallId),
  );
  tracer.start();
  return async () => {
    unwatch();
    await tracer.stop();
  };
}
