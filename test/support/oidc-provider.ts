import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** Whoever is at the provider's page now, and what it says of him. */
export type AtProvider = {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean | string;
  readonly name?: string;
};

type Asked = {
  readonly at: AtProvider;
  readonly redirectUri: string;
  readonly nonce: string;
  readonly challenge: string;
};

/** A provider of OpenID Connect on loopback: description, codes with PKCE, ID tokens in RS256 or ES256, user info. It may be told to lie. */
export class OidcProvider {
  /** Who says yes at its page; null: he says no. */
  at: AtProvider | null = null;
  alg: 'RS256' | 'ES256' = 'RS256';
  /** Claims of the next ID tokens that are not as they should be. */
  lies: JWTPayload = {};
  /** Changes an ID token after it was signed. */
  tamper: (token: string) => string = (token) => token;
  /** Mail and name are told by the user info alone. */
  isSparing = false;
  /** What its description says otherwise, or leaves out; how a client shows its secret follows it. */
  describes: { token_endpoint?: undefined; token_endpoint_auth_methods_supported?: readonly string[] } = {};
  /** Whether it answers at all, and how often it was asked what it is. */
  isAway = false;
  asked = 0;
  readonly #codes = new Map<string, Asked>();
  readonly #tokens = new Map<string, AtProvider>();
  readonly #keys = new Map<string, { readonly sign: CryptoKey; readonly jwk: JWK }>();
  readonly #server = createServer((req, res) => {
    this.#answer(req, res).catch((error: unknown) => json(res, 500, { error: String(error) }));
  });

  constructor(
    readonly clientId: string,
    readonly clientSecret: string,
  ) {}

  async start(): Promise<void> {
    for (const alg of ['RS256', 'ES256']) {
      const { publicKey, privateKey } = await generateKeyPair(alg);
      this.#keys.set(alg, {
        sign: privateKey,
        jwk: { ...(await exportJWK(publicKey)), kid: alg, alg, use: 'sig' },
      });
    }
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  /** Opens its page in a browser, and gives where that is sent back to. */
  async visit(url: string): Promise<URL> {
    const answer = await fetch(url, { redirect: 'manual' });
    const back = answer.headers.get('Location');
    if (back === null) throw new Error(`the provider sent nobody back: ${await answer.text()}`);
    return new URL(back);
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', this.issuer);
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        this.asked++;
        if (this.isAway) return json(res, 503, {});
        return json(res, 200, {
          issuer: this.issuer,
          authorization_endpoint: `${this.issuer}/authorize`,
          token_endpoint: `${this.issuer}/token`,
          userinfo_endpoint: `${this.issuer}/userinfo`,
          jwks_uri: `${this.issuer}/jwks`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256', 'ES256'],
          code_challenge_methods_supported: ['S256'],
          ...this.describes,
        });
      case '/jwks':
        return json(res, 200, { keys: [...this.#keys.values()].map(({ jwk }) => jwk) });
      case '/authorize':
        return this.#authorize(url.searchParams, res);
      case '/token':
        return this.#token(new URLSearchParams(await bodyOf(req)), req.headers.authorization, res);
      case '/userinfo': {
        const found = this.#tokens.get((req.headers.authorization ?? '').replace('Bearer ', ''));
        return found ? json(res, 200, found) : json(res, 401, { error: 'invalid_token' });
      }
      default:
        return json(res, 404, {});
    }
  }

  #authorize(asked: URLSearchParams, res: ServerResponse): void {
    const redirectUri = asked.get('redirect_uri') ?? '';
    const back = new URL(redirectUri);
    back.searchParams.set('state', asked.get('state') ?? '');
    const isFit =
      asked.get('response_type') === 'code' &&
      asked.get('client_id') === this.clientId &&
      asked.get('code_challenge_method') === 'S256';
    if (!isFit) return json(res, 400, { error: 'invalid_request' });
    if (this.at === null) back.searchParams.set('error', 'access_denied');
    else {
      const code = randomUUID();
      const [nonce, challenge] = [asked.get('nonce') ?? '', asked.get('code_challenge') ?? ''];
      this.#codes.set(code, { at: this.at, redirectUri, nonce, challenge });
      back.searchParams.set('code', code);
    }
    res.writeHead(302, { Location: back.href }).end();
  }

  async #token(asked: URLSearchParams, header: string | undefined, res: ServerResponse): Promise<void> {
    const code = asked.get('code') ?? '';
    const found = this.#codes.get(code);
    this.#codes.delete(code);
    const challenge = createHash('sha256')
      .update(asked.get('code_verifier') ?? '')
      .digest('base64url');
    const isHeaderAlone = this.describes.token_endpoint_auth_methods_supported !== undefined;
    const shown = isHeaderAlone ? header : `${asked.get('client_id')}:${asked.get('client_secret')}`;
    const wanted = `${this.clientId}:${this.clientSecret}`;
    const isKnown = shown === (isHeaderAlone ? `Basic ${basicOf(wanted)}` : wanted);
    if (!isKnown) return json(res, 401, { error: 'invalid_client' });
    if (!found || found.challenge !== challenge || found.redirectUri !== asked.get('redirect_uri'))
      return json(res, 400, { error: 'invalid_grant' });
    const accessToken = randomUUID();
    this.#tokens.set(accessToken, found.at);
    json(res, 200, {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: 60,
      id_token: this.tamper(await this.#idToken(found)),
    });
  }

  async #idToken({ at, nonce }: Asked): Promise<string> {
    const seconds = Math.floor(Date.now() / 1000);
    const told = this.isSparing ? { sub: at.sub } : at;
    const claims = { ...told, iss: this.issuer, aud: this.clientId, nonce, iat: seconds, exp: seconds + 60 };
    const key = this.#keys.get(this.alg);
    if (!key) throw new Error('start() comes first');
    return new SignJWT({ ...claims, ...this.lies })
      .setProtectedHeader({ alg: this.alg, kid: this.alg })
      .sign(key.sign);
  }
}

/** RFC 6749 2.3.1: both parts are form-encoded before base64. */
function basicOf(pair: string): string {
  return Buffer.from(pair.split(':').map(formEncoded).join(':')).toString('base64');
}

function formEncoded(part: string): string {
  return encodeURIComponent(part).replaceAll('-', '%2D');
}

function json(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
