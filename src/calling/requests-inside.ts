import type { Dialog, SrfRequest, SrfResponse } from 'drachtio-srf';
import type { Leg } from '../media/leg';

/** What may be sent inside a call. */
const ALLOWED = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER';

/** What drachtio-srf would say yes to by itself though nobody does it: a transfer that is confirmed and never happens loses a call. */
const REFUSED = ['message', 'publish'] as const;

type Warn = (event: string, error: unknown) => void;

/** Answers a REFER, and sees to it that its NOTIFYs are sent (RFC 3515). */
export type ReferHandler = (req: SrfRequest, res: SrfResponse) => void;

/** This leg cannot be transferred (RFC 3515 2.4.2). */
export function refuseTransfer(res: SrfResponse): void {
  res.send(403, 'Forbidden');
}

/**
 * Answers what the far side asks inside a call, besides BYE: digits by INFO, new offers by re-INVITE and UPDATE. Whatever it asks for,
 * the call goes on. Methods that we do not have get 405 with Allow (RFC 3261 8.2.1).
 */
export function serveRequestsInside(
  dialog: Dialog,
  leg: Leg,
  { warn, refer }: { readonly warn: Warn; readonly refer: ReferHandler },
): void {
  dialog.on('refer', refer);
  dialog.on('info', (req: SrfRequest, res: SrfResponse) => {
    res.send(200);
    leg
      .passDigit(req.get('Content-Type') ?? '', req.body)
      .catch((error: unknown) => warn('a digit was not passed on', error));
  });
  dialog.on('modify', (req: SrfRequest, res: SrfResponse) => {
    if (req.body === '') offerOurs(dialog, leg, res, warn);
    else takeOffer(leg, req, res, warn);
  });
  // Without an offer it only refreshes the session (RFC 3311 5.2).
  dialog.on('update', (req: SrfRequest, res: SrfResponse) => {
    if (req.body === '') res.send(200);
    else takeOffer(leg, req, res, warn);
  });
  for (const method of REFUSED)
    dialog.on(method, (_req: SrfRequest, res: SrfResponse) =>
      res.send(405, 'Method Not Allowed', { headers: { Allow: ALLOWED } }),
    );
}

function takeOffer(leg: Leg, req: SrfRequest, res: SrfResponse, warn: Warn): void {
  leg.reoffer(req.body).then(
    (answer) => res.send(200, { body: answer }),
    (error: unknown) => {
      warn('a new offer was refused', error);
      res.send(488, 'Not Acceptable Here');
    },
  );
}

/** A re-INVITE without an offer: ours goes into the 200, and the answer comes with the ACK (RFC 3261 14.2). */
function offerOurs(dialog: Dialog, leg: Leg, res: SrfResponse, warn: Warn): void {
  dialog.once('ack', (ack: SrfRequest) => {
    if (ack.body === '') return;
    leg.reoffer(ack.body).catch((error: unknown) => warn('an answer was not taken', error));
  });
  res.send(200, { body: leg.localSdp });
}
