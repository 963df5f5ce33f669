import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig, WrongConfiguration } from './read-config';
import { withSecrets } from './secrets';
import { describeSettings, SETTINGS } from './settings';

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof WrongConfiguration) return error.faults;
    throw error;
  }
}

describe('readConfig', () => {
  it('listens on loopback alone unless told otherwise', () => {
    expect(readConfig({}).BIND_ADDRESS).toBe('127.0.0.1');
  });

  it('takes providers to sign in by, and tells what is wrong with them without showing a secret', () => {
    const google = { id: 'google', label: 'Google', issuer: 'https://accounts.google.com', clientId: 'one' };
    const written = (providers: unknown, secrets: unknown = {}, PUBLIC_URL = 'https://voice.example.org') =>
      faultsOf({
        OIDC_PROVIDERS: JSON.stringify(providers),
        OIDC_CLIENT_SECRETS: JSON.stringify(secrets),
        PUBLIC_URL,
      });
    expect(written([google], { google: 'a-secret' })).toEqual([]);
    expect(written([{ ...google, issuer: 'http://127.0.0.1:8080' }])).toEqual([]);
    expect(written([{ ...google, issuer: 'http://accounts.google.com' }])).toEqual([
      expect.stringMatching(/^OIDC_PROVIDERS\.0\.issuer: is no URL to rely on; write one/),
    ]);
    expect(written([{ ...google, issuer: 'nonsense', id: 'Google!' }])).toHaveLength(2);
    expect(written([google, google])).toEqual([expect.stringContaining('"google" is there twice')]);
    expect(written([google], { facebook: 'hush' })).toEqual([
      'OIDC_CLIENT_SECRETS: "facebook" is no provider of OIDC_PROVIDERS; its id belongs there',
    ]);
    expect(written([google], {}, '')).toEqual([expect.stringMatching(/^PUBLIC_URL: is not set/)]);
    const broken = faultsOf({ OIDC_CLIENT_SECRETS: '{"google": "hush' });
    expect(broken).toEqual([expect.stringMatching(/^OIDC_CLIENT_SECRETS: is no JSON/)]);
    expect(JSON.stringify([broken, written([google], { google: 'hu sh' })])).not.toMatch(/hu ?sh/);
  });

  it('reports all faults together, each naming its setting and what would be right', () => {
    const faults = faultsOf({ HTTP_PORT: 'eighty', RTP_TIMEOUT_MS: '5', LOG_LEVEL: 'loud' });
    expect(faults).toHaveLength(3);
    expect(faults[0]).toBe('HTTP_PORT: "eighty" does not fit; write a whole number of port from 0 to 65535');
    expect(faults[1]).toMatch(/^RTP_TIMEOUT_MS: "5" .* from 2000 to 300000$/);
    expect(faults[2]).toMatch(/^LOG_LEVEL: "loud" .*debug or info or warn or error$/);
  });

  it.each([
    ['DRACHTIO', 'cymru'],
    ['FREESWITCH', 'ClueCon'],
  ])('refuses the published secret of %s off a loopback address and takes it on one', (engine, secret) => {
    const settings = { [`${engine}_HOST`]: '192.0.2.5', [`${engine}_SECRET`]: secret };
    expect(faultsOf(settings)).toEqual([expect.stringContaining(`${engine}_SECRET: is a published default`)]);
    expect(faultsOf({ ...settings, [`${engine}_HOST`]: '127.0.0.1' })).toEqual([]);
    expect(faultsOf({ ...settings, [`${engine}_HOST`]: '', BIND_ADDRESS: '192.0.2.9' })).toHaveLength(1);
  });

  it('asks for the secret of an engine it is told to use', () => {
    expect(faultsOf({ DRACHTIO_HOST: '127.0.0.1' })).toEqual([
      expect.stringContaining('DRACHTIO_SECRET: is not set'),
    ]);
  });

  it('takes a key for recordings in hex alone, and shows none in a fault', () => {
    const key = 'ab'.repeat(32);
    expect(readConfig({ RECORDING_KEY: key, RECORDING_OLD_KEYS: `${key}, ${key}` }).RECORDING_KEY).toBe(key);
    const faults = faultsOf({ RECORDING_KEY: `${key}g`, RECORDING_OLD_KEYS: `${key};${key}` });
    expect(faults).toEqual([
      'RECORDING_KEY: does not fit; write 64 hexadecimal digits (32 random bytes)',
      expect.stringMatching(/^RECORDING_OLD_KEYS: does not fit; write up to 20 keys/),
    ]);
  });

  it('asks for what TLS needs once it is switched on', () => {
    const files = { SIP_TLS_CERT_FILE: 'cert.pem', SIP_TLS_KEY_FILE: 'key.pem' };
    expect(faultsOf({ SIP_TLS_CLIENTS: 'certified' })).toEqual([]);
    expect(faultsOf({ SIP_TLS_PORT: '5061', ...files })).toEqual([]);
    expect(faultsOf({ SIP_TLS_PORT: '5060', SIP_TLS_CLIENTS: 'certified' })).toEqual([
      expect.stringContaining('SIP_TLS_CERT_FILE: is not set'),
      expect.stringContaining('SIP_TLS_KEY_FILE: is not set'),
      expect.stringContaining('SIP_TLS_CA_FILE: is not set'),
      expect.stringContaining('SIP_TLS_PORT: is that of UDP and TCP'),
    ]);
  });

  it('asks for a certificate and ports of their own for browsers', () => {
    const files = { SIP_TLS_CERT_FILE: 'cert.pem', SIP_TLS_KEY_FILE: 'key.pem' };
    expect(faultsOf({ SIP_WS_PORT: '5066' })).toEqual([]);
    expect(faultsOf({ SIP_WS_PORT: '5066', SIP_WSS_PORT: '7443', ...files })).toEqual([]);
    expect(faultsOf({ SIP_WSS_PORT: '7443' })[0]).toContain('SIP_WSS_PORT is');
    expect(faultsOf({ SIP_WS_PORT: '7443', SIP_WSS_PORT: '7443', ...files })).toEqual([
      'SIP_WSS_PORT: is that of SIP_WS_PORT; give it a port of its own',
    ]);
  });

  it('asks for one address where all were named', () => {
    expect(faultsOf({ BIND_ADDRESS: '0.0.0.0' })).toEqual([
      expect.stringContaining('BIND_ADDRESS: stands for all addresses'),
    ]);
  });

  it('describes every setting', () => {
    expect(describeSettings().map((row) => row.name)).toEqual(Object.keys(SETTINGS));
    for (const row of describeSettings()) expect(row.about.length).toBeGreaterThan(20);
  });
});

