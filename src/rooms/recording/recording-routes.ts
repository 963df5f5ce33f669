import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { limitSchema, type Route, route } from '../../http/route';
import type { Database } from '../../kernel/unit-of-work';
import { RETENTION_CLASS_NAMES } from '../room-rules';
import { deleteRecording } from './delete-recordings';
import { fileOf, isMissing, type RecordingPlace } from './end-recordings';
import { hashFile, readAudio } from './read-recording';
import {
  AUDIO_BYTES_A_SECOND,
  CONSENT_WAYS,
  type Recording,
  RECORDING_STATES,
  RecordingDamaged,
  RecordingUnavailable,
} from './recording';
import {
  consentsOf,
  downloadsOf,
  listRecordings,
  noteDownload,
  recordingById,
  setLegalHold,
} from './recordings-store';
import { asWav } from './wav';

const recordingSchema = z.object({
  id: z.string(),
  roomId: z.string(),
  roomSessionId: z.string(),
  nodeId: z.string(),
  state: z.enum(RECORDING_STATES),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  seconds: z.number(),
  fileBytes: z.number(),
  sha256: z.string().nullable(),
  keyId: z.string(),
  retentionClass: z.enum(RETENTION_CLASS_NAMES),
  deleteAfterMs: z.number().nullable(),
  legalHold: z.boolean(),
  deletedAtMs: z.number().nullable(),
});
const recordingParams = z.object({ recordingId: z.string().max(36) });

/** URLs of recordings. */
export function recordingRoutes(database: Database, place: RecordingPlace): readonly Route[] {
  return [...listingRoutes(database), ...changingRoutes(database, place), audioRoute(database, place)];
}

function listingRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/recordings',
      summary: 'Recordings in the order they began',
      scope: 'recordings:read',
      personal: true,
      query: z.object({
        room: z.string().max(36).optional(),
        session: z.string().max(36).optional(),
        after: z.string().max(36).optional(),
        limit: limitSchema,
      }),
      answer: {
        kind: 'json',
        schema: z.object({ recordings: z.array(recordingSchema), next: z.string().nullable() }),
      },
      handle: async ({ query }) => {
        const recordings = await listRecordings(database.read, {
          roomId: query.room,
          roomSessionId: query.session,
          afterId: query.after,
          limit: query.limit,
        });
        return {
          recordings: recordings.map(recordingJson),
          next: recordings.length === query.limit ? (recordings.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/recordings/{recordingId}',
      summary: 'One recording: who heard that he was recorded, and who fetched it',
      scope: 'recordings:read',
      personal: true,
      own: { thing: 'recording', at: 'path.recordingId' },
      params: recordingParams,
      answer: {
        kind: 'json',
        schema: recordingSchema.extend({
          consents: z.array(
            z.object({
              cdrId: z.string(),
              heardAtMs: z.number(),
              how: z.enum(CONSENT_WAYS),
              leftAtMs: z.number().nullable(),
            }),
          ),
          downloads: z.array(
            z.object({ keyId: z.string(), keyLabel: z.string(), downloadedAtMs: z.number() }),
          ),
        }),
      },
      handle: async ({ params }) => {
        const recording = await recordingById(database.read, params.recordingId);
        const consents = await consentsOf(database.read, recording.id);
        return {
          ...recordingJson(recording),
          consents: consents.map(({ recordingId: _, ...consent }) => consent),
          downloads: await downloadsOf(database.read, recording.id),
        };
      },
    }),
  ];
}

function changingRoutes(database: Database, place: RecordingPlace): readonly Route[] {
  return [
    route({
      method: 'patch',
      path: '/recordings/{recordingId}',
      summary: 'Sets or lifts a legal hold, which keeps the recording whatever its age',
      scope: 'recordings:write',
      params: recordingParams,
      body: z.object({ legalHold: z.boolean() }),
      answer: { kind: 'json', schema: recordingSchema },
      handle: async ({ params, body }) =>
        recordingJson(await setLegalHold(database, params.recordingId, body.legalHold)),
    }),
    route({
      method: 'delete',
      path: '/recordings/{recordingId}',
      summary: 'Deletes the sound for good; that there was a recording stays',
      scope: 'recordings:write',
      own: { thing: 'recording', at: 'path.recordingId' },
      params: recordingParams,
      answer: { kind: 'json', schema: recordingSchema },
      handle: async ({ params, nowMs }) =>
        recordingJson(await deleteRecording(database, place, params.recordingId, nowMs)),
    }),
  ];
}

function audioRoute(database: Database, place: RecordingPlace): Route {
  return route({
    method: 'get',
    path: '/recordings/{recordingId}/audio.wav',
    summary: 'The sound, decrypted on the way; each download is written down with who and when',
    scope: 'recordings:read',
    personal: true,
    own: { thing: 'recording', at: 'path.recordingId' },
    params: recordingParams,
    answer: { kind: 'stream', contentType: 'audio/wav', about: 'WAV of PCMU, 8,000 samples a second' },
    handle: async ({ params, caller, nowMs }, { res }) => {
      const recording = await recordingById(database.read, params.recordingId);
      await checkHearable(place, recording);
      // Before the first byte: a download that breaks off was still one.
      const download = { keyId: caller.id, keyLabel: caller.label, downloadedAtMs: nowMs };
      await noteDownload(database, recording.id, download);
      res.setHeader('Cache-Control', 'no-store');
      res.setHeader('Content-Disposition', `attachment; filename="recording-${recording.id}.wav"`);
      res.type('audio/wav');
      const wanted = { recordingId: recording.id, mayBeCutShort: recording.state === 'cut-short' };
      const audio = readAudio(fileOf(place, recording), place.keys, wanted);
      await pipeline(Readable.from(asWav(recording.audioBytes, audio), { objectMode: false }), res);
    },
  });
}

/** @throws RecordingUnavailable, RecordingDamaged: a file that was changed is found out before a byte of it is sent; UnknownRecordingKey */
async function checkHearable(place: RecordingPlace, recording: Recording): Promise<void> {
  const { id, state } = recording;
  if (state === 'recording') throw new RecordingUnavailable('the recording is still being written', { id });
  if (state === 'deleted') throw new RecordingUnavailable('the recording was deleted', { id });
  if (recording.nodeId !== place.nodeId)
    throw new RecordingUnavailable(`the recording lies on node ${recording.nodeId}; ask there`, { id });
  place.keys.byId(recording.keyId);
  const found = await hashFile(fileOf(place, recording)).catch((error: unknown) => {
    if (isMissing(error)) throw new RecordingDamaged('its file is missing');
    throw error;
  });
  if (found.sha256 !== recording.sha256) throw new RecordingDamaged('its hash is another');
}

function recordingJson({
  fileName: _,
  audioBytes,
  ...recording
}: Recording): z.infer<typeof recordingSchema> {
  return { ...recording, seconds: audioBytes / AUDIO_BYTES_A_SECOND };
}
