import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomSecret } from '../kernel/ids';
import type { Config } from './settings';

const FILE = 'secrets.json';

/** What is generated once per installation and kept in VAR_DIR/secrets.json, readable by its owner alone. */
type Secrets = { readonly DRACHTIO_SECRET: string; readonly FREESWITCH_SECRET: string };

/** Fills in the secrets that the environment did not give, generating and keeping them on first start. */
export function withSecrets(config: Config): Config {
  const kept = keptSecrets(config.VAR_DIR);
  return {
    ...config,
    DRACHTIO_SECRET: config.DRACHTIO_SECRET || kept.DRACHTIO_SECRET,
    FREESWITCH_SECRET: config.FREESWITCH_SECRET || kept.FREESWITCH_SECRET,
  };
}

function keptSecrets(folder: string): Secrets {
  const file = join(folder, FILE);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  const secrets = { DRACHTIO_SECRET: randomSecret(), FREESWITCH_SECRET: randomSecret() };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return secrets;
}
