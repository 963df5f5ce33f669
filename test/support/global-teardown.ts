/** Stops what global-setup started. */
export default async function globalTeardown(): Promise<void> {
  await (globalThis as { privateMariadb?: { stop(): Promise<void> } }).privateMariadb?.stop();
}
