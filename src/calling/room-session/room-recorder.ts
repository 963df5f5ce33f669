import { assertNever } from '../../kernel/app-error';
import type { Clock } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import type { Room } from '../../rooms/room';
import type { RoomAudio } from './room-audio';

/** A recording that is being written; frames are 20 ms of G.711 µ-law, encrypted before they reach the disk. */
export type OpenRecording = {
  readonly id: string;
  write(frame: Buffer): void;
  pause(): void;
  resume(): void;
  close(): Promise<unknown>;
};

/** The part of rooms/recording that sessions use, with its database, folder and key already given. */
export type RecordingStore = {
  open(about: {
    room: Room;
    roomSessionId: string;
    onFault: (error: unknown) => void;
  }): Promise<OpenRecording>;
  noteConsent(consent: {
    recordingId: string;
    cdrId: string;
    heardAtMs: number;
    how: 'announced-on-entry' | 'announced-at-start';
  }): Promise<void>;
  /** He is in no recording any more. */
  noteLeft(cdrId: string, leftAtMs: number): Promise<void>;
};

type Running = { readonly recording: OpenRecording; readonly stopListening: () => void };

/** Records a room's sound while its session says so. Commands may come faster than they are done: they are done in their order. */
export class RoomRecorder {
  #running: Running | null = null;
  #queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: { readonly recordings: RecordingStore; readonly clock: Clock; readonly log: Log },
    private readonly session: { readonly id: string; readonly room: Room; readonly audio: RoomAudio },
    private readonly onFailed: () => void,
  ) {}

  get recordingId(): string | null {
    return this.#running?.recording.id ?? null;
  }

  do(command: 'start' | 'pause' | 'resume' | 'stop'): void {
    this.#next(`recording: ${command}`, async () => {
      switch (command) {
        case 'start':
          return this.#start();
        case 'stop':
          return this.#stop();
        case 'pause':
          return this.#running?.recording.pause();
        case 'resume':
          return this.#running?.recording.resume();
        default:
          return assertNever(command);
      }
    });
  }

  /** Notes who stays though he has heard that he is recorded. */
  noteConsents(memberIds: readonly string[], how: 'announced-on-entry' | 'announced-at-start'): void {
    const heardAtMs = this.parts.clock.nowMs();
    this.#next('consent to a recording', async () => {
      if (!this.#running) return;
      const { id: recordingId } = this.#running.recording;
      for (const cdrId of memberIds)
        await this.parts.recordings.noteConsent({ recordingId, cdrId, heardAtMs, how });
    });
  }

  /** Notes until when somebody could be heard. */
  noteLeft(cdrId: string): void {
    const leftAtMs = this.parts.clock.nowMs();
    if (this.#running) this.#next('end of a consent', () => this.parts.recordings.noteLeft(cdrId, leftAtMs));
  }

  #next(what: string, work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work).catch((error: unknown) => {
      this.parts.log.error(`${what} failed`, { roomId: this.session.room.id, error });
      this.#running?.stopListening();
      this.#running = null;
      this.onFailed();
    });
  }

  async #start(): Promise<void> {
    if (this.#running) return;
    const { room, id, audio } = this.session;
    const fail = (error: unknown) =>
      this.#next('recording', async () => {
        await this.#stop();
        throw error;
      });
    const recording = await this.parts.recordings.open({ room, roomSessionId: id, onFault: fail });
    try {
      const stopListening = await audio.listen({
        onFrame: (frame) => recording.write(frame),
        onGone: () => fail(new Error('the room’s sound is gone')),
      });
      this.#running = { recording, stopListening };
    } catch (error) {
      await recording.close();
      throw error;
    }
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    running?.stopListening();
    await running?.recording.close();
  }
}
