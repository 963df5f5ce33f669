import type { Channel } from './channel';
import type { EventHeaders } from './event';

/** Microseconds since 1970 as FreeSWITCH writes times; '0' for what has not happened. */
export function microseconds(ms: number | undefined): string {
  return ms === undefined ? '0' : String(Math.round(ms * 1_000));
}

/** FreeSWITCH's internal state names with their numbers. */
function stateOf(channel: Channel): { name: string; number: string } {
  if (channel.hangupCause !== undefined) return { name: 'CS_HANGUP', number: '10' };
  if (channel.answeredMs === undefined) return { name: 'CS_INIT', number: '1' };
  if (!channel.bridged) return { name: 'CS_EXECUTE', number: '4' };
  const asked = channel.callUuid === channel.uuid;
  return asked ? { name: 'CS_SOFT_EXECUTE', number: '3' } : { name: 'CS_EXCHANGE_MEDIA', number: '5' };
}

/** Headers that every event about a channel carries. */
export function basicChannelHeaders(channel: Channel): EventHeaders {
  const state = stateOf(channel);
  const headers: EventHeaders = {
    'Channel-State': state.name,
    'Channel-Call-State': channel.callState,
    'Channel-State-Number': state.number,
    'Channel-Name': channel.name,
    'Unique-ID': channel.uuid,
    'Call-Direction': 'inbound',
    'Presence-Call-Direction': 'inbound',
    'Channel-HIT-Dialplan': 'true',
    'Channel-Call-UUID': channel.callUuid,
    'Answer-State': answerState(channel),
  };
  if (channel.hangupCause !== undefined) headers['Hangup-Cause'] = channel.hangupCause;
  if (channel.leg) {
    headers['Channel-Read-Codec-Name'] = channel.leg.codec;
    headers['Channel-Read-Codec-Rate'] = '8000';
    headers['Channel-Write-Codec-Name'] = channel.leg.codec;
    headers['Channel-Write-Codec-Rate'] = '8000';
  }
  if (channel.bridged) {
    headers['Other-Type'] = 'originator';
    headers['Other-Leg-Unique-ID'] = channel.bridged.uuid;
  }
  return headers;
}

function answerState(channel: Channel): string {
  if (channel.hangupCause !== undefined) return 'hangup';
  return channel.answeredMs === undefined ? 'ringing' : 'answered';
}

/** Basic headers, the caller's profile and all variables: what most channel events and `uuid_dump` show. */
export function fullChannelHeaders(channel: Channel): EventHeaders {
  const { caller } = channel;
  const headers: EventHeaders = {
    ...basicChannelHeaders(channel),
    'Caller-Direction': 'inbound',
    'Caller-Username': caller.number,
    'Caller-Dialplan': 'XML',
    'Caller-Caller-ID-Name': caller.name,
    'Caller-Caller-ID-Number': caller.number,
    'Caller-Network-Addr': caller.networkAddress,
    'Caller-Destination-Number': caller.destination,
    'Caller-Unique-ID': channel.uuid,
    'Caller-Source': 'mod_sofia',
    'Caller-Context': 'mrf',
    'Caller-Channel-Name': channel.name,
    'Caller-Profile-Index': '1',
    'Caller-Profile-Created-Time': microseconds(channel.createdMs),
    'Caller-Channel-Created-Time': microseconds(channel.createdMs),
    'Caller-Channel-Answered-Time': microseconds(channel.answeredMs),
    'Caller-Channel-Hangup-Time': microseconds(channel.endedMs),
  };
  for (const [name, value] of channel.variables) headers[`variable_${name}`] = value;
  return headers;
}
