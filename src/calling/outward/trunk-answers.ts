import { randomSecret } from '../../kernel/ids';
import { answerChallenge } from '../../trunks/outward-digest';
import type { OutwardAuth } from '../../trunks/outward-request';
import type { OutwardTrunk } from '../../trunks/trunk';
import { outwardPassword } from '../../trunks/trunks-store';
import type { CallingParts } from '../calling-parts';
import type { Challenge } from './outward-leg';

const CNONCE_BYTES = 12;

/** How challenges of a trunk are answered: with our password at it, to it alone, in its realm alone. Gives no answer for a trunk without one. */
export async function trunkAnswers(
  { database, trunkKey }: Pick<CallingParts, 'database' | 'trunkKey'>,
  trunk: OutwardTrunk,
  auth: OutwardAuth | null,
): Promise<(challenge: Challenge) => string | null> {
  const password = auth && (await outwardPassword(database.read, trunkKey, trunk.id));
  if (!auth || password === null) return () => null;
  return ({ headers, by, method, uri, body, nonceCount }) =>
    answerChallenge(
      { ...auth, password },
      { headers, by },
      { method, uri, body },
      { nonceCount, cnonce: randomSecret(CNONCE_BYTES) },
    );
}
