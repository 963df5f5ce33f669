import type { Clock, Timer } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import type { Database } from '../../kernel/unit-of-work';
import { raiseHouseAlert } from '../../alerts/alerts-store';
import { newId } from '../../kernel/ids';
import { LimitReached } from '../../leases/lease';
import { releaseLeases, renewLeases } from '../../leases/renew-leases';
import { takeLeases } from '../../leases/take-leases';
import { outwardAuth } from '../../trunks/outward-request';
import type { SipAddress } from '../../trunks/outward';
import type { OutwardTrunk } from '../../trunks/trunk';
import type { TrunkKey } from '../../trunks/trunk-secrets';
import { outwardPasswordMarks, outwardTrunks } from '../../trunks/trunks-store';
import { trunkAnswers } from '../outward/trunk-answers';
import type { SendOutside } from './outside-request';
import { TargetProbe } from './target-probe';
import { TrunkRegistration } from './trunk-registration';
import { REGISTRAR_LEASE_MS, RELOAD_EVERY_MS } from './watch-limits';

/** The right to register us at carriers: one node has it at a time, for all trunks. */
const REGISTRAR_SCOPE = 'trunk-registrations:all';

/** What is known of a trunk now, on this node. */
export type TrunkHealth = {
  /** At least one target answers; true also for a trunk that is not asked. */
  readonly alive: boolean;
  readonly targets: readonly (SipAddress & { readonly alive: boolean; readonly failures: number })[];
  readonly registration: {
    /** elsewhere: another node registers us. */
    readonly phase: 'none' | 'elsewhere' | 'stopped' | 'trying' | 'registered' | 'waiting';
    readonly validUntilMs: number | null;
    readonly fault: string | null;
  };
};

type Watched = {
  readonly trunk: OutwardTrunk;
  /** What it is watched by; when that changes it is begun anew. */
  readonly mark: string;
  readonly probes: readonly TargetProbe[];
  registration: TrunkRegistration | null;
};

export type TrunkWatchParts = {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeId: string;
  readonly trunkKey: TrunkKey;
  readonly send: SendOutside;
  /** Whether this node has its SIP engine. */
  readonly isConnected: () => boolean;
};

/** Watches every active trunk that calls go out by: asks whether it lives, and keeps us registered where we must be. */
export class TrunkWatch {
  readonly #watched = new Map<string, Watched>();
  #timer: Timer | null = null;
  #looking: Promise<void> | null = null;
  #registers = false;

  constructor(private readonly parts: TrunkWatchParts) {}

  /** From now on. Trunks count as alive until they were asked. */
  start(): void {
    this.#timer = this.parts.clock.every(RELOAD_EVERY_MS, () => this.#look());
    this.#look();
  }

  /** Ends all registrations of this node at their carriers, and asks nothing more. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#looking;
    const all = [...this.#watched.values()];
    this.#watched.clear();
    await Promise.all(all.map((one) => this.#end(one)));
    if (!this.#registers) return;
    this.#registers = false;
    await this.parts.database.write((sql) => releaseLeases(sql, this.#holderId, [REGISTRAR_SCOPE]));
  }

  /** Whether a trunk answers, or one target of it; true for what is not asked. */
  isAlive(trunkId: string, target: SipAddress | null = null): boolean {
    const probes = this.#watched.get(trunkId)?.probes ?? [];
    const asked = target === null ? probes : probes.filter((probe) => isSame(probe.target, target));
    return asked.length === 0 || asked.some(({ state }) => state.alive);
  }

