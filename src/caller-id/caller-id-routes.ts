import { z } from 'zod';
import { OWN_ACCOUNT, type Route, route } from '../http/route';
import { type E164, e164 } from '../kernel/phone-number';
import type { Database } from '../kernel/unit-of-work';
import { beginProof, confirmProof, PROOF_CODE_DIGITS } from './prove-number';
import { callerIdChoiceOf, provenNumbersOf, setCallerIdChoice, withdrawProof } from './proven-numbers-store';

export type CallerIdRouteParts = {
  readonly database: Database;
  /** Calls a number and speaks a code there. Gives back when the call was begun; how it ends is the caller's affair. */
  readonly speakCode: (wish: {
    readonly accountId: string;
    readonly number: E164;
    readonly code: string;
  }) => Promise<void>;
};

const accountParams = z.object({ accountId: z.string().max(36) });
const numberText = z
  .string()
  .max(20)
  .transform((text) => e164(text, 'number'));
const numberParams = accountParams.extend({ number: numberText });
const callerIdSchema = z.object({
  number: z.string().nullable(),
  withholds: z.boolean(),
  provenNumbers: z.array(z.string()),
});

/** URLs of what an account shows to those it calls. */
export function callerIdRoutes({ database, speakCode }: CallerIdRouteParts): readonly Route[] {
  const shownBy = async (accountId: string) => ({
    ...(await callerIdChoiceOf(database.read, accountId)),
    provenNumbers: [...(await provenNumbersOf(database.read, accountId))],
  });
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/caller-id',
      summary: 'What the account shows to those it calls, and the numbers it may show',
      scope: 'caller-ids:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: { kind: 'json', schema: callerIdSchema },
      handle: ({ params }) => shownBy(params.accountId),
    }),
    route({
      method: 'patch',
      path: '/accounts/{accountId}/caller-id',
      summary:
        'Sets the number that is shown (null: the house’s) and whether it is withheld; what is left out stays',
      scope: 'caller-ids:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      body: z.object({ number: numberText.nullable().optional(), withholds: z.boolean().optional() }),
      answer: { kind: 'json', schema: callerIdSchema },
      handle: async ({ params: { accountId }, body }) => {
        const before = await callerIdChoiceOf(database.read, accountId);
        await setCallerIdChoice(database, accountId, {
          number: body.number === undefined ? before.number : body.number,
          withholds: body.withholds ?? before.withholds,
        });
        return shownBy(accountId);
      },
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/proofs',
      summary: `Calls a number and speaks a code of ${PROOF_CODE_DIGITS} digits there; who types it has proven the number`,
      scope: 'caller-ids:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      body: z.object({ number: numberText }),
      answer: {
        kind: 'json',
        status: 201,
        schema: z.object({ number: z.string(), expiresAtMs: z.number() }),
      },
      handle: async ({ params: { accountId }, body: { number }, nowMs }) => {
        const { code, expiresAtMs } = await beginProof(database, { accountId, number, nowMs });
        await speakCode({ accountId, number, code });
        return { number, expiresAtMs };
      },
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/proofs/confirm',
      summary: 'Ends a proof with the code that was spoken',
      scope: 'caller-ids:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      body: z.object({
        number: numberText,
        code: z.string().regex(/^\d{6}$/, `is no code; write its ${PROOF_CODE_DIGITS} digits`),
      }),
      answer: { kind: 'json', schema: callerIdSchema },
      handle: async ({ params: { accountId }, body: { number, code }, nowMs }) => {
        await confirmProof(database, { accountId, number, typed: code, nowMs });
        return shownBy(accountId);
      },
    }),
    route({
      method: 'delete',
      path: '/accounts/{accountId}/proofs/{number}',
      summary: 'Takes a proof back: the account has given the number up',
      scope: 'caller-ids:write',
      own: OWN_ACCOUNT,
      params: numberParams,
      answer: { kind: 'json', schema: callerIdSchema },
      handle: async ({ params }) => {
        await withdrawProof(database, params.accountId, params.number);
        return shownBy(params.accountId);
      },
    }),
  ];
}
