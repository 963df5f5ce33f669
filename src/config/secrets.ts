import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomHex, randomSecret } from '../kernel/ids';
import type { Config } from './settings';

const FILE = 'secrets.json';
const KEY_BYTES = 32;

/** What is generated once per installation and kept in VAR_DIR/secrets.json, readable by its owner alone. */
const GENERATORS = {
  DRACHTIO_SECRET: () => randomSecret(),
  FREESWITCH_SECRET: () => randomSecret(),
  RECORDING_KEY: () => randomHex(KEY_BYTES),
  WEBHOOK_KEY: () => randomHex(KEY_BYTES),
  TRUNK_KEY: () => randomHex(KEY_BYTES),
  LINK_KEY: () => randomHex(KEY_BYTES),
  IDENTITY_KEY: () => randomHex(KEY_BYTES),
} as const satisfies Partial<Record<keyof Config, () => string>>;
type SecretName = keyof typeof GENERATORS;
const NAMES = Object.keys(GENERATORS) as SecretName[];

/** Fills in the secrets that the environment did not give, generating and keeping them on first start. */
export function withSecrets(config: Config): Config {
  const kept = keptSecrets(config.VAR_DIR);
  return { ...config, ...Object.fromEntries(NAMES.map((name) => [name, config[name] || kept[name]])) };
}

/** The kept secrets; those that an older version did not have are added, none is ever replaced. */
function keptSecrets(folder: string): Readonly<Record<SecretName, string>> {
  const file = join(folder, FILE);
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {};
  const missing = NAMES.filter((name) => !before[name]);
  const secrets = { ...before, ...Object.fromEntries(missing.map((name) => [name, GENERATORS[name]()])) };
  if (missing.length > 0) keep(folder, file, secrets);
  return secrets as Record<SecretName, string>;
}

/** Whole or not at all: half a file would cost the key of every recording. */
function keep(folder: string, file: string, secrets: object): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flush: true });
  chmodSync(`${file}.new`, 0o600);
  renameSync(`${file}.new`, file);
}
