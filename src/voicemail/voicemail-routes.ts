import { z } from 'zod';
import { limitSchema, OWN_ACCOUNT, type Route, route } from '../http/route';
import { maskNumber } from '../kernel/phone-number';
import type { Database } from '../kernel/unit-of-work';
import { deleteVoicemail } from './delete-voicemails';
import { readSealed, type VoicemailPlace } from './sealed-sound';
import type { Voicemail } from './voicemail';
import { listVoicemails, markHeard, voicemailById } from './voicemails-store';

const voicemailSchema = z.object({
  id: z.string(),
  accountId: z.string(),
  cdrId: z.string(),
  nodeId: z.string(),
  fromNumber: z.string().nullable(),
  seconds: z.number(),
  leftAtMs: z.number(),
  mailedAtMs: z.number().nullable(),
  heardAtMs: z.number().nullable(),
});
const voicemailParams = z.object({ voicemailId: z.string().max(36) });

/** URLs of messages. Numbers are whole only for those who may see them. */
export function voicemailRoutes(database: Database, place: VoicemailPlace): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/voicemails',
      summary: 'Messages left for an account, the oldest first',
      scope: 'voicemails:read',
      personal: true,
      own: OWN_ACCOUNT,
      params: z.object({ accountId: z.string().max(36) }),
      query: z.object({ after: z.string().max(36).optional(), limit: limitSchema }),
      answer: {
        kind: 'json',
        schema: z.object({ voicemails: z.array(voicemailSchema), next: z.string().nullable() }),
      },
      handle: async ({ params, query, caller }) => {
        const { accountId } = params;
        const page = { accountId, afterId: query.after, limit: query.limit };
        const found = await listVoicemails(database.read, page);
        return {
          voicemails: found.map((one) => voicemailJson(one, caller.scopes)),
          next: found.length === query.limit ? (found.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/voicemails/{voicemailId}/audio.wav',
      summary: 'The sound of a message, decrypted on the way; hearing it so does not mark it as heard',
      scope: 'voicemails:hear',
      personal: true,
      own: { thing: 'voicemail', at: 'path.voicemailId' },
      params: voicemailParams,
      answer: { kind: 'stream', contentType: 'audio/wav', about: 'WAV of 16-bit samples, 8,000 a second' },
      handle: async ({ params }, { res }) => {
        const message = await voicemailById(database.read, params.voicemailId);
        // Whole before the first byte: a file that was changed is found out before anything of it is sent.
        const sound = await readSealed(place, message);
        res.setHeader('Cache-Control', 'no-store');
        res.setHeader('Content-Disposition', `attachment; filename="message-${message.id}.wav"`);
        res.type('audio/wav');
        res.end(sound);
      },
    }),
    route({
      method: 'patch',
      path: '/voicemails/{voicemailId}',
      summary: 'Marks a message as heard, or as new again',
      scope: 'voicemails:write',
      own: { thing: 'voicemail', at: 'path.voicemailId' },
      params: voicemailParams,
      body: z.object({ heard: z.boolean() }),
      answer: { kind: 'json', schema: voicemailSchema },
      handle: async ({ params, body, nowMs, caller }) => {
        const change = { heard: body.heard, nowMs };
        const message = await database.write((sql) => markHeard(sql, params.voicemailId, change));
        return voicemailJson(message, caller.scopes);
      },
    }),
    route({
      method: 'delete',
      path: '/voicemails/{voicemailId}',
      summary: 'Deletes a message for good',
      scope: 'voicemails:write',
      own: { thing: 'voicemail', at: 'path.voicemailId' },
      params: voicemailParams,
      answer: { kind: 'json', schema: z.object({ deleted: z.literal(true) }) },
      handle: async ({ params }) => {
        await deleteVoicemail(database, place, params.voicemailId);
        return { deleted: true };
      },
    }),
  ];
}

function voicemailJson(
  { soundFile: _, ...message }: Voicemail,
  scopes: readonly string[],
): z.infer<typeof voicemailSchema> {
  const { fromNumber } = message;
  const isWhole = scopes.includes('numbers:full');
  return { ...message, fromNumber: fromNumber === null || isWhole ? fromNumber : maskNumber(fromNumber) };
}
