import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, type RecordingPlace } from '../rooms/recording/end-recordings';
import { readAudio } from '../rooms/recording/read-recording';
import { headerBytes, MAX_CHUNK_BYTES, SALT_BYTES, sealChunk } from '../rooms/recording/recording-format';
import { dataKey } from '../rooms/recording/recording-keys';
import { type Voicemail, VoicemailElsewhere } from './voicemail';

/** Where this node keeps messages; keys and format are those of recordings. */
export type VoicemailPlace = RecordingPlace;

/** Seals some sound under a key of its own and writes it down; what lies there under the same name is replaced. */
export async function writeSealed(
  place: VoicemailPlace,
  message: Pick<Voicemail, 'id' | 'soundFile' | 'leftAtMs'>,
  sound: Buffer,
): Promise<void> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  const file = join(place.folder, message.soundFile);
  const handle = await open(`${file}.part`, 'w', 0o600);
  try {
    await handle.writeFile(sealed(place, message, sound));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.part`, file);
}

/** The sound as it was sealed, whole. @throws VoicemailElsewhere, RecordingDamaged, UnknownRecordingKey */
export async function readSealed(place: VoicemailPlace, message: Voicemail): Promise<Buffer> {
  checkHere(place, message);
  const parts: Buffer[] = [];
  const wanted = { recordingId: message.id, mayBeCutShort: false };
  for await (const part of readAudio(join(place.folder, message.soundFile), place.keys, wanted))
    parts.push(part);
  return Buffer.concat(parts);
}

/** Removes the sound for good; twice is once. @throws VoicemailElsewhere */
export async function removeSealed(place: VoicemailPlace, message: Voicemail): Promise<void> {
  checkHere(place, message);
  try {
    await unlink(join(place.folder, message.soundFile));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function checkHere({ nodeId }: VoicemailPlace, message: Voicemail): void {
  if (message.nodeId !== nodeId) throw new VoicemailElsewhere(message.nodeId);
}

function sealed(
  { keys }: VoicemailPlace,
  { id, leftAtMs }: Pick<Voicemail, 'id' | 'leftAtMs'>,
  sound: Buffer,
): Buffer {
  const keyId = keys.currentId;
  const salt = randomBytes(SALT_BYTES);
  const header = headerBytes({ recordingId: id, keyId, salt, startedAtMs: leftAtMs });
  const key = dataKey(keys.byId(keyId), id, salt);
  const chunks: Buffer[] = [];
  for (let from = 0; from < sound.length; from += MAX_CHUNK_BYTES)
    chunks.push(sound.subarray(from, from + MAX_CHUNK_BYTES));
  return Buffer.concat([
    header,
    ...chunks.map((plain, index) => sealChunk({ key, header, index }, 'audio', plain)),
    sealChunk({ key, header, index: chunks.length }, 'last', Buffer.alloc(0)),
  ]);
}
