import { z } from 'zod';
import { limitSchema, type Route, route } from '../http/route';
import type { Database } from '../kernel/unit-of-work';
import {
  CALLER_ID_PLACES,
  NUMBER_FORMS,
  type Outward,
  PRIVACY_FORMS,
  SRTP_USES,
  TRANSPORTS,
} from './outward';
import { TRUNK_STATES, type Trunk } from './trunk';
import type { TrunkKey } from './trunk-secrets';
import { changeTrunk, createTrunk, listTrunks, trunkById, type TrunkPasswords } from './trunks-store';

const addressSchema = z.strictObject({ host: z.string().max(255), port: z.number().int().nullable() });
const limitsSchema = z.strictObject({
  channels: z.number().int().nullable(),
  channelsIn: z.number().int().nullable(),
  channelsOut: z.number().int().nullable(),
  callsPerSecond: z.number().int().nullable(),
});
/** Kinds of the fields; their limits and what must fit together, checkOutward checks. */
const outwardSchema = z.strictObject({
  targets: z.array(addressSchema).max(50),
  registrationSeconds: z.number().int().nullable(),
  proxy: addressSchema.nullable(),
  transport: z.enum(TRANSPORTS),
  srtp: z.enum(SRTP_USES),
  digest: z.strictObject({ username: z.string().max(64), realm: z.string().max(255) }).nullable(),
  domain: z.string().max(255).nullable(),
  numberForm: z.enum(NUMBER_FORMS),
  technicalPrefix: z.string().max(12),
  callerIdIn: z.enum(CALLER_ID_PLACES),
  sendsDiversion: z.boolean(),
  privacy: z.enum(PRIVACY_FORMS),
  probes: z.boolean(),
  costDeckId: z.string().max(36).nullable(),
  allowPrefixes: z.array(z.string().max(15)).max(1_000),
  blockPrefixes: z.array(z.string().max(15)).max(1_000),
  weight: z.number().int(),
  emergency: z
    .strictObject({ position: z.number().int(), countries: z.array(z.string().max(2)).max(500) })
    .nullable(),
});
const settingsSchema = z.object({
  name: z.string().max(100),
  addresses: z.array(z.string().max(60)).max(500),
  digest: z.strictObject({ username: z.string().max(64) }).nullable(),
  requiresTls: z.boolean(),
  trustsCallerId: z.boolean(),
  isTrustedPeer: z.boolean(),
  country: z.string().max(2).nullable(),
  limits: limitsSchema.partial(),
  outward: outwardSchema.partial().nullable(),
});
/** Passwords go in and never come out. */
const wishSchema = settingsSchema.partial().extend({
  password: z.string().max(128).optional(),
  outwardPassword: z.string().max(128).optional(),
});
const trunkSchema = settingsSchema.extend({
  id: z.string(),
  state: z.enum(TRUNK_STATES),
  limits: limitsSchema,
  outward: outwardSchema.nullable(),
});
const trunkParams = z.object({ trunkId: z.string().max(36) });

export type TrunkRouteParts = {
  readonly database: Database;
  /** What our passwords at carriers are sealed with. */
  readonly key: TrunkKey;
  /** The realm in which carriers' digests are asked for. */
  readonly realm: string;
};

/** URLs of trunks. */
export function trunkRoutes({ database, key, realm }: TrunkRouteParts): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/trunks',
      summary: 'Trunks in the order they were made; passwords are not among what is told',
      scope: 'trunks:read',
      query: z.object({ after: z.string().max(36).optional(), limit: limitSchema }),
      answer: {
        kind: 'json',
        schema: z.object({ trunks: z.array(trunkSchema), next: z.string().nullable() }),
      },
      handle: async ({ query }) => {
        const trunks = await listTrunks(database.read, { afterId: query.after, limit: query.limit });
        return {
          trunks: trunks.map(trunkJson),
          next: trunks.length === query.limit ? (trunks.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/trunks/{trunkId}',
      summary: 'One trunk',
      scope: 'trunks:read',
      params: trunkParams,
      answer: { kind: 'json', schema: trunkSchema },
      handle: async ({ params }) => trunkJson(await trunkById(database.read, params.trunkId)),
    }),
    route({
      method: 'post',
      path: '/trunks',
      summary: 'Adds a trunk; what is left out has its default',
      scope: 'trunks:write',
      body: wishSchema.extend({ name: z.string().min(1).max(100) }),
      answer: { kind: 'json', status: 201, schema: trunkSchema },
      handle: async ({ body, nowMs }) =>
        trunkJson(await createTrunk(database, { ...wishOf(body), name: body.name, nowMs })),
    }),
    route({
      method: 'patch',
      path: '/trunks/{trunkId}',
      summary:
        'Changes a trunk, disables or enables it; what is left out stays, also inside limits and outward',
      scope: 'trunks:write',
      params: trunkParams,
      body: wishSchema.extend({ state: z.enum(TRUNK_STATES).optional() }),
      answer: { kind: 'json', schema: trunkSchema },
      handle: async ({ params, body }) =>
        trunkJson(await changeTrunk(database, params.trunkId, { ...wishOf(body), state: body.state })),
    }),
  ];

  function wishOf(body: z.infer<typeof wishSchema>) {
    const { password, outwardPassword, digest, outward, ...plain } = body;
    const passwords: TrunkPasswords = {
      inward: password,
      outward: outwardPassword === undefined ? undefined : { password: outwardPassword, key },
    };
    return {
      ...plain,
      digest: digest && { ...digest, realm },
      outward: outward && said(outward),
      passwords,
    };
  }
}

function said(outward: Partial<z.infer<typeof outwardSchema>>): Partial<Outward> {
  return Object.fromEntries(Object.entries(outward).filter(([, value]) => value !== undefined));
}

function trunkJson({ digest, outward, ...trunk }: Trunk): z.infer<typeof trunkSchema> {
  return {
    ...trunk,
    addresses: [...trunk.addresses],
    digest: digest && { username: digest.username },
    outward: outward && copied(outward),
  };
}

/** Lists as the schema wants them, which may be written to. */
function copied(outward: Outward): z.infer<typeof outwardSchema> {
  const { emergency } = outward;
  return {
    ...outward,
    targets: [...outward.targets],
    allowPrefixes: [...outward.allowPrefixes],
    blockPrefixes: [...outward.blockPrefixes],
    emergency: emergency && { ...emergency, countries: [...emergency.countries] },
  };
}
