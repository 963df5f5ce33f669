import type { SrfRequest, SrfResponse } from 'drachtio-srf';
import { readRegister } from '../phones/read-register';
import { LEAST_EXPIRES_SECONDS, type RegisterOutcome, RegisterRefused } from '../phones/registrar';
import { storeRegister } from '../phones/registrations-store';
import type { CallingParts } from './calling-parts';
import { type Caller, sourceOf } from './identify-caller';

/**
 * Answers the REGISTER of an account's telephone (RFC 3261 10.3): with all that is bound now and for how long. A carrier's trunk registers nothing
 * with us.
 */
export async function answerRegister(
  parts: Pick<CallingParts, 'database' | 'clock' | 'log'>,
  caller: Caller,
  req: SrfRequest,
  res: SrfResponse,
): Promise<void> {
  if (caller.kind !== 'device') return res.send(403, 'Forbidden');
  const nowMs = parts.clock.nowMs();
  try {
    const wish = readRegister({
      contact: req.get('Contact') ?? '',
      expires: req.get('Expires') ?? '',
      callId: req.get('Call-ID') ?? '',
      cseq: req.get('CSeq') ?? '',
      path: req.get('Path') ?? '',
      userAgent: req.get('User-Agent') ?? '',
      receivedFrom: sourceOf(req),
    });
    const outcome = await storeRegister(parts.database, caller.device.id, wish, nowMs);
    res.send(200, { headers: answerHeaders(outcome, wish.path, nowMs) });
  } catch (error) {
    if (!(error instanceof RegisterRefused)) throw error;
    const headers: Record<string, string> =
      error.sipStatus === 423 ? { 'Min-Expires': String(LEAST_EXPIRES_SECONDS) } : {};
    res.send(error.sipStatus, error.sipReason, { headers });
  }
}

function answerHeaders(
  { bindings }: RegisterOutcome,
  path: string | null,
  nowMs: number,
): Record<string, string> {
  const contacts = bindings.map(
    ({ contactUri, expiresAtMs }) => `<${contactUri}>;expires=${Math.ceil((expiresAtMs - nowMs) / 1_000)}`,
  );
  return {
    Date: new Date(nowMs).toUTCString(),
    ...(contacts.length === 0 ? {} : { Contact: contacts.join(', ') }),
    ...(path === null ? {} : { Path: path }),
  };
}
