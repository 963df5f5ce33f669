import type { Setting } from './settings';

/** SIP over TLS and by WebSocket: a part of the settings, read with the others. */
export const SECURE_SIP_SETTINGS = {
  SIP_TLS_PORT: {
    type: 'integer',
    unit: 'port',
    default: 0,
    least: 0,
    most: 65535,
    about: 'Port of the embedded SIP server for SIP over TLS, usually 5061; 0 is off',
  },
  SIP_TLS_CERT_FILE: {
    type: 'text',
    default: '',
    about: 'Certificate for SIP over TLS, PEM, with the intermediate ones after it',
  },
  SIP_TLS_KEY_FILE: { type: 'text', default: '', about: 'Private key of that certificate, PEM' },
  SIP_TLS_CA_FILE: {
    type: 'text',
    default: '',
    about:
      'Authorities, PEM, whose certificates servers we call by TLS, and certified clients, have to show; empty means the well-known ones',
  },
  SIP_TLS_CLIENTS: {
    type: 'choice',
    default: 'any',
    choices: ['any', 'certified'],
    about: 'Who may connect by TLS: anybody, or only who shows a certificate of SIP_TLS_CA_FILE',
  },
  SIP_WS_PORT: {
    type: 'integer',
    unit: 'port',
    default: 5066,
    least: 0,
    most: 65535,
    about:
      'Port of the embedded SIP server for browsers by WebSocket; 0 is off. Behind a proxy that speaks TLS, or for pages of this machine alone',
  },
  SIP_WSS_PORT: {
    type: 'integer',
    unit: 'port',
    default: 0,
    least: 0,
    most: 65535,
    about: 'The same over TLS, with the certificate of SIP over TLS; 0 is off',
  },
  WEBSOCKET_URLS: {
    type: 'text',
    default: '',
    pattern: /^$|^wss?:\/\/\S+([\s,]+wss?:\/\/\S+){0,9}$/,
    form: 'up to ten addresses that begin with wss:// or ws://, separated by commas',
    about:
      'Where browsers connect by WebSocket, as they are told; empty: the ports above at EXTERNAL_ADDRESS or BIND_ADDRESS',
  },
  TURN_URLS: {
    type: 'text',
    default: '',
    pattern: /^$|^turns?:\S+([\s,]+turns?:\S+){0,9}$/,
    form: 'up to ten addresses that begin with turn: or turns:, separated by commas',
    about: 'TURN servers that browsers may use where their networks let nothing else through; empty: none',
  },
  TURN_SECRET: {
    type: 'secret',
    generated: false,
    about:
      'Secret shared with the TURN servers, from which browsers get passwords for some hours (coturn: static-auth-secret)',
  },
} as const satisfies Readonly<Record<string, Setting>>;
