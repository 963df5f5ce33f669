import { Baresip } from './baresip';
import { eventually, type TestService } from './service';

/** A telephone answers by itself, or when it is told to. */
export type Answers = 'auto' | 'manual';

/** The baresip telephones of a story's accounts. */
export class BaresipPhones {
  readonly #phones: Baresip[] = [];

  constructor(private readonly service: TestService) {}

  /** A new account with a registered telephone. */
  async user(toneHz: number, answers: Answers, credit?: string) {
    const account = await this.service.account(credit);
    return { ...account, phone: await this.ofAccount(account.accountId, toneHz, answers) };
  }

  /** A further registered telephone of an account. */
  async ofAccount(accountId: string, toneHz: number, answers: Answers): Promise<Baresip> {
    const { service } = this;
    const account = { ...(await service.device(accountId)), sipPort: service.sipPort, answers };
    const phone = await Baresip.start(toneHz, { account });
    this.#phones.push(phone);
    return phone;
  }

  stop(): Promise<unknown> {
    return Promise.all(this.#phones.splice(0).map((phone) => phone.stop()));
  }

  /** To be called after each story: nobody is left on the line. */
  async clear(): Promise<void> {
    await this.stop();
    await eventually(10_000, async () => (await this.service.liveCalls()) === 0);
  }
}
