import { integer, type Sql } from '../kernel/unit-of-work';

/** What a person can show beside his password. */
export type SecondFactor = {
  readonly totp: boolean;
  readonly passkeys: number;
  readonly recoveryCodesLeft: number;
};

export type SecondFactorMethod = 'totp' | 'passkey' | 'recovery-code';

export async function secondFactorOf(sql: Sql, personId: string): Promise<SecondFactor> {
  const [row] = await sql.all(
    `SELECT (SELECT COUNT(*) FROM totp_secrets WHERE person_id = ? AND confirmed_at_ms IS NOT NULL) AS totp,
            (SELECT COUNT(*) FROM passkeys WHERE person_id = ?) AS passkeys,
            (SELECT COUNT(*) FROM recovery_codes WHERE person_id = ?) AS codes`,
    [personId, personId, personId],
  );
  return {
    totp: integer(row?.totp) > 0,
    passkeys: integer(row?.passkeys),
    recoveryCodesLeft: integer(row?.codes),
  };
}

/** What of it may follow a password; empty: nothing must. Recovery codes stand in for something else, and are nothing alone. */
export function methodsAfterPassword({
  totp,
  passkeys,
  recoveryCodesLeft,
}: SecondFactor): readonly SecondFactorMethod[] {
  if (!totp && passkeys === 0) return [];
  return [
    ...(totp ? (['totp'] as const) : []),
    ...(passkeys > 0 ? (['passkey'] as const) : []),
    ...(recoveryCodesLeft > 0 ? (['recovery-code'] as const) : []),
  ];
}
