import { isLoopback } from './loopback';
import { signInProviders } from './sign-in-providers';
import { type Config, SETTINGS, type Setting, type SettingName } from './settings';

/** Secrets that the engines' sample configurations carry and everybody knows. */
const PUBLISHED_SECRETS: readonly string[] = ['cymru', 'ClueCon'];

/** All faults of a configuration, one sentence each; the program ends with exit code 78 (EX_CONFIG of sysexits.h). */
export class WrongConfiguration extends Error {
  constructor(readonly faults: readonly string[]) {
    super(faults.join('\n'));
    this.name = 'WrongConfiguration';
  }
}

/** What the environment says, checked; a secret that is not given is ''. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads every setting from the environment; what is not given has its default.
 * @throws WrongConfiguration with all faults together
 */
export function readConfig(environment: Environment): Config {
  const faults: string[] = [];
  const values: Record<string, string | number> = {};
  for (const [name, setting] of Object.entries<Setting>(SETTINGS)) {
    const given = environment[name]?.trim();
    const result = readSetting(setting, given);
    if ('fault' in result) faults.push(`${name}: ${result.fault}`);
    else values[name] = result.value;
  }
  const config = values as unknown as Config;
  if (faults.length === 0) faults.push(...faultsBetween(config));
  if (faults.length > 0) throw new WrongConfiguration(faults);
  return config;
}

type Reading = { value: string | number } | { fault: string };

function readSetting(setting: Setting, given: string | undefined): Reading {
  switch (setting.type) {
    case 'secret':
      // Never shown, not even a wrong one: it may be right but for a letter.
      return given && setting.pattern && !setting.pattern.test(given)
        ? { fault: `does not fit; write ${setting.form}` }
        : { value: given ?? '' };
    case 'integer':
      return readInteger(setting, given);
    case 'choice':
      return given === undefined || given === '' || setting.choices.includes(given)
        ? { value: given || setting.default }
        : { fault: `"${given}" is none of its values; use ${setting.choices.join(' or ')}` };
    case 'text':
      return given && setting.pattern && !setting.pattern.test(given)
        ? { fault: `"${given}" does not fit; write ${setting.form}` }
        : { value: given ?? setting.default };
  }
}

function readInteger(setting: Extract<Setting, { type: 'integer' }>, given: string | undefined): Reading {
  if (given === undefined || given === '') return { value: setting.default };
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (value >= setting.least && value <= setting.most) return { value };
  return {
    fault: `"${given}" does not fit; write a whole number of ${setting.unit} from ${setting.least} to ${setting.most}`,
  };
}

/** Faults that only show when settings are looked at together. */
function faultsBetween(config: Config): string[] {
  const faults: string[] = [];
  if (config.RTP_PORT_MAX - config.RTP_PORT_MIN < 3)
    faults.push('RTP_PORT_MAX: leaves no room above RTP_PORT_MIN; each leg takes two ports');
  if (['0.0.0.0', '::', '[::]'].includes(config.BIND_ADDRESS))
    faults.push(
      'BIND_ADDRESS: stands for all addresses, and SIP must name one; write the address that phones and carriers reach',
    );
  faults.push(...tlsFaults(config));
  for (const [host, secret] of [
    ['DRACHTIO_HOST', 'DRACHTIO_SECRET'],
    ['FREESWITCH_HOST', 'FREESWITCH_SECRET'],
  ] as const satisfies readonly (readonly [SettingName, SettingName])[]) {
    if (
      PUBLISHED_SECRETS.includes(config[secret]) &&
      !(isLoopback(config[host] || '127.0.0.1') && isLoopback(config.BIND_ADDRESS))
    )
      faults.push(
        `${secret}: is a published default, which everybody knows; off a loopback address set one of your own`,
      );
    if (config[host] !== '' && config[secret] === '')
      faults.push(`${secret}: is not set; the server at ${host} has one, write the same here`);
  }
  if (config.TURN_URLS !== '' && config.TURN_SECRET === '')
    faults.push('TURN_SECRET: is not set; the servers of TURN_URLS have one, write the same here');
  if (config.STIR_CERT_FILE !== '')
    for (const needed of ['STIR_KEY_FILE', 'STIR_CERT_URL'] as const)
      if (config[needed] === '')
        faults.push(`${needed}: is not set; calls cannot be signed with STIR_CERT_FILE alone`);
  faults.push(...signInProviders(config).faults);
  return faults;
}

function tlsFaults(config: Config): string[] {
  const port = (['SIP_TLS_PORT', 'SIP_WSS_PORT'] as const).find((name) => config[name] !== 0);
  if (port === undefined) return samePortFaults(config);
  const faults: string[] = [];
  for (const name of ['SIP_TLS_CERT_FILE', 'SIP_TLS_KEY_FILE'] as const)
    if (config[name] === '')
      faults.push(`${name}: is not set, but ${port} is; name a PEM file, or set ${port} to 0`);
  if (config.SIP_TLS_PORT !== 0 && config.SIP_TLS_CLIENTS === 'certified' && config.SIP_TLS_CA_FILE === '')
    faults.push(
      'SIP_TLS_CA_FILE: is not set; certified clients need an authority of your own, name its PEM file',
    );
  return [...faults, ...samePortFaults(config)];
}

function samePortFaults(config: Config): string[] {
  const faults: string[] = [];
  const names = ['SIP_TLS_PORT', 'SIP_WS_PORT', 'SIP_WSS_PORT'] as const;
  names.forEach((name, at) => {
    const port = config[name];
    if (port === 0) return;
    if (port === config.SIP_PORT) faults.push(`${name}: is that of UDP and TCP; give it a port of its own`);
    const other = names.slice(0, at).find((earlier) => config[earlier] === port);
    if (other !== undefined) faults.push(`${name}: is that of ${other}; give it a port of its own`);
  });
  return faults;
}
