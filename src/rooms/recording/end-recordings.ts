import { stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import type { Database } from '../../kernel/unit-of-work';
import { AUDIO_BYTES_A_SECOND, type Recording, RecordingDamaged } from './recording';
import { HEADER_BYTES } from './recording-format';
import type { RecordingKeys } from './recording-keys';
import { hashFile, readRecording } from './read-recording';
import { type EndedRecording, storeEnd, unendedRecordings } from './recordings-store';

/** Recordings that a process can have been writing when it died: as many as it may have rooms. */
const MAX_UNENDED = 10_000;

/** Where this node keeps recordings. */
export type RecordingPlace = {
  readonly folder: string;
  readonly nodeId: string;
  readonly keys: RecordingKeys;
};

/** The file of a recording. */
export function fileOf(
  place: Pick<RecordingPlace, 'folder'>,
  recording: Pick<Recording, 'fileName'>,
): string {
  return join(place.folder, recording.fileName);
}

/**
 * Ends a recording that its writer could not end: keeps every whole chunk, cuts a torn end off, and stores what there is. One that turns
 * out to be whole (its last chunk is there, only the row was not written) is done.
 * @throws UnknownRecordingKey: without the key nothing can be told from nothing, so nothing is cut
 */
export async function endFromFile(
  parts: { readonly database: Database; readonly place: RecordingPlace },
  recording: Recording,
): Promise<Recording> {
  return storeEnd(parts.database, recording.id, await measure(parts.place, recording));
}

/** Ends what a process that died left open on this node; gives their number. Called before anything is recorded. */
export async function endCrashedRecordings(parts: {
  readonly database: Database;
  readonly place: RecordingPlace;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<number> {
  const { database, place, log } = parts;
  let ended = 0;
  for (const recording of await unendedRecordings(database.read, place.nodeId, MAX_UNENDED)) {
    try {
      await endFromFile(parts, recording);
      ended++;
    } catch (error) {
      log.error('a recording of a process that died stays open', { recordingId: recording.id, error });
    }
  }
  return ended;
}

async function measure(place: RecordingPlace, recording: Recording): Promise<EndedRecording> {
  const file = fileOf(place, recording);
  const seen = { goodBytes: HEADER_BYTES, audioBytes: 0, pausedMs: 0, pausedAtMs: 0, whole: false };
  try {
    const wanted = { recordingId: recording.id, mayBeCutShort: true };
    for await (const { kind, plain, endOffset } of readRecording(file, place.keys, wanted)) {
      seen.goodBytes = endOffset;
      if (kind === 'paused') seen.pausedAtMs = Number(plain.readBigUInt64BE());
      else if (kind === 'resumed') seen.pausedMs += Number(plain.readBigUInt64BE()) - seen.pausedAtMs;
      else seen.audioBytes += plain.length;
      seen.whole = kind === 'last';
    }
  } catch (error) {
    if (isMissing(error)) return nothingOf(recording);
    // A crash of the machine may leave a hole where the last chunks were: what lies before it is kept.
    if (!(error instanceof RecordingDamaged)) throw error;
  }
  if (!seen.whole && (await stat(file)).size > seen.goodBytes) await truncate(file, seen.goodBytes);
  const { sha256, bytes } = await hashFile(file);
  return {
    state: seen.whole ? 'done' : 'cut-short',
    endedAtMs:
      recording.startedAtMs + seen.pausedMs + Math.ceil((seen.audioBytes / AUDIO_BYTES_A_SECOND) * 1000),
    audioBytes: seen.audioBytes,
    fileBytes: bytes,
    sha256,
  };
}

function nothingOf(recording: Recording): EndedRecording {
  return { state: 'cut-short', endedAtMs: recording.startedAtMs, audioBytes: 0, fileBytes: 0, sha256: null };
}

/** Whether an error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ENOENT';
}
