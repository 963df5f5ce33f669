import { createHash, hkdfSync } from 'node:crypto';
import { InvalidInput } from '../../kernel/app-error';
import { UnknownRecordingKey } from './recording';

const KEY_FORM = /^[0-9a-f]{64}$/i;
const DATA_KEY_BYTES = 32;
/** Old keys that are kept readable: more would mean that rotation is not understood. */
const MAX_OLD_KEYS = 20;

/** The keys that recordings are encrypted with: one for new ones, all for old ones. */
export type RecordingKeys = {
  readonly currentId: string;
  /** @throws UnknownRecordingKey */
  byId(keyId: string): Buffer;
};

/**
 * Keys from the configuration: 32 bytes in hex, old ones separated by commas. A key's id is a digest of it, so that a file tells which
 * key it needs and nobody has to number keys. @throws InvalidInput, which does not show the key
 */
export function recordingKeys(current: string, old = ''): RecordingKeys {
  const olds = old.split(',').map((text) => text.trim());
  const given = olds.filter((text) => text !== '');
  if (given.length > MAX_OLD_KEYS)
    throw new InvalidInput('RECORDING_OLD_KEYS', `has ${given.length} keys`, `keep at most ${MAX_OLD_KEYS}`);
  const newest = keyOf(current, 'RECORDING_KEY');
  const keys = new Map(
    [newest, ...given.map((text) => keyOf(text, 'RECORDING_OLD_KEYS'))].map((key) => [idOf(key), key]),
  );
  return {
    currentId: idOf(newest),
    byId: (keyId) => {
      const key = keys.get(keyId);
      if (!key) throw new UnknownRecordingKey(keyId);
      return key;
    },
  };
}

/** The key of one recording (HKDF of RFC 5869): no two recordings share one, so their counters may. */
export function dataKey(key: Buffer, recordingId: string, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, `123-voip recording ${recordingId}`, DATA_KEY_BYTES));
}

function keyOf(text: string, field: string): Buffer {
  if (!KEY_FORM.test(text))
    throw new InvalidInput(field, 'is no key', 'write 64 hexadecimal digits (32 random bytes)');
  return Buffer.from(text, 'hex');
}

function idOf(key: Buffer): string {
  return createHash('sha256').update('123-voip recording key').update(key).digest('hex').slice(0, 16);
}
