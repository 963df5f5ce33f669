import type { FreeswitchEvent } from './event';

/** Event names of FreeSWITCH that a client may ask for; a name not among them is skipped, as the real server does. */
const knownEvents = new Set(
  `CUSTOM CLONE CHANNEL_CREATE CHANNEL_DESTROY CHANNEL_STATE CHANNEL_CALLSTATE CHANNEL_ANSWER CHANNEL_HANGUP
  CHANNEL_HANGUP_COMPLETE CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HOLD CHANNEL_UNHOLD CHANNEL_BRIDGE CHANNEL_UNBRIDGE
  CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_UNPARK CHANNEL_APPLICATION CHANNEL_ORIGINATE
  CHANNEL_UUID CHANNEL_DATA API LOG INBOUND_CHAN OUTBOUND_CHAN STARTUP SHUTDOWN PUBLISH UNPUBLISH TALK NOTALK SESSION_CRASH
  MODULE_LOAD MODULE_UNLOAD DTMF MESSAGE PRESENCE_IN PRESENCE_OUT PRESENCE_PROBE MESSAGE_WAITING MESSAGE_QUERY ROSTER CODEC
  BACKGROUND_JOB DETECTED_SPEECH DETECTED_TONE PRIVATE_COMMAND HEARTBEAT TRAP ADD_SCHEDULE DEL_SCHEDULE EXE_SCHEDULE
  RE_SCHEDULE RELOADXML NOTIFY PHONE_FEATURE SEND_MESSAGE RECV_MESSAGE REQUEST_PARAMS GENERAL COMMAND SESSION_HEARTBEAT
  CLIENT_DISCONNECTED SERVER_DISCONNECTED SEND_INFO RECV_INFO RECV_RTCP_MESSAGE SEND_RTCP_MESSAGE CALL_SECURE NAT RECORD_START
  RECORD_STOP PLAYBACK_START PLAYBACK_STOP CALL_UPDATE FAILURE SOCKET_DATA MEDIA_BUG_START MEDIA_BUG_STOP CALL_SETUP_REQ
  CALL_SETUP_RESULT CALL_DETAIL DEVICE_STATE ALL`.split(/\s+/),
);
const longPrefix = 'SWITCH_EVENT_';
/** Events, subclasses and filters one connection may hold. */
const entriesMax = 1_000;
const myEvents = `CHANNEL_ANSWER CHANNEL_APPLICATION CHANNEL_BRIDGE CHANNEL_CREATE CHANNEL_DATA CHANNEL_DESTROY CHANNEL_EXECUTE
  CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_ORIGINATE CHANNEL_UUID CHANNEL_OUTGOING CHANNEL_PARK
  CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_STATE CHANNEL_UNBRIDGE CHANNEL_UNPARK DETECTED_SPEECH DTMF NOTALK TALK`;

type Filter = { header: string; value: string };

/** Which events one connection gets. Follows mod_event_socket: `event`, `nixevent`, `noevents`, `filter`, `myevents`. */
export class Subscription {
  format: 'plain' | 'json' = 'plain';
  private listening = false;
  private all = false;
  private readonly names = new Set<string>();
  private readonly subclasses = new Set<string>();
  private filters: Filter[] = [];
  private ownUuid: string | undefined;

  /** `event [plain|json|xml] NAME... CUSTOM subclass...`: the reply text. */
  enable(words: readonly string[]): string {
    const [format] = words;
    const named = format === 'plain' || format === 'json' || format === 'xml' ? words.slice(1) : words;
    if (format === 'plain' || format === 'json') this.format = format;
    let keys = 0;
    let custom = false;
    for (const word of named) {
      if (custom) this.addBounded(this.subclasses, word);
      else {
        const name = eventName(word);
        if (name === undefined) continue;
        keys += 1;
        if (name === 'ALL') this.all = true;
        else this.addBounded(this.names, name);
        custom = name === 'CUSTOM';
      }
    }
    if (keys === 0) return '-ERR no keywords supplied';
    this.listening = true;
    return `+OK event listener enabled ${this.format}`;
  }

