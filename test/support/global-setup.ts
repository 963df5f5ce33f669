import { startPrivateMariadb } from './mariadb-server';

/** Once per jest run: the MariaDB that store tests use beside SQLite. */
export default async function globalSetup(): Promise<void> {
  if (process.env.TEST_MARIADB_URL) return;
  const server = await startPrivateMariadb();
  process.env.TEST_MARIADB_URL = server.url;
  (globalThis as { privateMariadb?: typeof server }).privateMariadb = server;
}
