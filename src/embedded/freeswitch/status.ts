import type { Core } from './core';
import type { EventHeaders } from './event';

/** Version shown to clients: what of FreeSWITCH's behaviour this server follows. */
export const version = '1.11.1-embedded';

function uptimeText(ms: number): string {
  const total = Math.floor(ms / 1_000);
  const parts: readonly (readonly [string, number])[] = [
    ['year', Math.floor(total / 31_536_000)],
    ['day', Math.floor(total / 86_400) % 365],
    ['hour', Math.floor(total / 3_600) % 24],
    ['minute', Math.floor(total / 60) % 60],
    ['second', total % 60],
    ['millisecond', Math.floor(ms % 1_000)],
    ['microsecond', 0],
  ];
  return parts.map(([unit, count]) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(', ');
}

/** The api command `status`. */
export function status(core: Core): string {
  const { channels } = core;
  const nowMs = core.clock.nowMs();
  const perSecond = channels.perSecond(nowMs);
  return [
    `UP ${uptimeText(nowMs - core.startedMs)}`,
    `FreeSWITCH (Version ${version}) is ready`,
    `${channels.total} session(s) since startup`,
    `${channels.count} session(s) - peak ${channels.peak}, last 5min ${channels.peak} `,
    `${perSecond} session(s) per Sec out of max 1000, peak ${perSecond}, last 5min ${perSecond} `,
    `${channels.max} session(s) max`,
    'min idle cpu 0.00/100.00',
    '',
  ].join('\n');
}

/** The api command `sofia status`; drachtio-fsmrf reads the profile's address from it. */
export function sofiaStatus(core: Core, argument: string): string {
  if (!/^status\b/i.test(argument.trim())) return `-ERR Unknown command!\n`;
  const line = '='.repeat(120);
  const name = 'drachtio_mrf'.padStart(25);
  const data = `sip:mod_sofia@${core.sipAddress}`.padStart(45);
  const head = `${'Name'.padStart(25)}\t   Type\t${'Data'.padStart(45)}\tState`;
  return `${head}\n${line}\n${name}\tprofile\t${data}\tRUNNING (${core.channels.count})\n${line}\n1 profile 0 aliases\n\n`;
}

/** Headers of HEARTBEAT: load and health. */
export function heartbeatHeaders(core: Core, idleCpuPercent: number): EventHeaders {
  const { channels } = core;
  const nowMs = core.clock.nowMs();
  const perSecond = String(channels.perSecond(nowMs));
  return {
    'Event-Info': 'System Ready',
    'Up-Time': uptimeText(nowMs - core.startedMs),
    'FreeSWITCH-Version': version,
    'Uptime-msec': String(Math.round(nowMs - core.startedMs)),
    'Session-Count': String(channels.count),
    'Max-Sessions': String(channels.max),
    'Session-Per-Sec': '1000',
    'Session-Per-Sec-Last': perSecond,
    'Session-Per-Sec-Max': perSecond,
    'Session-Per-Sec-FiveMin': perSecond,
    'Session-Since-Startup': String(channels.total),
    'Session-Peak-Max': String(channels.peak),
    'Session-Peak-FiveMin': String(channels.peak),
    'Idle-CPU': idleCpuPercent.toFixed(6),
  };
}
