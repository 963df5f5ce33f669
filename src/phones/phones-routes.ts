import { z } from 'zod';
import { OWN_ACCOUNT, type Route, route } from '../http/route';
import type { Database } from '../kernel/unit-of-work';
import { changeHandling, type CallHandling, readHandling } from './call-handling';
import type { Device } from './device';
import { createDevice, devicesOf, readDevice, revokeDevice } from './devices-store';
import { bindingsOf, bindingsOfDevice } from './registrations-store';

/** Devices one answer lists; an account has fewer in use, and those revoked are many only after years. */
const MAX_LISTED = 200;

const deviceSchema = z.object({
  id: z.string(),
  accountId: z.string(),
  name: z.string(),
  username: z.string(),
  state: z.enum(['active', 'revoked']),
  kind: z.enum(['phone', 'browser']),
  createdAtMs: z.number(),
  expiresAtMs: z.number().nullable(),
});
const registrationSchema = z.object({
  deviceId: z.string(),
  contactUri: z.string(),
  receivedFrom: z.string(),
  userAgent: z.string(),
  registeredAtMs: z.number(),
  expiresAtMs: z.number(),
});
const handlingSchema = z.strictObject({
  doNotDisturb: z.boolean(),
  ringSeconds: z.number().int(),
  forwardBusy: z.string().max(40).nullable(),
  forwardNoAnswer: z.string().max(40).nullable(),
  forwardUnreachable: z.string().max(40).nullable(),
  voicemailTo: z.string().max(254).nullable(),
});
const accountParams = z.object({ accountId: z.string().max(36) });
const deviceParams = z.object({ deviceId: z.string().max(36) });

/** URLs of telephones, of where they are registered, and of how an account is reached. */
export function phoneRoutes(database: Database, realm: string): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/devices',
      summary: 'Telephones of an account, those revoked too',
      scope: 'devices:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: { kind: 'json', schema: z.object({ devices: z.array(deviceSchema) }) },
      handle: async ({ params }) => ({
        devices: await devicesOf(database.read, params.accountId, MAX_LISTED),
      }),
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/devices',
      summary: 'Adds a telephone; its password is told this once',
      scope: 'devices:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      body: z.object({ name: z.string().trim().min(1).max(100) }),
      answer: {
        kind: 'json',
        status: 201,
        schema: z.object({ device: deviceSchema, realm: z.string(), password: z.string().nullable() }),
      },
      toldOnce: ['password'],
      handle: async ({ params, body, nowMs }) => {
        const wish = { accountId: params.accountId, name: body.name, realm, nowMs };
        const { device, password } = await createDevice(database, wish);
        return { device, realm, password };
      },
    }),
    route({
      method: 'delete',
      path: '/devices/{deviceId}',
      summary: 'Takes a telephone out of use; calls that are going on go on',
      scope: 'devices:write',
      own: { thing: 'device', at: 'path.deviceId' },
      params: deviceParams,
      answer: { kind: 'json', schema: deviceSchema },
      handle: async ({ params }): Promise<Device> => {
        await revokeDevice(database, params.deviceId);
        return readDevice(database.read, params.deviceId);
      },
    }),
    route({
      method: 'get',
      path: '/devices/{deviceId}/registrations',
      summary: 'Where a telephone is rung now',
      scope: 'devices:read',
      own: { thing: 'device', at: 'path.deviceId' },
      params: deviceParams,
      answer: { kind: 'json', schema: z.object({ registrations: z.array(registrationSchema) }) },
      handle: async ({ params, nowMs }) => {
        const { id } = await readDevice(database.read, params.deviceId);
        const found = await bindingsOfDevice(database.read, id, nowMs);
        return { registrations: found.map((one) => registrationJson({ ...one, deviceId: id })) };
      },
    }),
    route({
      method: 'get',
      path: '/accounts/{accountId}/registrations',
      summary: 'Where an account is rung now',
      scope: 'devices:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: { kind: 'json', schema: z.object({ registrations: z.array(registrationSchema) }) },
      handle: async ({ params, nowMs }) => ({
        registrations: (await bindingsOf(database.read, params.accountId, nowMs)).map(registrationJson),
      }),
    }),
    route({
      method: 'get',
      path: '/accounts/{accountId}/call-handling',
      summary: 'How an account is reached: do not disturb, forwarding, voicemail',
      scope: 'devices:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: { kind: 'json', schema: handlingSchema },
      handle: ({ params }): Promise<CallHandling> => readHandling(database.read, params.accountId),
    }),
    route({
      method: 'patch',
      path: '/accounts/{accountId}/call-handling',
      summary:
        'Changes how an account is reached; a call forwarded to a charged number is paid by this account',
      scope: 'devices:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      body: handlingSchema.partial(),
      answer: { kind: 'json', schema: handlingSchema },
      handle: ({ params, body, nowMs }) =>
        database.write((sql) => changeHandling(sql, params.accountId, body, nowMs)),
    }),
  ];
}

function registrationJson(one: z.infer<typeof registrationSchema>): z.infer<typeof registrationSchema> {
  const { deviceId, contactUri, receivedFrom, userAgent, registeredAtMs, expiresAtMs } = one;
  return { deviceId, contactUri, receivedFrom, userAgent, registeredAtMs, expiresAtMs };
}
