import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { ask, Problem, rememberToken } from './client';

const STAFF = ['admin', 'support', 'finance', 'moderator', 'network'];

/** Who is signed in, as GET /session tells. */
export type Session = {
  readonly person: {
    readonly id: string;
    readonly name: string;
    readonly mail: string;
    readonly mailVerified: boolean;
    readonly phone: string | null;
    readonly phoneVerified: boolean;
    readonly language: string | null;
    readonly country: string | null;
  };
  readonly role: string;
  readonly scopes: readonly string[];
  readonly accountId: string | null;
  readonly csrfToken: string;
  readonly expiresAtMs: number;
  readonly secondFactor: {
    readonly totp: boolean;
    readonly passkeys: number;
    readonly recoveryCodesLeft: number;
  };
  readonly policiesToAccept: readonly PolicyVersion[];
};

/** A text that people agree to, in one language. */
export type Policy = {
  readonly id: string;
  readonly version: number;
  readonly language: string;
  readonly title: string;
  readonly textUrl: string;
};

/** A version of a policy, whatever the language it was read in. */
export type PolicyVersion = { readonly policyId: string; readonly version: number };

/** Each policy in the reader's language, where there is such a text, else in the one there is. */
export function inLanguage(policies: readonly Policy[], language: string): readonly Policy[] {
  const byId = new Map<string, Policy>();
  for (const policy of policies)
    if (!byId.has(policy.id) || policy.language === language) byId.set(policy.id, policy);
  return [...byId.values()];
}

export const SESSION_KEY = ['session'] as const;

/** The session, or null when nobody is signed in. */
export function useSessionQuery() {
  return useQuery<Session | null, Problem>({
    queryKey: SESSION_KEY,
    queryFn: async () => {
      try {
        const session = await ask<Session>('/session');
        rememberToken(session.csrfToken);
        return session;
      } catch (error) {
        if (error instanceof Problem && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

/** Asks again who is signed in, after signing in, out or getting further rights; nothing of the person before stays. */
export function useFreshSession(): () => Promise<void> {
  const cache = useQueryClient();
  return async () => {
    cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
    await cache.refetchQueries({ queryKey: SESSION_KEY });
  };
}

export const SessionContext = createContext<Session | null>(null);

/** The session, on pages that are shown only to whoever is signed in. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('this page is shown without a session');
  return session;
}

/** Whether he may do this to what belongs to others: what is his own he may do by the API's leave, which has the last word anyhow. */
export function useMay(): (scope: string) => boolean {
  const session = useSession();
  return (scope) => isStaff(session) && session.scopes.includes(scope);
}

export function isStaff({ role }: Session): boolean {
  return STAFF.includes(role);
}
