import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { isIP } from 'node:net';
import { guardedLookup } from '../kernel/public-address';
import { hostOf, mayReach, requireTarget, type Targets } from './target-address';

/** An endpoint answers within this, or it is tried again. */
export const ANSWER_LIMIT_MS = 10_000;

/** What an endpoint is sent. */
export type Message = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly targets: Targets;
};

/** The status of the answer; a redirection is an answer and is not followed. @throws Error of the network, ForbiddenTarget */
export function sendEvent({ url: text, headers, body, targets }: Message): Promise<number> {
  const url = new URL(text);
  const request = url.protocol === 'https:' ? secureRequest : plainRequest;
  if (isIP(hostOf(url)) !== 0) requireTarget(targets, hostOf(url));
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        lookup: guardedLookup((address) => mayReach(targets, address)),
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
        headers: {
          ...headers,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        // What it says is nobody's business; only that it is over.
        response.on('error', () => undefined);
        response.destroy();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
