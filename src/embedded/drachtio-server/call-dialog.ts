import { type Dialog, type DialogRequest, nextRequest } from '../sip/dialogs';
import { type HeaderLine, requestText } from '../sip/serialize';
import { parameter } from '../sip/parameters';
import { bareHost, parseSipUri } from '../sip/uri';
import type { Destination, Source } from '../transports/transport';
import type { ClientHandlers, ClientTransaction } from '../user-agent/client-transaction';
import { OkRepeater } from '../user-agent/ok-repeater';
import type { WheelTimer } from '../user-agent/timer-wheel';
import type { Client } from './clients';
import type { ServerContext } from './context';

/** How drachtio names a dialog, whichever end we are: srf rebuilds it from Call-ID and the From tag of the first INVITE. */
export function dialogIdOf(callId: string, fromTag: string): string {
  return `${callId};from-tag=${fromTag}`;
}

/** A header set and body for a request inside a dialog. */
export type InDialogContent = {
  readonly uri?: string;
  readonly headers: readonly HeaderLine[];
  readonly body?: string;
};

/** A call or a subscription (RFC 6665) as the server keeps it for the application that owns it. */
export class CallDialog {
  readonly okRepeater: OkRepeater;
  /** CSeq number of the last INVITE we sent in it: what an ACK repeats. */
  inviteSeq: number;
  /** The ACK sent for that INVITE, to repeat when its 2xx comes again (RFC 3261 13.2.2.4). */
  lastAck: { readonly seq: number; readonly text: string; readonly to: Destination } | undefined = undefined;
  /** A re-INVITE of ours that has no final answer yet. */
  ourInvite: ClientTransaction | undefined = undefined;
  /** Whether a re-INVITE of the peer has no final answer yet. */
  theirInviteOpen = false;
  /** The 2xx crossed the CANCEL: after the application's ACK comes our BYE. */
  byeAfterAck = false;
  /** A dialog of SUBSCRIBE: it has no BYE and ends with the last NOTIFY. */
  isSubscription = false;
  /** What a session refresh repeats. */
  localSdp = '';
  localContact = '';
  sessionTimer: WheelTimer | undefined = undefined;

  constructor(
    private readonly context: ServerContext,
    readonly id: string,
    readonly client: Client,
    readonly role: 'uas' | 'uac',
    public dialog: Dialog,
    public source: Source,
    onNoAck: (call: CallDialog) => void,
  ) {
    this.inviteSeq = dialog.localSeq;
    this.okRepeater = new OkRepeater(context.endpoint.wheel, context.timers, () => onNoAck(this));
  }

  /** Sends a request inside the dialog; `sent` gets its transaction, `failed` the reason when it has nowhere to go. */
  send(
    method: string,
    content: InDialogContent,
    handlers: ClientHandlers,
    sent: (transaction: ClientTransaction) => void,
    failed: (why: string) => void,
  ): void {
    this.withDestination((to) => {
      const next = nextRequest(this.dialog, method);
      this.dialog = next.dialog;
      if (method === 'INVITE') this.inviteSeq = next.dialog.localSeq;
      const request = { ...outgoing(method, next, content) };
      sent(this.context.endpoint.send(request, to, handlers));
    }, failed);
  }

  /** Sends the ACK of the last 2xx and keeps it to be repeated. */
  sendAck(
    content: InDialogContent,
    sent: (text: string, to: Destination) => void,
    failed: (why: string) => void,
  ): void {
    const seq = this.inviteSeq;
    this.withDestination((to) => {
      const next = nextRequest(this.dialog, 'ACK', seq);
      const { method, uri, headers, body } = outgoing('ACK', next, content);
      const text = requestText(method, uri, [['Via', this.context.endpoint.newVia(to)], ...headers], body);
      this.context.endpoint.sendStateless(text, to);
      this.lastAck = { seq, text, to };
      sent(text, to);
    }, failed);
  }

  /** Sends the kept ACK again because the 2xx of that INVITE came again; false when none was sent yet. */
  repeatAck(seq: number): boolean {
    if (this.lastAck?.seq !== seq) return false;
    this.context.endpoint.sendStateless(this.lastAck.text, this.lastAck.to);
    return true;
  }

  /** Stops every timer of the dialog. */
  release(): void {
    this.okRepeater.stop();
    this.sessionTimer?.cancel();
  }

  private withDestination(use: (to: Destination) => void, failed: (why: string) => void): void {
    const first = this.dialog.routeSet.length === 0 ? this.peerDestination() : undefined;
    if (first !== undefined) {
      use(first);
      return;
    }
    this.context.withDestination(nextRequest(this.dialog, 'OPTIONS').nextHop, use, failed);
  }

  /**
   * Where the peer is reached without routes: by the connection or address its messages came from, when its Contact names another
   * address (NAT) or no transport of its own. Undefined: the Contact says it.
   */
  private peerDestination(): Destination | undefined {
    const { protocol, address, port, flow } = this.source;
    const target = parseSipUri(this.dialog.remoteTarget);
    const source: Destination = { protocol, address, port, flow };
    if (target === undefined || bareHost(target.host) !== address) return source;
    const namesTransport = parameter(target.parameters, 'transport') !== undefined;
    if (protocol === 'udp' || (namesTransport && !flow?.open)) return undefined;
    return flow?.open ? source : undefined;
  }
}

function outgoing(method: string, next: DialogRequest, { uri, headers, body }: InDialogContent) {
  return { method, uri: uri ?? next.uri, headers: [...next.headers, ...headers], body: body ?? '' };
}
