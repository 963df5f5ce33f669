import { NotFound } from '../kernel/app-error';
import { integer, type Row, type Sql, text } from '../kernel/unit-of-work';
import { type EventKind, isEventKind } from './event';

/** Who is told, of what. */
export type Endpoint = {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly kinds: readonly EventKind[];
  /** A paused one is told nothing; what happens meanwhile waits for it. */
  readonly state: 'active' | 'paused';
  /** Counts the rotations of its secret. */
  readonly secretNumber: number;
  /** Until then the secret before signs too. */
  readonly formerSecretUntilMs: number;
  readonly createdAtMs: number;
};

export const MAX_ENDPOINTS = 50;

export async function insertEndpoint(sql: Sql, endpoint: Endpoint): Promise<void> {
  await sql.run(
    `INSERT INTO webhook_endpoints (id, url, description, kinds, state, secret_number, former_secret_until_ms, created_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      endpoint.id,
      endpoint.url,
      endpoint.description,
      endpoint.kinds.join(' '),
      endpoint.state,
      endpoint.secretNumber,
      endpoint.formerSecretUntilMs,
      endpoint.createdAtMs,
    ],
  );
}

export async function listEndpoints(sql: Sql): Promise<readonly Endpoint[]> {
  return (await sql.all('SELECT * FROM webhook_endpoints ORDER BY id')).map(toEndpoint);
}

/** @throws NotFound */
export async function readEndpoint(sql: Sql, endpointId: string): Promise<Endpoint> {
  const [row] = await sql.all('SELECT * FROM webhook_endpoints WHERE id = ?', [endpointId]);
  if (!row) throw new NotFound('webhook endpoint', endpointId);
  return toEndpoint(row);
}

/** Stores what may change of an endpoint. @throws NotFound */
export async function updateEndpoint(
  sql: Sql,
  { id, url, description, kinds, state }: Endpoint,
): Promise<void> {
  await readEndpoint(sql, id);
  await sql.run('UPDATE webhook_endpoints SET url = ?, description = ?, kinds = ?, state = ? WHERE id = ?', [
    url,
    description,
    kinds.join(' '),
    state,
    id,
  ]);
}

/** The next secret signs from now on, the one before until `formerUntilMs`. @throws NotFound */
export async function rotateSecret(sql: Sql, endpointId: string, formerUntilMs: number): Promise<Endpoint> {
  await sql.run(
    'UPDATE webhook_endpoints SET secret_number = secret_number + 1, former_secret_until_ms = ? WHERE id = ?',
    [formerUntilMs, endpointId],
  );
  return readEndpoint(sql, endpointId);
}

/** Takes an endpoint away with what still waits for it. @throws NotFound */
export async function deleteEndpoint(sql: Sql, endpointId: string): Promise<void> {
  await readEndpoint(sql, endpointId);
  await sql.run('DELETE FROM webhook_deliveries WHERE endpoint_id = ?', [endpointId]);
  await sql.run('DELETE FROM webhook_endpoints WHERE id = ?', [endpointId]);
}

function toEndpoint(row: Row): Endpoint {
  return {
    id: text(row.id),
    url: text(row.url),
    description: text(row.description),
    kinds: text(row.kinds).split(' ').filter(isEventKind),
    state: text(row.state) === 'paused' ? 'paused' : 'active',
    secretNumber: integer(row.secret_number),
    formerSecretUntilMs: integer(row.former_secret_until_ms),
    createdAtMs: integer(row.created_at_ms),
  };
}
