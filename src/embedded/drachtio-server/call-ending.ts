import { wholeNumber } from '../sip/characters';
import { refreshTarget } from '../sip/dialogs';
import type { SipResponse } from '../sip/message';
import type { HeaderLine } from '../sip/serialize';
import {
  expireAfterMs,
  minSessionIntervalSeconds,
  refreshAfterMs,
  sessionExpires,
} from '../sip/session-timer';
import type { CallDialog } from './call-dialog';
import type { CdrStopReason } from './cdr';
import type { ServerContext } from './context';
import { metaText } from './meta';

/** Why the server itself ends a call: text of the Reason header and of the CDR. */
const causes = {
  'ack-timeout': { text: 'ACK timeout', cdr: 'system-initiated-termination' },
  'session-expired': { text: 'Session timer expired', cdr: 'session-expired' },
  'cancel-race': { text: 'ACK-BYE due to cancel race condition', cdr: 'ack-bye' },
} as const satisfies Record<string, { text: string; cdr: CdrStopReason }>;

/** Sends BYE for a call that its application did not end, tells the application ('unsolicited') and forgets the call. */
export function endCall(context: ServerContext, call: CallDialog, cause: keyof typeof causes): void {
  const { text, cdr } = causes[cause];
  const headers: HeaderLine[] = [['Reason', `SIP ;cause=200 ;text="${text}"`]];
  call.send(
    'BYE',
    { headers },
    { response() {}, failed() {} },
    (transaction) => {
      const meta = metaText(
        'application',
        transaction.text.length,
        transaction.destination,
        context.clock.nowMs(),
      );
      call.client.send(`sip|${meta}|unsolicited|${call.id}|\r\n${transaction.text}`);
      context.cdr.stop('application', cdr, transaction.text);
    },
    (why) => context.log.warn('call ended without BYE', { dialogId: call.id, why }),
  );
  context.removeDialog(call);
}

/** Starts or restarts the session timer of a call (RFC 4028 10). */
export function watchSession(
  context: ServerContext,
  call: CallDialog,
  seconds: number,
  weRefresh: boolean,
): void {
  call.sessionTimer?.cancel();
  const afterMs = weRefresh ? refreshAfterMs(seconds) : expireAfterMs(seconds);
  call.sessionTimer = context.endpoint.timer(afterMs, () => {
    if (weRefresh) refresh(context, call, seconds);
    else endCall(context, call, 'session-expired');
  });
}

/** Takes the session timer a 2xx to an INVITE of ours agreed to; without a named refresher it is us. */
export function watchAgreedSession(context: ServerContext, call: CallDialog, response: SipResponse): void {
  const agreed = sessionExpires(response);
  if (agreed === undefined) call.sessionTimer?.cancel();
  else
    watchSession(
      context,
      call,
      Math.max(agreed.seconds, minSessionIntervalSeconds),
      agreed.refresher !== 'uas',
    );
}

/** Refreshes a session by a re-INVITE with what was last offered; a peer that does not take it has lost the call. */
function refresh(context: ServerContext, call: CallDialog, seconds: number): void {
  if (call.ourInvite !== undefined || call.theirInviteOpen) {
    watchSession(context, call, seconds, true);
    return;
  }
  const headers: HeaderLine[] = [
    ['Contact', call.localContact],
    ['Session-Expires', `${seconds};refresher=uac`],
    ['Min-SE', String(minSessionIntervalSeconds)],
    ['Supported', 'timer'],
  ];
  if (call.localSdp !== '') headers.push(['Content-Type', 'application/sdp']);
  const lost = (): void => {
    call.ourInvite = undefined;
    if (context.dialogs.get(call.id) === call) endCall(context, call, 'session-expired');
  };
  call.send(
    'INVITE',
    { headers, body: call.localSdp },
    {
      response: (response) => onRefreshAnswer(context, call, seconds, response, lost),
      failed: lost,
    },
    (transaction) => {
      call.ourInvite = transaction;
    },
    lost,
  );
}

function onRefreshAnswer(
  context: ServerContext,
  call: CallDialog,
  seconds: number,
  response: SipResponse,
  lost: () => void,
): void {
  if (response.status < 200) return;
  if (response.status >= 300) {
    // Glare and overload pass; anything else means the peer no longer knows the call.
    if (response.status === 491 || response.status === 500 || response.status === 503) {
      call.ourInvite = undefined;
      watchSession(context, call, seconds, true);
    } else lost();
    return;
  }
  if (call.repeatAck(response.cseq.number)) return;
  call.ourInvite = undefined;
  call.dialog = refreshTarget(call.dialog, response);
  call.sendAck(
    { headers: [] },
    () => {},
    () => {},
  );
  watchAgreedSession(context, call, response);
}

/** How long a subscription lives that says nothing, and how much longer than it says its dialog is kept. */
const subscriptionSeconds = 3_600;
const longestSubscriptionSeconds = 86_400;
const subscriptionGraceMs = 64_000;

/** Forgets a subscription that nobody refreshed or ended in time. */
export function watchSubscription(
  context: ServerContext,
  call: CallDialog,
  expires: string | undefined,
): void {
  const seconds = wholeNumber(expires?.trim() ?? '', longestSubscriptionSeconds) ?? subscriptionSeconds;
  call.sessionTimer?.cancel();
  call.sessionTimer = context.endpoint.timer(seconds * 1_000 + subscriptionGraceMs, () => {
    context.log.info('subscription expired', { dialogId: call.id });
    context.removeDialog(call);
  });
}
