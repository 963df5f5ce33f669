import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RoomView } from '../../src/calling/room-session/room-view';
import type { RoomRules } from '../../src/rooms/room-rules';
import { changeRoom } from '../../src/rooms/rooms-store';
import type { PhoneCall, TestPhone } from '../../src/test-phone/test-phone';
import { eventually, TestService } from './service';
import { makeTonePrompts, PromptEar } from './tone-prompts';

const LIMIT_MS = 20_000;

/** A room with its secrets, as its owner has them. */
export type StageRoom = Awaited<ReturnType<TestService['room']>>;

/** Somebody with a telephone in or before a room, and what the house has said to him. */
export class Guest {
  readonly ear = new PromptEar();

  constructor(
    readonly call: PhoneCall,
    readonly number: string,
  ) {
    call.leg.onInput = (frame) => {
      call.hearing.take(frame);
      this.ear.take(frame);
    };
  }

  /** Resolves when the house has said this since the guest came, `times` times. */
  async hears(sound: string, times = 1): Promise<void> {
    await eventually(LIMIT_MS, () => this.ear.heard.filter((heard) => heard === sound).length >= times).catch(
      () => {
        throw new Error(
          `${this.number} did not hear ${sound} ${times}×, but ${this.ear.heard.join(', ') || 'nothing'}`,
        );
      },
    );
  }

  /** Presses keys and waits until they are sent. */
  async press(keys: string): Promise<void> {
    this.call.press(keys);
    await this.call.whenTyped();
  }
}

/** The service with prompts that a test can recognise, telephones, and the API of its operator. */
export class RoomStage {
  private constructor(
    readonly service: TestService,
    readonly phone: TestPhone,
    private readonly promptsDir: string,
  ) {}

  static async open(rtpPortMin: number, settings: Readonly<Record<string, string>> = {}): Promise<RoomStage> {
    const promptsDir = makeTonePrompts(mkdtempSync(join(tmpdir(), '123-voip-prompts-')));
    const service = await TestService.start({ PROMPTS_DIR: promptsDir, ...settings });
    return new RoomStage(service, await service.phone(rtpPortMin), promptsDir);
  }

  async close(): Promise<void> {
    await this.phone.close();
    await this.service.close();
    rmSync(this.promptsDir, { recursive: true, force: true });
  }

  /** A room of an owner of its own, with these rules. */
  async room(rules: Partial<RoomRules> = {}, maxSeats = 20): Promise<StageRoom> {
    const room = await this.service.room('50.00');
    await changeRoom(this.service.database, room.roomId, { maxSeats, rules });
    return room;
  }

  /** Dials in and does nothing. */
  async dial(number: string): Promise<Guest> {
    const call = await this.phone.dial({
      to: this.service.seed.accessNumber,
      from: number,
      sipHost: '127.0.0.1',
      sipPort: this.service.sipPort,
    });
    return new Guest(call, number);
  }

  /** Dials in and types Room ID and PIN; resolves at the last key. */
  async knock(room: StageRoom, role: 'moderator' | 'participant', number: string): Promise<Guest> {
    const guest = await this.dial(number);
    await guest.hears('welcome-enter-room-id');
    await guest.press(`${room.roomNumber}#`);
    await guest.hears('enter-pin');
    await guest.press(`${role === 'moderator' ? room.moderatorPin : room.participantPin}#`);
    return guest;
  }

  /** Dials in and comes all the way into the room. */
  async enter(room: StageRoom, role: 'moderator' | 'participant', number: string): Promise<Guest> {
    const guest = await this.knock(room, role, number);
    await guest.hears('entering-room');
    await eventually(LIMIT_MS, async () => {
      const calls = (await this.get<{ calls: { fromNumber: string; phase: string }[] }>('/live/calls')).calls;
      return calls.some(({ fromNumber, phase }) => fromNumber === number && phase === 'talking');
    });
    return guest;
  }

  /** The member whose call comes from this number. */
  async memberId(number: string): Promise<string> {
    const { calls } = await this.get<{
      calls: { callId: string; fromNumber: string; dialledNumber: string }[];
    }>('/live/calls');
    const found = calls.find((call) => call.fromNumber === number || call.dialledNumber === number);
    if (!found) throw new Error(`no live call of ${number}`);
    return found.callId;
  }

  live(room: StageRoom): Promise<RoomView> {
    return this.get(`/live/rooms/${room.roomId}`);
  }

  async get<T>(path: string): Promise<T> {
    return (await this.request('GET', path)).json as T;
  }

  async download(path: string): Promise<Buffer> {
    const answer = await this.#fetch('GET', path);
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  /** An action in a room by API; gives the HTTP status. */
  async act(room: StageRoom, action: object, as?: string): Promise<number> {
    const body = { action, ...(as === undefined ? {} : { as }) };
    return (await this.request('POST', `/live/rooms/${room.roomId}/actions`, body)).status;
  }

  async request(method: string, path: string, body?: object): Promise<{ status: number; json: unknown }> {
    const answer = await this.#fetch(method, path, body);
    return { status: answer.status, json: await answer.json() };
  }

  #fetch(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.service.httpPort}/api/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.service.adminKey}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': `stage-${process.hrtime.bigint()}`,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }
}
