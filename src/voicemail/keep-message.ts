import { open, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { raiseHouseAlert } from '../alerts/alerts-store';
import { findCdr } from '../cdr/cdrs-store';
import { enqueue } from '../jobs/jobs-store';
import type { Clock } from '../kernel/clock';
import { newId } from '../kernel/ids';
import type { Log } from '../kernel/log';
import { type Database, DuplicateKey } from '../kernel/unit-of-work';
import { wavHeader } from '../media/wav-header';
import { isMissing } from '../rooms/recording/end-recordings';
import { mailJobKind } from './mail-voicemail';
import { type VoicemailPlace, writeSealed } from './sealed-sound';
import { BYTES_A_SECOND, hasVoice, samplesOf } from './spoken';
import { LEAST_MESSAGE_SECONDS, MAX_MESSAGE_SECONDS } from './voicemail';
import { insertVoicemail } from './voicemails-store';

/** More than a message and its header can have; what a file has beyond is not read. */
const MAX_FILE_BYTES = (MAX_MESSAGE_SECONDS + 5) * BYTES_A_SECOND;
/** `message-<message>.<account>.<leg>.wav`: all that must be known of a message whose process died; `.known` after the leg: its own number may be told. */
const SPOOL_NAME = /^message-([0-9a-f-]{36})\.([0-9a-f-]{36})\.([0-9a-f-]{36})(\.known)?\.wav$/;
/** From one look at a file of an earlier run to the next; FreeSWITCH writes what it records every four seconds. */
const LEFT_OVER_LOOK_MS = 6_000;
/** An operator is told once an hour that mail is not set up. */
const TOLD_EVERY_MS = 3_600_000;

export type VoicemailParts = {
  readonly database: Database;
  readonly place: VoicemailPlace;
  /** Whether mail can be sent; without, messages are kept and their jobs wait. */
  readonly canMail: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Wakes whoever sends mail. */
  readonly onKept: () => void;
};

/** A message that was just spoken into a file of the spool. */
export type LeftMessage = {
  readonly accountId: string;
  readonly cdrId: string;
  /** Null for a number that its caller withheld. */
  readonly fromNumber: string | null;
  readonly file: string;
};

/** The name of a message's file in the spool. Should this process die, the next one knows by it whose message it is. */
export function spoolName({
  accountId,
  cdrId,
  isNumberKnown,
  nowMs,
}: {
  readonly accountId: string;
  readonly cdrId: string;
  /** Whether the number of the leg is the one that the owner may see: somebody may call as an account from a telephone that is not his. */
  readonly isNumberKnown: boolean;
  readonly nowMs: number;
}): string {
  return `message-${newId(nowMs)}.${accountId}.${cdrId}${isNumberKnown ? '.known' : ''}.wav`;
}

/** Takes spoken messages out of the spool: sealed onto the disk, then known to the database together with the job that mails them. */
export class MessageKeeper {
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #stopped = false;
  #endWait: () => void = () => undefined;

  constructor(private readonly parts: VoicemailParts) {}

  /**
   * Keeps a message. False when there is none: nobody spoke, or less than a second. The file leaves the spool only when the message is stored; a second
   * try with the same file stores it once.
   */
  async keep(left: LeftMessage): Promise<boolean> {
    const id = SPOOL_NAME.exec(basename(left.file))?.[1];
    if (id === undefined) throw new TypeError('a message has no name of the spool');
    const samples = samplesOf(await readStart(left.file));
    const seconds = (samples?.length ?? 0) / BYTES_A_SECOND;
    const isKept = samples !== null && seconds >= LEAST_MESSAGE_SECONDS && hasVoice(samples);
    if (isKept) await this.#store(id, left, samples);
    await rm(left.file, { force: true });
    return isKept;
  }

  /**
   * Keeps what an earlier run of this node left in the spool because it died; gives their number. A media server that outlived that run goes on
   * writing until it hears nothing more, so a file is taken when it has not grown from one look to the next.
   */
  async keepLeftOver(spoolFolder: string): Promise<number> {
    let kept = 0;
    const sizes = new Map<string, number>();
    for (const name of await readdir(spoolFolder)) if (SPOOL_NAME.test(name)) sizes.set(name, -1);
    while (sizes.size > 0 && !this.#stopped) {
      for (const [name, sizeBefore] of sizes) {
        const file = join(spoolFolder, name);
        const { size } = await stat(file);
        sizes.set(name, size);
        if (size !== sizeBefore) continue;
        sizes.delete(name);
        if (await this.#keepOneLeftOver(name, file)) kept += 1;
      }
      if (sizes.size > 0) await this.#untilNextLook();
    }
    return kept;
  }

  /** Looks no more for what an earlier run left. */
  stop(): void {
    this.#stopped = true;
    this.#endWait();
  }

  async #untilNextLook(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.parts.clock.after(LEFT_OVER_LOOK_MS, resolve);
      this.#endWait = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  async #keepOneLeftOver(name: string, file: string): Promise<boolean> {
    const [, , accountId, cdrId, known] = SPOOL_NAME.exec(name) ?? [];
    if (accountId === undefined || cdrId === undefined) return false;
    try {
      const cdr = known === undefined ? null : await findCdr(this.parts.database.read, cdrId);
      const fromNumber = !cdr || cdr.isWithheld ? null : cdr.fromNumber;
      return await this.keep({ accountId, cdrId, fromNumber, file });
    } catch (error) {
      this.parts.log.error('a message of an earlier run stays in the spool', { name, error });
      return false;
    }
  }

  async #store(id: string, left: LeftMessage, samples: Buffer): Promise<void> {
    const { database, place, canMail, clock, log, onKept } = this.parts;
    const { accountId, cdrId, fromNumber } = left;
    const nowMs = clock.nowMs();
    const message = {
      id,
      accountId,
      cdrId,
      nodeId: place.nodeId,
      fromNumber,
      seconds: Math.ceil(samples.length / BYTES_A_SECOND),
      soundFile: `${id}.msg`,
      leftAtMs: nowMs,
    };
    await writeSealed(place, message, Buffer.concat([wavHeader(samples.length), samples]));
    const isTold = !canMail && nowMs - this.#toldAtMs >= TOLD_EVERY_MS;
    try {
      await database.write(async (sql) => {
        await insertVoicemail(sql, message);
        const kind = mailJobKind(place.nodeId);
        await enqueue(sql, { kind, uniqueKey: id, payload: { voicemailId: id }, runAtMs: nowMs, nowMs });
        if (isTold)
          await raiseHouseAlert(sql, {
            id: newId(nowMs),
            kind: 'mail-not-set-up',
            details: { setting: 'SMTP_URL', waits: 'voicemail' },
            raisedAtMs: nowMs,
          });
      });
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
    }
    if (isTold) {
      this.#toldAtMs = nowMs;
      log.warn('voicemail is kept and not mailed: SMTP_URL is not set');
    }
    log.info('a message was left', { voicemailId: id, accountId, seconds: message.seconds });
    onKept();
  }
}

/** The file as far as a message can go; empty when there is none. */
async function readStart(file: string): Promise<Buffer> {
  try {
    const handle = await open(file, 'r');
    try {
      const bytes = Buffer.alloc(MAX_FILE_BYTES);
      let filled = 0;
      for (;;) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
        filled += bytesRead;
        if (bytesRead === 0) return bytes.subarray(0, filled);
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0);
    throw error;
  }
}
