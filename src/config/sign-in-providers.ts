import { z } from 'zod';
import { isLoopback } from './loopback';
import type { Config } from './settings';

const MAX_PROVIDERS = 10;

/** Somebody else who vouches for people by OpenID Connect. */
export type SignInProvider = {
  /** Stands in URLs. */
  readonly id: string;
  readonly label: string;
  /** Where its description lies, below /.well-known/openid-configuration; each of its tokens names it. */
  readonly issuer: string;
  readonly clientId: string;
  /** Null: it knows us by PKCE alone. */
  readonly clientSecret: string | null;
  readonly scope: string;
  /** For a provider whose description leaves it out; null: as described. */
  readonly tokenEndpoint: string | null;
};

/** Tokens and codes pass here, so nobody on the way may read along. */
const urlSchema = z
  .string()
  .max(200)
  .refine(isSafeUrl, 'is no URL to rely on; write one that begins with https:// (http:// on loopback alone)');

const providersSchema = z
  .array(
    z.strictObject({
      id: z.string().regex(/^[a-z0-9-]{1,20}$/, 'is no id; write 1 to 20 small letters, digits and hyphens'),
      label: z.string().trim().min(1).max(40),
      issuer: urlSchema,
      clientId: z.string().regex(/^[!-~]{1,200}$/, 'is no client id; copy it from the provider'),
      scope: z
        .string()
        .regex(/^openid( [!-~]{1,60}){0,10}$/, 'is no scope; begin with openid, as in "openid email"')
        .default('openid email profile'),
      tokenEndpoint: urlSchema.nullable().default(null),
    }),
  )
  .max(MAX_PROVIDERS);
const secretsSchema = z.record(z.string(), z.string().regex(/^[!-~]{1,500}$/, 'is no client secret'));

type Wanted = Pick<Config, 'OIDC_PROVIDERS' | 'OIDC_CLIENT_SECRETS' | 'PUBLIC_URL'>;

/** The providers that people may sign in by, and what is wrong with how they are written down; with faults there are none. */
export function signInProviders(config: Wanted): {
  readonly providers: readonly SignInProvider[];
  readonly faults: readonly string[];
} {
  const providers = parsed('OIDC_PROVIDERS', config.OIDC_PROVIDERS, providersSchema, []);
  const secrets = parsed('OIDC_CLIENT_SECRETS', config.OIDC_CLIENT_SECRETS, secretsSchema, {});
  const faults = [...providers.faults, ...secrets.faults];
  if (faults.length > 0) return { providers: [], faults };
  const ids = providers.value.map(({ id }) => id);
  for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) !== at)))
    faults.push(`OIDC_PROVIDERS: "${id}" is there twice; give each provider an id of its own`);
  for (const id of Object.keys(secrets.value).filter((one) => !ids.includes(one)))
    faults.push(`OIDC_CLIENT_SECRETS: "${id}" is no provider of OIDC_PROVIDERS; its id belongs there`);
  if (ids.length > 0 && config.PUBLIC_URL === '')
    faults.push(
      'PUBLIC_URL: is not set, but OIDC_PROVIDERS is; providers send people back to an address below it',
    );
  return {
    providers:
      faults.length > 0
        ? []
        : providers.value.map((one) => ({ ...one, clientSecret: secrets.value[one.id] ?? null })),
    faults,
  };
}

/** Reads JSON by a schema. What was written is not shown: it may be a secret. */
function parsed<T>(
  name: string,
  written: string,
  schema: z.ZodType<T>,
  whenEmpty: T,
): { readonly value: T; readonly faults: string[] } {
  if (written === '') return { value: whenEmpty, faults: [] };
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    return { value: whenEmpty, faults: [`${name}: is no JSON; look for a missing quote or bracket`] };
  }
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data, faults: [] };
  const faults = result.error.issues.map(({ path, message }) => `${[name, ...path].join('.')}: ${message}`);
  return { value: whenEmpty, faults };
}

function isSafeUrl(written: string): boolean {
  if (!URL.canParse(written)) return false;
  const { protocol, hostname, username, search, hash } = new URL(written);
  if (username !== '' || search !== '' || hash !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
