import type { Caller } from '../http/api-keys';
import { isCustomer, OWN_SCOPES, ROLES } from '../http/roles';
import type { SessionDoor } from '../http/session-door';
import type { Database } from '../kernel/unit-of-work';
import type { Person } from './person';
import { csrfTokenOf, findSession, noteSeen } from './sessions';

/** Makes callers of the API from cookies: staff by their role, customers with what is their own. */
export function sessionDoor(database: Database, publicUrl: string): SessionDoor {
  return {
    publicUrl,
    find: async (secret, nowMs) => {
      const found = await findSession(database.read, secret, nowMs);
      if (!found || found.session.stage !== 'signed-in') return null;
      await noteSeen(database, found.session, nowMs);
      return { caller: callerOf(found.person, found.session.id), csrfToken: csrfTokenOf(secret) };
    },
  };
}

/** What a person may do. */
export function callerOf(person: Person, sessionId: string): Caller {
  return {
    id: person.id,
    label: person.name,
    scopes: ROLES[person.role],
    ownScopes: isCustomer(person.role) && person.accountId !== null ? OWN_SCOPES : [],
    accountId: person.accountId,
    personId: person.id,
    sessionId,
  };
}
