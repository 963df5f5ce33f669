import type { FoundCdr } from '../../src/cdr/search-cdrs';
import { changeTrunk } from '../../src/trunks/trunks-store';
import { type Carrier, carrier, TRUNK_KEY } from './carriers';
import { RoomStage } from './room-stage';
import { type DeviceWish, SipDevice } from './sip-device';
import { eventually, type TestService } from './service';

/** 0.60 a minute, by the second: a cent is a second. */
export const BY_SECOND = `prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from
32,Belgium,0.60,0,1,1,0,2020-01-01T00:00:00Z
`;

export const talk = (ms = 1_000) => new Promise((resolve) => setTimeout(resolve, ms));

/** An account with a telephone of the test's own. */
export type Subscriber = { readonly accountId: string; readonly number: string; readonly phone: SipDevice };

let nextNumber = 1_000;
/** A number of its own for each story. */
export const aNumber = () => `+322555${nextNumber++}`;

/** The service with prompts that a test can recognise, accounts with telephones, and carriers. */
export class TwoPartyStage {
  readonly #phones: SipDevice[] = [];
  readonly #carriers: Carrier[] = [];

  private constructor(readonly rooms: RoomStage) {}

  static async open(
    rtpPortMin: number,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<TwoPartyStage> {
    const rooms = await RoomStage.open(rtpPortMin, { TRUNK_KEY, ...settings });
    await rooms.service.importRates(BY_SECOND);
    return new TwoPartyStage(rooms);
  }

  get service(): TestService {
    return this.rooms.service;
  }

  async close(): Promise<void> {
    await this.rooms.close();
  }

  /** To be called after each story: nobody is left on the line. */
  async clear(): Promise<void> {
    for (const phone of this.#phones.splice(0)) phone.close();
    for (const one of this.#carriers.splice(0)) {
      await changeTrunk(this.service.database, one.trunkId, { state: 'disabled' });
      await one.stop();
    }
    await eventually(40_000, async () => (await this.service.liveCalls()) === 0);
  }

  /** An account with credit and a registered telephone. */
  async subscriber(credit: string, toneHz = 0, wish: Partial<DeviceWish> = {}): Promise<Subscriber> {
    const account = await this.service.account(credit);
    return { ...account, phone: await this.telephone(account.accountId, toneHz, wish) };
  }

  /** A further registered telephone of an account. */
  async telephone(accountId: string, toneHz = 0, wish: Partial<DeviceWish> = {}): Promise<SipDevice> {
    const credentials = await this.service.device(accountId);
    const phone = await this.device({ ...credentials, toneHz, ...wish });
    const status = await phone.register();
    if (status !== 200) throw new Error(`registration answered ${status}`);
    return phone;
  }

  /** A device that nobody knows. */
  async device(wish: Partial<DeviceWish> = {}): Promise<SipDevice> {
    const phone = await SipDevice.open({ sipPort: this.service.sipPort, ...wish });
    this.#phones.push(phone);
    return phone;
  }

  /** A carrier that is a SIPp program. */
  async carrier(
    ...[behaviour, trunk]: [behaviour: string, trunk: Parameters<typeof carrier>[2]]
  ): Promise<Carrier> {
    const made = await carrier(this.service, behaviour, trunk);
    this.#carriers.push(made);
    return made;
  }

  /** A carrier whose numbers are this telephone. */
  async carrierAt(phone: SipDevice, trunk: Parameters<typeof carrier>[2]): Promise<Carrier> {
    return this.carrier('', {
      ...trunk,
      outward: { ...trunk.outward, targets: [{ host: phone.host, port: phone.port }] },
    });
  }

  /** Legs to a number in the order in which they began, when there are so many and all are rated. */
  async legsTo(number: string, count: number): Promise<readonly FoundCdr[]> {
    let legs: readonly FoundCdr[] = [];
    await eventually(20_000, async () => {
      legs = (await this.service.cdrs())
        .filter(({ dialledNumber }) => dialledNumber === number)
        .toSorted((left, right) => left.nodeSequence - right.nodeSequence);
      return legs.length >= count && legs.every(({ rating }) => rating !== null);
    }).catch((error: unknown) => {
      throw new Error(`${legs.length} legs to ${number} are rated, not ${count}: ${String(error)}`);
    });
    return legs;
  }
}

/** How long a leg was answered, in ms; 0 when it was not. */
export function talkedMs({ answeredAtMs, endedAtMs }: FoundCdr): number {
  return answeredAtMs === null ? 0 : endedAtMs - answeredAtMs;
}
