import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What is asked when the metrics are read. */
export type MetricSources = {
  readonly liveCalls: () => number;
  readonly cdrBacklog: () => number;
  readonly journalReady: () => boolean;
  readonly mediaReady: () => boolean;
  /** What the guard against overload sees. */
  readonly overload: () => { readonly inHand: number; readonly overloaded: boolean };
  /** Trunks that do not answer this node, and registrations of ours that do not stand. */
  readonly trunks: () => { readonly dead: number; readonly unregistered: number };
};

/** The service's figures for Prometheus. */
export type Metrics = {
  /** Counts an ended call by its result. */
  callEnded(result: string): void;
  /** Counts a call that was refused because too many came. */
  callRefused(): void;
  /** Counts an answered HTTP request by its declared path. */
  httpAnswered(path: string, status: number, durationMs: number): void;
  /** The figures in Prometheus' text form, and its content type. */
  text(): Promise<{ contentType: string; body: string }>;
};

/** Makes the registry; names carry their units. */
export function makeMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const calls = new Counter({
    name: 'voip_calls_ended_total',
    help: 'Calls that ended, by result',
    labelNames: ['result'],
    registers,
  });
  const requests = new Histogram({
    name: 'voip_http_request_seconds',
    help: 'Time to answer an HTTP request',
    labelNames: ['path', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const refused = new Counter({
    name: 'voip_calls_refused_overload_total',
    help: 'Calls refused with 503 because more came than could be begun in time',
    registers,
  });
  gauge('voip_calls_beginning', 'Calls whose beginning waits for this node', () => sources.overload().inHand);
  gauge('voip_overloaded', '1 while new calls are refused because of too many', () =>
    sources.overload().overloaded ? 1 : 0,
  );
  gauge('voip_live_calls', 'Calls going on', sources.liveCalls);
  gauge('voip_cdr_backlog', 'Ended calls that the database has not taken yet', sources.cdrBacklog);
  gauge('voip_journal_ready', '1 when the CDR journal takes records, so that calls may begin', () =>
    sources.journalReady() ? 1 : 0,
  );
  gauge('voip_media_ready', '1 when the media server can take calls', () => (sources.mediaReady() ? 1 : 0));
  gauge('voip_trunks_dead', 'Trunks that do not answer OPTIONS of this node', () => sources.trunks().dead);
  gauge(
    'voip_trunks_unregistered',
    'Carriers at which this node should be registered and is not',
    () => sources.trunks().unregistered,
  );
  return {
    callEnded: (result) => calls.inc({ result }),
    callRefused: () => refused.inc(),
    httpAnswered: (path, status, durationMs) => requests.observe({ path, status }, durationMs / 1000),
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