describe('withSecrets', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), '123-voip-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('generates secrets once, in a file only its owner can read', () => {
    const config = readConfig({ VAR_DIR: join(folder, 'var') });
    const first = withSecrets(config);
    expect(first.DRACHTIO_SECRET).toHaveLength(32);
    expect(first.FREESWITCH_SECRET).not.toBe(first.DRACHTIO_SECRET);
    expect(statSync(join(folder, 'var', 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(withSecrets(config)).toEqual(first);
  });

  it('adds what an older version did not generate, and keeps what it did', () => {
    const folderOfOld = join(folder, 'old');
    mkdirSync(folderOfOld);
    const old = { DRACHTIO_SECRET: 'one', FREESWITCH_SECRET: 'two' };
    writeFileSync(join(folderOfOld, 'secrets.json'), JSON.stringify(old));
    const config = readConfig({ VAR_DIR: folderOfOld });
    const filled = withSecrets(config);
    expect(filled).toMatchObject({ ...old, RECORDING_KEY: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(withSecrets(config)).toEqual(filled);
    expect(JSON.parse(readFileSync(join(folderOfOld, 'secrets.json'), 'utf8'))).toMatchObject(old);
  });

  it('prefers a secret that is given', () => {
    const config = readConfig({ VAR_DIR: folder, DRACHTIO_SECRET: 'my own' });
    expect(withSecrets(config).DRACHTIO_SECRET).toBe('my own');
  });
});
