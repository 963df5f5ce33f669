import {
  allowInsecureRequests,
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type ClientAuth,
  ClientError,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  ResponseBodyError,
} from 'openid-client';
import { z } from 'zod';
import { fingerprint } from '../kernel/ids';
import { AppError, InvalidInput } from '../kernel/app-error';
import { mailOf } from './person';
import { nonceOf, type SignInFlow, stateOf, verifierOf } from './sign-in-flow';

/** How long a provider may take for one answer. */
const ANSWER_SECONDS = 10;
/** How long a provider's description of itself is gone by, and how long one that did not answer is left alone. */
const DESCRIPTION_MS = 3_600_000;
const RETRY_MS = 10_000;

/** A provider that people may sign in by. */
export type Provider = {
  readonly id: string;
  readonly label: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
  readonly scope: string;
  readonly tokenEndpoint: string | null;
};

/** Who somebody is at a provider, as far as we want to know. */
export type Identity = {
  readonly providerId: string;
  /** Of issuer and subject: the same person has the same one for ever, whatever his mail address becomes. */
  readonly fingerprint: string;
  /** In small letters; null when none was shown. */
  readonly mail: string | null;
  /** Whether the provider says that he receives what is sent there. */
  readonly mailVerified: boolean;
  readonly name: string;
};

const FAULTS = {
  'provider-refused': 'the provider does not say who this is; say yes there',
  'provider-unreachable': 'the provider does not answer; try again in a minute',
  'not-proven': 'what the provider sent proves nothing; begin again',
} as const;

/** A provider did not vouch for somebody. */
export class ProviderFault extends AppError {
  readonly code = 'not-vouched-for';
  constructor(
    readonly problem: keyof typeof FAULTS,
    override readonly cause: unknown,
  ) {
    super(FAULTS[problem]);
  }
}

const claimsSchema = z.object({
  iss: z.string().max(500),
  sub: z.string().min(1).max(255),
  email: z.string().max(254).optional().catch(undefined),
  // Some write it as text.
  email_verified: z
    .union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')])
    .catch(false),
  name: z.string().trim().max(200).catch(''),
});

/** The providers as they are spoken to: OpenID Connect, authorization code with PKCE. */
export class Providers {
  readonly #described = new Map<
    string,
    { readonly spoken: Promise<Configuration>; readonly untilMs: number }
  >();

  constructor(
    readonly all: readonly Provider[],
    private readonly publicUrl: string,
  ) {}

  find(providerId: string): Provider | null {
    return this.all.find(({ id }) => id === providerId) ?? null;
  }

  /** Where a browser goes to be vouched for. @throws ProviderFault */
  async urlToGo(provider: Provider, flow: SignInFlow, nowMs: number): Promise<string> {
    return buildAuthorizationUrl(await this.#describe(provider, nowMs), {
      redirect_uri: this.#wayBack(provider),
      scope: provider.scope,
      state: stateOf(flow),
      nonce: nonceOf(flow),
      code_challenge: await calculatePKCECodeChallenge(verifierOf(flow)),
      code_challenge_method: 'S256',
    }).href;
  }

  /**
   * Who came back, by the query that he came with: the code is changed for an ID token, whose signature, issuer, audience, nonce and times are checked.
   * @throws ProviderFault
   */
  async identify(provider: Provider, flow: SignInFlow, query: string, nowMs: number): Promise<Identity> {
    const spoken = await this.#describe(provider, nowMs);
    return this.#exchange(provider, spoken, flow, query).catch((error: unknown) => {
      throw new ProviderFault(problemOf(error), error);
    });
  }

  async #exchange(
    provider: Provider,
    spoken: Configuration,
    flow: SignInFlow,
    query: string,
  ): Promise<Identity> {
    const tokens = await authorizationCodeGrant(spoken, new URL(`${this.#wayBack(provider)}${query}`), {
      pkceCodeVerifier: verifierOf(flow),
      expectedState: stateOf(flow),
      expectedNonce: nonceOf(flow),
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    const hasMore =
      claims !== undefined && claims.email === undefined && spoken.serverMetadata().userinfo_endpoint;
    const more = hasMore ? await fetchUserInfo(spoken, tokens.access_token, claims.sub) : {};
    const { iss, sub, email, email_verified, name } = claimsSchema.parse({ ...more, ...claims });
    return {
      providerId: provider.id,
      fingerprint: fingerprint(`identity ${iss} ${sub}`),
      mail: mailOrNull(email),
      mailVerified: email_verified,
      name,
    };
  }

  #wayBack(provider: Provider): string {
    return `${this.publicUrl}/api/v1/sign-in/${provider.id}/callback`;
  }

  /** All who come at once wait for one answer. */
  async #describe(provider: Provider, nowMs: number): Promise<Configuration> {
    const kept = this.#described.get(provider.id);
    if (kept && kept.untilMs > nowMs) return kept.spoken;
    const spoken: Promise<Configuration> = describe(provider).catch((error: unknown) => {
      this.#described.set(provider.id, { spoken, untilMs: nowMs + RETRY_MS });
      throw new ProviderFault('provider-unreachable', error);
    });
    this.#described.set(provider.id, { spoken, untilMs: nowMs + DESCRIPTION_MS });
    return spoken;
  }
}

async function describe({ issuer, clientId, clientSecret, tokenEndpoint }: Provider): Promise<Configuration> {
  const auth = clientSecret === null ? None() : withSecret(clientSecret);
  const steps = [
    // The signature is checked beside TLS: who ends TLS before us would else be believed.
    enableNonRepudiationChecks,
    // Settings take http:// on loopback alone.
    ...(issuer.startsWith('http:') ? [allowInsecureRequests] : []),
  ];
  const found = await discovery(new URL(issuer), clientId, undefined, auth, {
    timeout: ANSWER_SECONDS,
    execute: steps,
  });
  if (tokenEndpoint === null) return found;
  // What its description says, without the function that the library adds to it.
  const described = { ...found.serverMetadata(), supportsPKCE: undefined };
  const completed = new Configuration(
    { ...described, token_endpoint: tokenEndpoint },
    clientId,
    undefined,
    auth,
  );
  completed.timeout = ANSWER_SECONDS;
  for (const step of steps) step(completed);
  return completed;
}

/** In the body, as most want it; in the header for those who name that alone (RFC 6749 2.3.1). */
function withSecret(clientSecret: string): ClientAuth {
  return (server, ...rest) => {
    const named = server.token_endpoint_auth_methods_supported ?? [];
    const isHeaderAlone = named.includes('client_secret_basic') && !named.includes('client_secret_post');
    const auth = isHeaderAlone ? ClientSecretBasic(clientSecret) : ClientSecretPost(clientSecret);
    return auth(server, ...rest);
  };
}

function problemOf(error: unknown): ProviderFault['problem'] {
  if (error instanceof AuthorizationResponseError) return 'provider-refused';
  if (error instanceof ClientError && error.code === 'OAUTH_TIMEOUT') return 'provider-unreachable';
  if (error instanceof ClientError || error instanceof ResponseBodyError || error instanceof z.ZodError)
    return 'not-proven';
  return 'provider-unreachable';
}

function mailOrNull(shown: string | undefined): string | null {
  if (shown === undefined) return null;
  try {
    return mailOf(shown);
  } catch (error) {
    if (error instanceof InvalidInput) return null;
    throw error;
  }
}
