import type { Setting } from './settings';

/** The settings of what is kept of calls. */
export const RECORD_SETTINGS = {
  JOURNAL_ARCHIVE_DAYS: {
    type: 'integer',
    unit: 'days',
    default: 90,
    least: 1,
    most: 3_650,
    about: 'How long finished journal files are kept, packed, in VAR_DIR/journal/archive',
  },
  SIP_TRACE_DAYS: {
    type: 'integer',
    unit: 'days',
    default: 7,
    least: 0,
    most: 90,
    about: 'How long the SIP messages of a leg are kept, with secrets masked; 0: none are',
  },
  RECORDINGS_DIR: {
    type: 'text',
    default: '',
    about: 'Folder of the encrypted recordings of rooms; empty means recordings in VAR_DIR',
  },
  RECORDING_KEY: {
    type: 'secret',
    pattern: /^[0-9a-fA-F]{64}$/,
    form: '64 hexadecimal digits (32 random bytes)',
    about: 'Key that recordings are encrypted with; keep a copy apart: without it none can be heard again',
  },
  RECORDING_OLD_KEYS: {
    type: 'secret',
    pattern: /^[0-9a-fA-F]{64}(\s*,\s*[0-9a-fA-F]{64}){0,19}$/,
    form: 'up to 20 keys of 64 hexadecimal digits, separated by commas',
    generated: false,
    about: 'Keys used before RECORDING_KEY, so that recordings made with them can still be heard',
  },
} as const satisfies Readonly<Record<string, Setting>>;
