/** The browser's clock and timers, read here alone. */
export function nowMs(): number {
  return Date.now();
}

/** Runs `work` once after a while; gives how to call it off. */
export function after(delayMs: number, work: () => void): () => void {
  const timer = window.setTimeout(work, delayMs);
  return () => window.clearTimeout(timer);
}

/** Runs `work` again and again; gives how to stop. */
export function every(intervalMs: number, work: () => void): () => void {
  const timer = window.setInterval(work, intervalMs);
  return () => window.clearInterval(timer);
}
