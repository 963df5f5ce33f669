import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type Srf from 'drachtio-srf';
import type { CallingParts } from './calling/calling-parts';
import { DialOutList } from './calling/dial-out/dial-out-list';
import { listNumber } from './calling/room-session/list-number';
import { LiveRooms } from './calling/room-session/live-rooms';
import type { RecordingStore } from './calling/room-session/room-recorder';
import type { Config } from './config/settings';
import type { Clock } from './kernel/clock';
import type { Log } from './kernel/log';
import type { Database } from './kernel/unit-of-work';
import type { MediaServers } from './media/media-servers';
import { roomById } from './rooms/rooms-store';
import { startScheduleWatch } from './rooms/schedule/schedule-watch';

/** Rooms as calls use them: who is in them, how their lists are called, and where names are kept while their owners are there. */
export type RoomParts = Pick<CallingParts, 'liveRooms' | 'spoolFile' | 'forgetSpoolFile'> & {
  readonly dialOut: DialOutList;
  /** Calls the lists of meetings whose time has come, from now on; gives what ends that. */
  readonly watchSchedules: () => { stop(): Promise<void> };
};

/** Puts rooms together. `calling` gives the parts of calls, which are complete only once this has returned. */
export function wireRooms(
  world: { readonly config: Config; readonly log: Log; readonly clock: Clock },
  parts: {
    readonly srf: Srf;
    readonly media: MediaServers;
    readonly database: Database;
    readonly promptsDir: string;
    readonly recordings: RecordingStore;
    readonly calling: () => CallingParts;
  },
): RoomParts {
  const { config, log, clock } = world;
  const dialOut = new DialOutList(parts.srf, parts.calling);
  const liveRooms = new LiveRooms({
    media: parts.media,
    recordings: parts.recordings,
    clock,
    log,
    promptsDir: parts.promptsDir,
    dialOut: (session, wish) => dialOut.begin(session, wish),
    listNumber: (room, number) => listNumber(parts.database, room, number, clock.nowMs()),
  });
  const spool = resolve(config.SPOOL_DIR || join(config.VAR_DIR, 'spool'));
  // Names whose calls an earlier run did not see end are nobody's any more.
  rmSync(spool, { recursive: true, force: true });
  mkdirSync(spool, { recursive: true, mode: 0o770 });
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
          session.act({ kind: 'operator' }, { type: 'dial-out', entryIds: 'all' });
        },
      }),
    spoolFile: (name) => join(spool, name),
    forgetSpoolFile: (file) => {
      rm(file, { force: true }).catch((error: unknown) => log.warn('a spoken name stays', { file, error }));
    },
  };
}
