/** Facts of a log line. Never a PIN, password, token, digit typed as a PIN or Room ID. */
export type LogFacts = Readonly<Record<string, unknown>>;

/** Where log lines go. `event` is a short fixed phrase; what varies stands in `facts`. */
export interface Log {
  debug(event: string, facts?: LogFacts): void;
  info(event: string, facts?: LogFacts): void;
  warn(event: string, facts?: LogFacts): void;
  error(event: string, facts?: LogFacts): void;
}

/** Swallows everything: for tests and benches that do not look at the log. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
