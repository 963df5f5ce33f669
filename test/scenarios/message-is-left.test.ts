import { sleep, systemClock } from '../../src/kernel/clock';
import { e164 } from '../../src/kernel/phone-number';
import { assignDid } from '../../src/numbers/assign-did';
import { FREE_TERMS } from '../../src/numbers/did';
import { addDid } from '../../src/numbers/dids-store';
import { changeHandling } from '../../src/phones/call-handling';
import { attachmentOf, headerOf, MailServer } from '../support/mail-server';
import { Guest, RoomStage } from '../support/room-stage';
import { eventually } from '../support/service';
import { toneAmplitude } from '../support/tone-amplitude';

jest.setTimeout(120_000);

/** A tone that no prompt has. */
const CALLER_HZ = 3_650;
const HEARD = 1_000;
const OWNER = 'owner@example.org';
const CREDENTIALS = { user: 'house', pass: 'a password of ours' };

type Listed = {
  readonly voicemails: readonly {
    readonly id: string;
    readonly cdrId: string;
    readonly fromNumber: string | null;
    readonly seconds: number;
    readonly heardAtMs: number | null;
  }[];
};

let nextNumber = 100;

describe('a caller leaves a message when nobody answers', () => {
  let stage: RoomStage;
  let mails: MailServer;
  beforeAll(async () => {
    mails = await MailServer.start(CREDENTIALS);
    const url = new URL(mails.url);
    url.username = CREDENTIALS.user;
    url.password = CREDENTIALS.pass;
    stage = await RoomStage.open(34_400, { SMTP_URL: url.href, MAIL_FROM: 'voicemail@voip.example' });
    await stage.service.database.write((sql) => sql.run('UPDATE trunks SET trusts_caller_id = 1'));
  });
  afterAll(async () => {
    await stage.close();
    await mails.stop();
  });

  /** An account without telephones that takes messages, and the number that it is called by from outside. */
  async function absentUser(language: string) {
    const { accountId } = await stage.service.account();
    const number = e164(`+3225551${nextNumber++}`);
    const nowMs = systemClock.nowMs();
    await addDid(stage.service.database, number, FREE_TERMS, nowMs);
    await stage.service.database.write(async (sql) => {
      await sql.run('UPDATE accounts SET language = ? WHERE id = ?', [language, accountId]);
      await assignDid(sql, { number, target: { kind: 'user', accountId }, ownerAccountId: accountId, nowMs });
      await changeHandling(sql, accountId, { voicemailTo: OWNER }, nowMs);
    });
    return { accountId, number };
  }

  async function dial(to: string, from = '+4930555001'): Promise<Guest> {
    const call = await stage.phone.dial({
      to,
      from,
      sipHost: '127.0.0.1',
      sipPort: stage.service.sipPort,
    });
    return new Guest(call, from);
  }

  const listed = async (accountId: string) =>
    (await stage.get<Listed>(`/accounts/${accountId}/voicemails`)).voicemails;
  const cdrOf = async (number: string) => {
    const find = async () =>
      (await stage.service.cdrs()).find(({ dialledNumber }) => dialledNumber === number);
    await eventually(15_000, async () => (await find()) !== undefined);
    return find();
  };

  it('hears the account’s language and the beep, speaks to the key, and the owner gets his voice by mail', async () => {
    const { accountId, number } = await absentUser('fr');
    const caller = await dial(number);
    await caller.hears('leave-message');
    await caller.hears('in-fr');
    await caller.hears('beep');
    caller.call.sendTone(CALLER_HZ);
    await sleep(systemClock, 3_000);
    await caller.press('#');
    await caller.hears('message-saved');
    await eventually(20_000, () => mails.mails.length === 1);
    const [message, ...more] = await listed(accountId);
    expect(more).toEqual([]);
    expect(message).toMatchObject({ fromNumber: '+4930555001', heardAtMs: null });
    const [mail] = mails.mails.splice(0);
    if (!mail || !message) throw new Error('no mail');
    expect(mail.to).toEqual([OWNER]);
    expect(headerOf(mail, 'Subject')).toBe('Message vocal de +4930555001');
    const sound = attachmentOf(mail);
    expect(toneAmplitude(samples(sound), CALLER_HZ)).toBeGreaterThan(HEARD);
    expect((await stage.download(`/voicemails/${message.id}/audio.wav`)).equals(sound)).toBe(true);
    const cdr = await cdrOf(number);
    expect(cdr).toMatchObject({
      cdrId: message.cdrId,
      result: 'voicemail',
      endedBy: 'house',
      sipStatus: 200,
    });
    const heard = await stage.request('PATCH', `/voicemails/${message.id}`, { heard: true });
    expect(heard.json).toMatchObject({ id: message.id, heardAtMs: expect.any(Number) });
    expect((await stage.request('DELETE', `/voicemails/${message.id}`)).status).toBe(200);
    expect(await listed(accountId)).toEqual([]);
  });

  it('may hang up instead of pressing a key, and his message is kept', async () => {
    const { accountId, number } = await absentUser('en');
    const caller = await dial(number);
    await caller.hears('beep');
    caller.call.sendTone(CALLER_HZ);
    await sleep(systemClock, 3_000);
    await caller.call.hangUp();
    await eventually(20_000, () => mails.mails.length === 1);
    expect((await listed(accountId)).map(({ seconds }) => seconds)).toEqual([expect.any(Number)]);
    const [mail] = mails.mails.splice(0);
    expect(mail && toneAmplitude(samples(attachmentOf(mail)), CALLER_HZ)).toBeGreaterThan(HEARD);
    expect(await cdrOf(number)).toMatchObject({ result: 'voicemail', endedBy: 'caller' });
  });

  it('who says nothing leaves none, and is not waited for', async () => {
    const { accountId, number } = await absentUser('en');
    const caller = await dial(number);
    await caller.hears('beep');
    await caller.hears('goodbye');
    expect(await cdrOf(number)).toMatchObject({ result: 'voicemail', endedBy: 'house' });
    expect(await listed(accountId)).toEqual([]);
    expect(mails.mails).toEqual([]);
  });

  it('a message that was under way when the service died is kept by the next start', async () => {
    const { accountId, number } = await absentUser('en');
    const caller = await dial(number);
    await caller.hears('beep');
    caller.call.sendTone(CALLER_HZ);
    await sleep(systemClock, 4_000);
    await stage.service.kill();
    caller.call.vanish();
    await stage.service.startProcess();
    await eventually(40_000, async () => (await listed(accountId)).length === 1);
    await eventually(20_000, () => mails.mails.length === 1);
    expect(mails.mails.map(({ to }) => to)).toEqual([[OWNER]]);
    expect((await listed(accountId))[0]?.fromNumber).toBe('+4930555001');
  });
});

/** The samples of a WAV of ours. */
function samples(wav: Buffer): Int16Array {
  const body = wav.subarray(44);
  return Int16Array.from({ length: Math.floor(body.length / 2) }, (_, n) => body.readInt16LE(n * 2));
}
