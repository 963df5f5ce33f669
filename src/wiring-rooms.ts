import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type Srf from 'drachtio-srf';
import type { CallingParts } from './calling/calling-parts';
import { DialOutList } from './calling/dial-out/dial-out-list';
import { listNumber } from './calling/room-session/list-number';
import { LiveRooms } from './calling/room-session/live-rooms';
import type { Log } from './kernel/log';
import type { Database } from './kernel/unit-of-work';
import type { MediaServers } from './media/media-servers';
import type { RecordingPlace } from './rooms/recording/end-recordings';
import { noteConsent, noteLeft } from './rooms/recording/recordings-store';
import { openRecording } from './rooms/recording/write-recording';
import { roomById } from './rooms/rooms-store';
import { startScheduleWatch } from './rooms/schedule/schedule-watch';
import type { World } from './wiring-api';

/** A name is still spoken after its owner has gone: that he has left. */
const SPOKEN_NAME_KEPT_MS = 5_000;
const SPOKEN_NAME = /^name-[0-9a-f-]{36}\.wav$/;

/** Rooms as calls use them: who is in them, how their lists are called, and where names are kept while their owners are there. */
export type RoomParts = Pick<CallingParts, 'liveRooms' | 'spoolFile' | 'forgetSpoolFile'> & {
  readonly dialOut: DialOutList;
  /** Calls the lists of meetings whose time has come, from now on; gives what ends that. */
  readonly watchSchedules: () => { stop(): Promise<void> };
};

/** Puts rooms together. `calling` gives the parts of calls, which are complete only once this has returned. */
export function wireRooms(
  { config, log, clock }: World,
  parts: {
    readonly srf: Srf;
    readonly media: MediaServers;
    readonly database: Database;
    readonly promptsDir: string;
    readonly recordings: RecordingPlace;
    readonly calling: () => CallingParts;
  },
): RoomParts {
  const dialOut = new DialOutList(parts.srf, parts.calling);
  const liveRooms = new LiveRooms({
    media: parts.media,
    recordings: {
      open: async ({ room, roomSessionId, onFault }) => {
        const { retentionClass } = room.rules;
        const wanted = { roomId: room.id, roomSessionId, retentionClass, onFault };
        return openRecording({ database: parts.database, place: parts.recordings, clock, log }, wanted);
      },
      noteConsent: (consent) => noteConsent(parts.database, consent),
      noteLeft: (cdrId, leftAtMs) => noteLeft(parts.database, cdrId, leftAtMs),
    },
    clock,
    log,
    promptsDir: parts.promptsDir,
    dialOut: (session, wish) => dialOut.begin(session, wish),
    listNumber: (room, number) => listNumber(parts.database, room, number, clock.nowMs()),
  });
  const spool = resolve(config.SPOOL_DIR || join(config.VAR_DIR, 'spool'));
  mkdirSync(spool, { recursive: true, mode: 0o770 });
  // Names whose calls an earlier run did not see end are nobody's any more. Whatever else lies there is not ours.
  for (const name of readdirSync(spool))
    if (SPOKEN_NAME.test(name)) rmSync(join(spool, name), { force: true });
  return {
    liveRooms,
    dialOut,
    watchSchedules: () =>
      startScheduleWatch({
        database: parts.database,
        clock,
        log,
        onDue: async ({ roomId }) => {
          const session = liveRooms.open(await roomById(parts.database.read, roomId));
          session.act({ kind: 'operator', askedBy: 'schedule' }, { type: 'dial-out', entryIds: 'all' });
        },
      }),
    spoolFile: (name) => join(spool, name),
    forgetSpoolFile: (file) => {
      clock.after(SPOKEN_NAME_KEPT_MS, () => remove(file, log));
    },
  };
}

function remove(file: string, log: Log): void {
  rm(file, { force: true }).catch((error: unknown) => log.warn('a spoken name stays', { file, error }));
}
