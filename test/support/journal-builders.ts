import type { ClosedLeg } from '../../src/cdr/cdr';
import { type JournalDisk, type JournalFile, machineDisk } from '../../src/cdr/journal-disk';
import type { OpenedLeg } from '../../src/cdr/journal-records';
import { e164 } from '../../src/kernel/phone-number';

/** When the legs of the journal's tests begin. */
export const startedAtMs = Date.UTC(2026, 0, 15, 12);

/** An inbound leg before it has its number. */
export function anOpenedLeg(cdrId: string): Omit<OpenedLeg, 'nodeSequence'> {
  return {
    cdrId,
    nodeId: 'node-1',
    sipCallId: `${cdrId}@caller`,
    callId: cdrId,
    direction: 'inbound',
    attempt: 1,
    roomSessionId: null,
    fromNumber: '+3222223344',
    isWithheld: false,
    callerIdentity: null,
    dialledNumber: '+3225550100',
    routedNumber: e164('+3225550100'),
    trunkId: 'trunk',
    costDeckId: null,
    accountId: null,
    deviceId: null,
    startedAtMs,
  };
}

/** A leg that was given up a second after it began. */
export function aClosedLeg(opened: OpenedLeg): ClosedLeg {
  return {
    ...opened,
    roomId: null,
    roomRole: null,
    payerAccountId: null,
    ringingAtMs: null,
    answeredAtMs: null,
    waitedMs: 0,
    chargedFromMs: null,
    endedAtMs: opened.startedAtMs + 1_000,
    result: 'cancelled',
    endedBy: 'caller',
    sipStatus: 487,
    hangupCause: null,
    quality: null,
  };
}

/** The machine's disk with a fault that can be switched on: what it then still takes of a write is torn, as on a full disk. */
export class FaultyDisk implements JournalDisk {
  fault: string | null = null;
  /** Bytes of a failing write that reach the file all the same. */
  tornBytes = 0;
  /** Which step fails. */
  failing: 'append' | 'sync' | 'create' = 'append';

  async create(path: string): Promise<JournalFile> {
    this.#check('create');
    const file = await machineDisk.create(path);
    return {
      append: async (text) => {
        if (this.fault !== null && this.failing === 'append')
          await file.append(Buffer.from(text).subarray(0, this.tornBytes).toString('latin1'));
        this.#check('append');
        await file.append(text);
      },
      sync: async () => {
        this.#check('sync');
        await file.sync();
      },
      truncate: (bytes) => file.truncate(bytes),
      close: () => file.close(),
    };
  }

  rename = (from: string, to: string) => machineDisk.rename(from, to);
  remove = (path: string) => machineDisk.remove(path);
  syncFolder = (folder: string) => machineDisk.syncFolder(folder);

  #check(step: FaultyDisk['failing']): void {
    if (this.fault !== null && this.failing === step)
      throw Object.assign(new Error(`${this.fault}: ${step}`), { code: this.fault });
  }
}