  /** A call to it got no answer: it is asked at once. */
  callFailed(trunkId: string, target: SipAddress): void {
    for (const probe of this.#watched.get(trunkId)?.probes ?? [])
      if (isSame(probe.target, target)) probe.callFailed();
  }

  health(trunk: OutwardTrunk): TrunkHealth {
    const watched = this.#watched.get(trunk.id);
    const { registrationSeconds } = trunk.outward;
    const registration = watched?.registration;
    return {
      alive: this.isAlive(trunk.id),
      targets: (watched?.probes ?? []).map(({ target, state }) => ({
        ...target,
        alive: state.alive,
        failures: state.failures,
      })),
      registration: {
        phase:
          registrationSeconds === null
            ? 'none'
            : (registration?.state.phase ?? (this.#registers ? 'stopped' : 'elsewhere')),
        validUntilMs: registration?.state.validUntilMs ?? null,
        fault: registration?.fault ?? null,
      },
    };
  }

  /** Trunks that do not answer, and registrations of this node that do not stand. */
  get counts(): { readonly dead: number; readonly unregistered: number } {
    const all = [...this.#watched.values()];
    return {
      dead: all.filter(({ trunk }) => !this.isAlive(trunk.id)).length,
      unregistered: all.filter(({ registration }) => registration && registration.state.validUntilMs === null)
        .length,
    };
  }

  get #holderId(): string {
    return `registrar-${this.parts.nodeId}`;
  }

  #look(): void {
    // One look at a time: on a slow database they would pile up.
    this.#looking ??= this.#lookOnce()
      .catch((error: unknown) => this.parts.log.warn('trunks could not be looked at', { error }))
      .finally(() => {
        this.#looking = null;
      });
  }

  async #lookOnce(): Promise<void> {
    const { database, isConnected } = this.parts;
    if (!isConnected()) return this.#giveUpRegistering();
    const trunks = await outwardTrunks(database.read);
    const marks = await outwardPasswordMarks(database.read);
    const wanted = new Map(
      trunks.map((trunk) => [
        trunk.id,
        { trunk, mark: JSON.stringify([trunk.outward, marks.get(trunk.id) ?? null]) },
      ]),
    );
    for (const [id, one] of this.#watched)
      if (wanted.get(id)?.mark !== one.mark) {
        this.#watched.delete(id);
        await this.#end(one);
      }
    for (const [id, { trunk, mark }] of wanted)
      if (!this.#watched.has(id)) this.#watched.set(id, this.#begin(trunk, mark));
    await this.#registerOrNot();
  }

  #begin(trunk: OutwardTrunk, mark: string): Watched {
    const { outward } = trunk;
    const probes = outward.probes
      ? outward.targets.map(
          (target) =>
            new TargetProbe({ ...this.parts, onChange: () => this.#onProbe(trunk, target) }, trunk, target),
        )
      : [];
    for (const probe of probes) probe.start();
    return { trunk, mark, probes, registration: null };
  }

  async #end({ probes, registration }: Watched): Promise<void> {
    for (const probe of probes) probe.stop();
    await registration?.stop();
  }

  /** Takes or keeps the right to register, if any trunk wants it, and begins what does not run. */
  async #registerOrNot(): Promise<void> {
    const registering = [...this.#watched.values()].filter(
      ({ trunk }) => trunk.outward.registrationSeconds !== null,
    );
    if (registering.length === 0 || !(await this.#mayRegister())) return this.#giveUpRegistering();
    for (const watched of registering) {
      if (watched.registration) continue;
      const auth = outwardAuth(watched.trunk);
      if (!auth) continue;
      watched.registration = this.#registrationOf(watched.trunk, auth);
      watched.registration.start();
    }
  }

  #registrationOf(trunk: OutwardTrunk, auth: NonNullable<ReturnType<typeof outwardAuth>>): TrunkRegistration {
    const { log } = this.parts;
    return new TrunkRegistration(
      {
        ...this.parts,
        answerChallenge: async (challenge) => (await trunkAnswers(this.parts, trunk, auth))(challenge),
        onFault: (fault) => {
          log.warn('a registration at a carrier failed', { trunkId: trunk.id, fault });
          this.#alert('trunk-registration-failed', trunk, { fault });
        },
        onRecovered: () => {
          log.info('registered at a carrier again', { trunkId: trunk.id });
          this.#alert('trunk-registered', trunk, {});
        },
      },
      trunk,
      auth,
    );
  }

  async #mayRegister(): Promise<boolean> {
    const { database, clock, nodeId } = this.parts;
    const nowMs = clock.nowMs();
    const holderIds = [this.#holderId];
    if (
      this.#registers &&
      (await renewLeases(database, { nodeId, holderIds, nowMs, leaseMs: REGISTRAR_LEASE_MS })) > 0
    )
      return true;
    try {
      await database.write((sql) =>
        takeLeases(sql, {
          holderId: this.#holderId,
          nodeId,
          wishes: [{ scope: REGISTRAR_SCOPE, limit: 1 }],
          nowMs,
          leaseMs: REGISTRAR_LEASE_MS,
        }),
      );
      this.#registers = true;
      return true;
    } catch (error) {
      if (error instanceof LimitReached) return false;
      throw error;
    }
  }

  /** Another node registers, or this one cannot: what stands here is taken out. */
  async #giveUpRegistering(): Promise<void> {
    const held = this.#registers;
    this.#registers = false;
    for (const watched of this.#watched.values()) {
      const { registration } = watched;
      watched.registration = null;
      await registration?.stop();
    }
    if (held) await this.parts.database.write((sql) => releaseLeases(sql, this.#holderId, [REGISTRAR_SCOPE]));
  }

  /** Tells of a trunk when its last target died, or its first lives again. */
  #onProbe(trunk: OutwardTrunk, target: SipAddress): void {
    const living = (this.#watched.get(trunk.id)?.probes ?? []).filter(({ state }) => state.alive).length;
    const isTargetAlive = this.isAlive(trunk.id, target);
    this.parts.log.info(isTargetAlive ? 'a trunk answers again' : 'a trunk does not answer', {
      trunkId: trunk.id,
      host: target.host,
    });
    if (living === 0) this.#alert('trunk-down', trunk, {});
    else if (isTargetAlive && living === 1) this.#alert('trunk-up', trunk, {});
  }

  #alert(kind: string, trunk: OutwardTrunk, facts: Readonly<Record<string, string>>): void {
    const { database, clock, nodeId, log } = this.parts;
    const nowMs = clock.nowMs();
    const details = { trunkId: trunk.id, trunk: trunk.name, nodeId, ...facts };
    database
      .write((sql) => raiseHouseAlert(sql, { id: newId(nowMs), kind, details, raisedAtMs: nowMs }))
      .catch((error: unknown) => log.error('an alert could not be raised', { kind, error }));
  }
}

function isSame(left: SipAddress, right: SipAddress): boolean {
  return left.host === right.host && left.port === right.port;
}
