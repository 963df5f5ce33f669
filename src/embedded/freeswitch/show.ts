import type { Channel } from './channel';
import type { Core } from './core';

/** `show channels|calls [count] [as json]`: what runs now, for sweeps after a restart. Other subjects are refused. */
export function show(core: Core, argument: string): string {
  const words = argument.trim().toLowerCase().split(/\s+/);
  const [subject = ''] = words;
  const asJson = words.includes('json');
  if (subject !== 'channels' && subject !== 'calls') {
    core.log.error('unknown subject of show', { subject });
    return '-USAGE: calls|channels [count] [as json]\n';
  }
  const channels = core.channels.all();
  const rows = subject === 'calls' ? channels.filter(isFirstLeg).map(callRow) : channels.map(channelRow);
  if (words.includes('count'))
    return asJson ? JSON.stringify({ row_count: rows.length }) : `\n${rows.length} total.\n`;
  if (asJson) return JSON.stringify(rows.length === 0 ? { row_count: 0 } : { row_count: rows.length, rows });
  const [first] = rows;
  if (!first) return '\n0 total.\n';
  const lines = [
    Object.keys(first).join(','),
    ...rows.map((row) => Object.values(row).map(oneCell).join(',')),
  ];
  return `${lines.join('\n')}\n\n${rows.length} total.\n`;
}

/** Of two bridged legs the older one stands for the call. */
function isFirstLeg(channel: Channel): boolean {
  return channel.callUuid === channel.uuid;
}

function oneCell(text: string): string {
  return text.replace(/[,\p{Cc}]/gu, '_');
}

function channelRow(channel: Channel): Record<string, string> {
  const created = new Date(channel.createdMs).toISOString().slice(0, 19).replace('T', ' ');
  const codec = channel.leg?.codec ?? '';
  return {
    uuid: channel.uuid,
    direction: 'inbound',
    created,
    created_epoch: String(Math.floor(channel.createdMs / 1_000)),
    name: channel.name,
    state: channel.alive ? 'CS_EXECUTE' : 'CS_HANGUP',
    cid_name: channel.caller.name,
    cid_num: channel.caller.number,
    ip_addr: channel.caller.networkAddress,
    dest: channel.caller.destination,
    application: channel.variables.get('current_application') ?? '',
    application_data: '',
    dialplan: 'XML',
    context: 'mrf',
    read_codec: codec,
    read_rate: '8000',
    write_codec: codec,
    write_rate: '8000',
    callstate: channel.callState,
    call_uuid: channel.callUuid,
  };
}

function callRow(channel: Channel): Record<string, string> {
  const row = channelRow(channel);
  const peer = channel.bridged;
  return peer ? { ...row, b_uuid: peer.uuid, b_name: peer.name, b_callstate: peer.callState } : row;
}