  /** `nixevent NAME...`: the reply text. */
  disable(words: readonly string[]): string {
    let keys = 0;
    let custom = false;
    for (const word of words) {
      if (custom) this.subclasses.delete(word);
      else {
        const name = eventName(word);
        if (name === undefined) continue;
        keys += 1;
        if (name === 'CUSTOM') custom = true;
        else if (name === 'ALL') this.clear();
        else {
          if (this.all) this.spreadAll();
          this.names.delete(name);
        }
      }
    }
    return keys === 0 ? '-ERR no keywords supplied' : '+OK events nixed';
  }

  /** `noevents`: the reply text. */
  disableAll(): string {
    if (!this.listening) return '-ERR not listening for events';
    this.listening = false;
    this.clear();
    this.subclasses.clear();
    return '+OK no longer listening for events';
  }

  /** `myevents`: only this channel's events. The reply text. */
  enableOwn(uuid: string): string {
    if (this.ownUuid !== undefined) return '-ERR aready enabled.';
    this.ownUuid = uuid;
    for (const name of myEvents.split(/\s+/)) this.names.add(name);
    this.listening = true;
    return '+OK Events Enabled';
  }

  /** `filter [add] header value` and `filter delete header|all [value]`: the reply text. */
  filter(text: string): string {
    const match = /^(?:(add|delete)\s+)?(\S+)(?:\s(.*))?$/i.exec(text.trim());
    const [, verb, header, value] = match ?? [];
    if (header === undefined) return '-ERR invalid syntax';
    if (verb?.toLowerCase() === 'delete') {
      if (header.toLowerCase() === 'all') this.filters = [];
      else this.filters = this.filters.filter((one) => !sameHeader(one, header, value));
      return `+OK filter deleted. [${header}][${value ?? ''}]`;
    }
    if (value === undefined) return '-ERR invalid syntax';
    if (this.filters.length < entriesMax) this.filters.push({ header, value });
    return `+OK filter added. [${header}]=[${value}]`;
  }

  /** True when events of this name are asked for, filters aside. */
  wants(name: string, subclass: string | undefined): boolean {
    if (!this.listening) return false;
    if (this.all) return true;
    return (
      this.names.has(name) && (name !== 'CUSTOM' || subclass === undefined || this.subclasses.has(subclass))
    );
  }

  /** True when the event passes the filters: any match lets it in, a match of a `-` filter keeps it out. */
  passes(event: FreeswitchEvent): boolean {
    if (this.ownUuid !== undefined && event.headers['Unique-ID'] !== this.ownUuid) return false;
    if (this.filters.length === 0) return true;
    let send = false;
    for (const { header, value } of this.filters) {
      const actual = headerOf(event, header);
      if (actual === undefined) continue;
      const wanted = value.replace(/^[+ -]*/, '');
      const excludes = value.startsWith('-');
      if (send && !excludes) continue;
      if (!matches(actual, wanted)) continue;
      if (excludes) return false;
      send = true;
    }
    return send;
  }

  private clear(): void {
    this.all = false;
    this.names.clear();
  }

  private spreadAll(): void {
    this.all = false;
    for (const name of knownEvents) if (name !== 'ALL') this.names.add(name);
  }

  private addBounded(set: Set<string>, value: string): void {
    if (set.size < entriesMax) set.add(value);
  }
}

function eventName(word: string): string | undefined {
  const upper = word.toUpperCase();
  const name = upper.startsWith(longPrefix) ? upper.slice(longPrefix.length) : upper;
  return knownEvents.has(name) ? name : undefined;
}

function sameHeader(one: Filter, header: string, value: string | undefined): boolean {
  return one.header.toLowerCase() === header.toLowerCase() && (value === undefined || one.value === value);
}

function headerOf(event: FreeswitchEvent, header: string): string | undefined {
  const exact = event.headers[header];
  if (exact !== undefined) return exact;
  const lower = header.toLowerCase();
  return Object.entries(event.headers).find(([name]) => name.toLowerCase() === lower)?.[1];
}

function matches(actual: string, wanted: string): boolean {
  const pattern = /^\/(.*)\/$/.exec(wanted);
  if (!pattern) return actual.toLowerCase() === wanted.toLowerCase();
  try {
    return new RegExp(pattern[1] as string).test(actual);
  } catch {
    return false;
  }
}
