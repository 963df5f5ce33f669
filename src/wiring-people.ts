import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordDeed } from './audit/audit-log';
import { auditRoutes } from './audit/audit-routes';
import type { Config } from './config/settings';
import { signInProviders } from './config/sign-in-providers';
import { apiKeyRoutes } from './http/api-keys-routes';
import type { Route } from './http/route';
import type { HttpParts } from './http/server';
import type { Log } from './kernel/log';
import type { Database } from './kernel/unit-of-work';
import { forgetOldLinks, linkUrl } from './people/one-time-links';
import { providerRoutes } from './people/provider-routes';
import { Providers } from './people/providers-oidc';
import { forgetOldFlows } from './people/sign-in-flow';
import { passkeyRoutes } from './people/passkey-routes';
import { actorOfCaller, peopleRoutes } from './people/people-routes';
import { secondFactorRoutes } from './people/second-factor-routes';
import { ReasonNeeded, reasonOf } from './people/reasons';
import { sessionDoor } from './people/session-door';
import { sessionRoutes } from './people/session-routes';
import { forgetOldSessions } from './people/sessions';
import { forgetOldSignUps } from './people/sign-up';
import { signUpRoutes } from './people/sign-up-routes';
import { forgetOldTries } from './people/sign-in-tries';
import { offerFirstOperator } from './people/staff';
import { privacyRoutes } from './privacy/privacy-routes';

type Spoken = { readonly speakCode: Parameters<typeof signUpRoutes>[0]['speakCode']; readonly log: Log };

/** URLs of whoever signs in, and of what is recorded of them. */
export function identityRoutes(
  config: Config,
  database: Database,
  { speakCode, log }: Spoken,
): readonly Route[] {
  const key = Buffer.from(config.IDENTITY_KEY, 'hex');
  const providers = new Providers(signInProviders(config).providers, config.PUBLIC_URL);
  const parts = { database, houseLanguage: config.HOUSE_LANGUAGE };
  return [
    ...sessionRoutes(parts),
    ...peopleRoutes({ ...parts, onFirstOperator: () => rmSync(firstOperatorFile(config), { force: true }) }),
    ...secondFactorRoutes(database, key),
    ...passkeyRoutes(database, config.PUBLIC_URL),
    ...signUpRoutes({ database, deckName: config.SIGN_UP_DECK, ticketKey: key, speakCode }),
    ...providerRoutes({ ...parts, providers, key, log }),
    ...privacyRoutes(database),
    ...auditRoutes(database),
    ...apiKeyRoutes(database),
  ];
}

/** What the API asks of those who know the people. */
export function identityParts(
  config: Config,
  database: Database,
): Pick<HttpParts, 'sessions' | 'onStaffWrite' | 'onPersonalRead'> {
  return {
    sessions: sessionDoor(database, config.PUBLIC_URL),
    onPersonalRead: async ({ caller, path, address, nowMs }) => {
      const stated = caller.sessionId && (await reasonOf(database.read, caller.sessionId, nowMs));
      if (caller.sessionId !== null && !stated) throw new ReasonNeeded();
      await database.write((sql) =>
        recordDeed(sql, {
          actor: actorOfCaller(caller),
          action: 'read-personal',
          subject: path,
          // A program cannot be asked; what it is for is its name.
          reason: stated ? stated.text : caller.label,
          address,
          facts: { about: stated ? stated.subject : null },
          nowMs,
        }),
      );
    },
    onStaffWrite: ({ caller, method, path, address, nowMs }) =>
      database.write((sql) =>
        recordDeed(sql, {
          actor: actorOfCaller(caller),
          action: `asked-to-${method}`,
          subject: path,
          address,
          nowMs,
        }),
      ),
  };
}

/** Where the link of the first administrator lies until he has used it. */
export function firstOperatorFile(config: Config): string {
  return join(config.VAR_DIR, 'first-operator-link');
}

/** While there is no administrator, each start writes a new link to a file that its owner alone reads. */
export async function writeFirstOperatorLink(
  config: Config,
  database: Database,
  { httpPort, nowMs }: { readonly httpPort: number; readonly nowMs: number },
): Promise<void> {
  const file = firstOperatorFile(config);
  rmSync(file, { force: true });
  const token = await offerFirstOperator(database, nowMs);
  if (token === null) return;
  const publicUrl = config.PUBLIC_URL || `http://${config.BIND_ADDRESS}:${httpPort}`;
  writeFileSync(file, `${linkUrl(publicUrl, 'first-operator', token)}\n`, { mode: 0o600 });
}

/** Clears out what nobody will ask for any more. */
export async function forgetOldIdentity(database: Database, nowMs: number): Promise<void> {
  await forgetOldSessions(database, nowMs);
  await forgetOldLinks(database, nowMs);
  await forgetOldTries(database, nowMs);
  await forgetOldSignUps(database, nowMs);
  await forgetOldFlows(database, nowMs);
}
