import { fingerprint } from '../../kernel/ids';
import type { LiveCall } from '../live-calls';

/** What is known of an account that somebody watches. */
export type WatchedState = {
  readonly fresh: number;
  readonly heard: number;
  readonly isRegistered: boolean;
  readonly talks: readonly {
    readonly id: string;
    readonly direction: 'initiator' | 'recipient';
    readonly state: 'early' | 'confirmed';
  }[];
};

/** What a NOTIFY is written for. */
export type NotifyFacts = {
  /** SIP URI of whom it is about. */
  readonly entity: string;
  /** Counts the notifications of one subscription, from 0 on. */
  readonly version: number;
};

/** A kind of event that can be subscribed to (RFC 6665). */
export type EventPackage = {
  readonly contentType: string;
  /** The part of the state that it tells: what does not change it is not told. */
  readonly tells: (state: WatchedState) => unknown;
  readonly body: (state: WatchedState, facts: NotifyFacts) => string;
};

export type EventName = 'message-summary' | 'dialog' | 'presence';

/** THE TABLE: what can be subscribed to. */
export const EVENT_PACKAGES: Readonly<Record<EventName, EventPackage>> = {
  /** RFC 3842. */
  'message-summary': {
    contentType: 'application/simple-message-summary',
    tells: ({ fresh, heard }) => ({ fresh, heard }),
    body: ({ fresh, heard }, { entity }) =>
      [
        `Messages-Waiting: ${fresh > 0 ? 'yes' : 'no'}`,
        `Message-Account: ${entity}`,
        `Voice-Message: ${fresh}/${heard} (0/0)`,
        '',
      ].join('\r\n'),
  },
  /** RFC 4235: that he talks, and nothing of with whom. */
  dialog: {
    contentType: 'application/dialog-info+xml',
    tells: ({ talks }) => ({ talks }),
    body: ({ talks }, { entity, version }) =>
      [
        '<?xml version="1.0"?>',
        `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${version}" state="full" entity="${entity}">`,
        ...talks.map(
          ({ id, direction, state }) =>
            `<dialog id="${id}" direction="${direction}"><state>${state}</state></dialog>`,
        ),
        '</dialog-info>',
        '',
      ].join('\r\n'),
  },
  /** RFC 3856 with PIDF (RFC 3863), and RPID (RFC 4480) for whoever talks. */
  presence: {
    contentType: 'application/pidf+xml',
    tells: ({ isRegistered, talks }) => ({ isRegistered, isTalking: talks.length > 0 }),
    body: ({ isRegistered, talks }, { entity }) =>
      [
        '<?xml version="1.0" encoding="UTF-8"?>',
        `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="${entity}">`,
        `<tuple id="phone"><status><basic>${isRegistered ? 'open' : 'closed'}</basic></status></tuple>`,
        ...(talks.length > 0
          ? ['<dm:person id="owner"><rpid:activities><rpid:on-the-phone/></rpid:activities></dm:person>']
          : []),
        '</presence>',
        '',
      ].join('\r\n'),
  },
};

export function isEventName(text: string): text is EventName {
  return Object.hasOwn(EVENT_PACKAGES, text);
}

/** How a call of an account's telephone looks to who watches it; its id is nobody's else. */
export function talkOf({ callId, direction, phase }: LiveCall): WatchedState['talks'][number] {
  return {
    id: fingerprint(callId).slice(0, 16),
    direction: direction === 'inbound' ? 'initiator' : 'recipient',
    state: phase === 'ringing' ? 'early' : 'confirmed',
  };
}
