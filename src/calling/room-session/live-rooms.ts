import { EventEmitter } from 'node:events';
import { NotFound } from '../../kernel/app-error';
import type { Room } from '../../rooms/room';
import { RoomSession, type SessionParts } from './room-session';
import type { RoomView } from './room-view';

/** What changed in a room; 'closed' carries it as it last was. */
export type RoomChange = { readonly type: 'changed' | 'closed'; readonly room: RoomView };

/** Every room of this node that somebody is in. */
export class LiveRooms {
  readonly #sessions = new Map<string, RoomSession>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  constructor(private readonly parts: SessionParts) {
    parts.media.onTalking((legId, isTalking) => {
      for (const session of this.#sessions.values()) session.onTalking(legId, isTalking);
    });
  }

  /** The session of a room, begun now when nobody is in it; who comes while one ends is not sent away with it. */
  open(room: Room): RoomSession {
    const running = this.#sessions.get(room.id);
    if (running && !running.isEnding) return running;
    const session: RoomSession = new RoomSession(this.parts, room, {
      changed: () => this.#tell('changed', session),
      closed: () => {
        if (this.#sessions.get(room.id) === session) this.#sessions.delete(room.id);
        this.#tell('closed', session);
      },
    });
    this.#sessions.set(room.id, session);
    return session;
  }

  find(roomId: string): RoomSession | undefined {
    return this.#sessions.get(roomId);
  }

  /** @throws NotFound when nobody is in the room */
  get(roomId: string): RoomSession {
    const session = this.find(roomId);
    if (!session) throw new NotFound('live room', roomId);
    return session;
  }

  list(): readonly RoomView[] {
    return [...this.#sessions.values()].map((session) => session.view());
  }

  /** Calls `handler` on every change until the returned function is called. */
  watch(handler: (change: RoomChange) => void): () => void {
    this.#changes.on('change', handler);
    return () => this.#changes.off('change', handler);
  }

  #tell(type: RoomChange['type'], session: RoomSession): void {
    this.#changes.emit('change', { type, room: session.view() } satisfies RoomChange);
  }
}
