import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anAccount } from '../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { FakeClock } from '../../test/support/fake-clock';
import { attachmentOf, headerOf, MailServer } from '../../test/support/mail-server';
import { listAlerts } from '../alerts/alerts-store';
import { type JobRunner, MAX_ATTEMPTS, startJobRunner } from '../jobs/job-runner';
import { listDeadJobs } from '../jobs/jobs-store';
import { newId } from '../kernel/ids';
import { silentLog } from '../kernel/log';
import { wavHeader } from '../media/wav-header';
import { changeHandling } from '../phones/call-handling';
import { recordingKeys } from '../rooms/recording/recording-keys';
import { deleteVoicemail, forgetVoicemails } from './delete-voicemails';
import { MessageKeeper, spoolName } from './keep-message';
import { mailJobKind, mailRetryDelayMs, mailVoicemail } from './mail-voicemail';
import { mailBySmtp } from './mailer-nodemailer';
import { readSealed, type VoicemailPlace } from './sealed-sound';
import { hasVoice, samplesOf } from './spoken';
import { HEARD_KEPT_MS, UNHEARD_KEPT_MS } from './voicemail';
import { countVoicemails, listVoicemails, markHeard } from './voicemails-store';

const FROM = 'house@voip.example';
const OWNER = 'owner@example.org';

/** Somebody speaks for so long; silence is what a quiet line sends. */
function wav(seconds: number, amplitude = 4_000): Buffer {
  const samples = Buffer.alloc(Math.round(seconds * 8_000) * 2);
  for (let at = 0; at < samples.length; at += 2)
    samples.writeInt16LE(Math.round(amplitude * Math.sin(at / 7)), at);
  return Buffer.concat([wavHeader(samples.length), samples]);
}

describe('samples of a message', () => {
  it.each([
    ['a whole file', wav(2), 32_000],
    [
      'one whose writer died before it wrote the length',
      Buffer.concat([wavHeader(0), wav(2).subarray(44)]),
      32_000,
    ],
    ['one that is cut', wav(2).subarray(0, 44 + 16_001), 16_000],
    ['one that says more than it has', Buffer.concat([wavHeader(99_999), wav(1).subarray(44)]), 16_000],
  ])('are read from %s', (_, file, bytes) => {
    expect(samplesOf(file)?.length).toBe(bytes);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a header without samples', wav(1).subarray(0, 40)],
    ['another format', Buffer.concat([wav(1).subarray(0, 22), Buffer.from([2]), wav(1).subarray(23)])],
    ['something else', Buffer.from('no sound at all, but long enough to be looked at twice')],
  ])('are none of %s', (_, file) => {
    expect(samplesOf(file)).toBeNull();
  });

  it('have a voice, or a quiet line', () => {
    expect(hasVoice(wav(1).subarray(44))).toBe(true);
    expect(hasVoice(wav(10, 50).subarray(44))).toBe(false);
  });
});

describe.each(DIALECTS)('voicemail on %s', (dialect) => {
  let test: TestDatabase;
  let clock: FakeClock;
  let folder: string;
  let place: VoicemailPlace;
  let accountId: string;
  let server: MailServer;
  let runner: JobRunner;
  let keeper: MessageKeeper;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    server = await MailServer.start();
  });
  afterAll(async () => {
    await server.stop();
    await test.drop();
  });
  beforeEach(async () => {
    clock = new FakeClock();
    folder = mkdtempSync(join(tmpdir(), '123-voip-voicemail-'));
    place = { folder: join(folder, 'kept'), nodeId: 'node-1', keys: recordingKeys('cd'.repeat(32)) };
    accountId = (await anAccount(test.database, { credit: '1' })).id;
    await owner({ voicemailTo: OWNER });
    server.mails.length = 0;
    server.refuses = false;
    const { database } = test;
    const parts = { database, place, clock, log: silentLog, from: FROM, houseLanguage: 'en' };
    runner = startJobRunner({
      database,
      clock,
      log: silentLog,
      handlers: {
        [mailJobKind('node-1')]: (job) =>
          mailVoicemail({ ...parts, send: mailBySmtp(server.url, FROM) }, job),
      },
      retryDelayMs: mailRetryDelayMs,
      pollMs: 3_600_000,
    });
    keeper = new MessageKeeper({ ...parts, canMail: true, onKept: () => undefined });
  });
  afterEach(async () => {
    await runner.stop();
    await test.database.write(async (sql) => {
      for (const table of ['voicemails', 'jobs', 'alerts']) await sql.run(`DELETE FROM ${table}`);
    });
    rmSync(folder, { recursive: true, force: true });
  });

  const owner = (change: Parameters<typeof changeHandling>[2]) =>
    test.database.write((sql) => changeHandling(sql, accountId, change, clock.nowMs()));
  const spoken = (content: Buffer, fromNumber: string | null = '+3225550001') => {
    const cdrId = newId(clock.nowMs());
    const file = join(folder, spoolName({ accountId, cdrId, isNumberKnown: false, nowMs: clock.nowMs() }));
    writeFileSync(file, content);
    return { accountId, cdrId, fromNumber, file };
  };
  const messages = () => listVoicemails(test.database.read, { accountId, limit: 10 });
  const counts = async () =>
    (await countVoicemails(test.database.read, [accountId, 'nobody'])).get(accountId);
  /** Lets looks go by until nothing is left over; gives how many were kept. */
  async function leftOverIsKept(betweenLooks: () => void = () => undefined): Promise<number> {
    const kept: number[] = [];
    const keeping = keeper.keepLeftOver(folder).then((count) => {
      kept.push(count);
    });
    while (kept.length === 0) {
      await clock.advance(0);
      betweenLooks();
      await clock.advance(6_000);
    }
    await keeping;
    return kept[0] ?? 0;
  }
  const spool = () => readdirSync(folder).filter((name) => name.endsWith('.wav'));

  it('is kept sealed, mailed with its sound, and leaves the spool', async () => {
    const sound = wav(2.5);
    expect(await keeper.keep(spoken(sound))).toBe(true);
    const [message] = await messages();
    expect(message).toMatchObject({ accountId, fromNumber: '+3225550001', seconds: 3, nodeId: 'node-1' });
    expect(spool()).toEqual([]);
    if (!message) throw new Error('no message');
    expect(readFileSync(join(place.folder, message.soundFile)).includes(sound.subarray(44, 144))).toBe(false);
    expect((await readSealed(place, message)).equals(sound)).toBe(true);
    await runner.idle();
    const [mail, ...more] = server.mails;
    expect(more).toEqual([]);
    if (!mail) throw new Error('no mail');
    expect([mail.from, mail.to]).toEqual([FROM, [OWNER]]);
    expect(headerOf(mail, 'Message-ID')).toBe(`<voicemail-${message.id}@voip.example>`);
    expect(headerOf(mail, 'Subject')).toBe('Voice message from +3225550001');
    expect(headerOf(mail, 'Auto-Submitted')).toBe('auto-generated');
    expect(attachmentOf(mail).equals(sound)).toBe(true);
    expect((await messages())[0]?.mailedAtMs).toBe(clock.nowMs());
  });

  it.each([
    ['shorter than a second', wav(0.9)],
    ['silent', wav(9, 20)],
    ['no sound file', Buffer.from('x')],
  ])('is none when it is %s', async (_, content) => {
    expect(await keeper.keep(spoken(content))).toBe(false);
    expect(await messages()).toEqual([]);
    expect(spool()).toEqual([]);
  });

  it('is none when nothing was recorded', async () => {
    const left = spoken(wav(2));
    rmSync(left.file);
    expect(await keeper.keep(left)).toBe(false);
  });

  it('is kept once, also when it is found in the spool a second time', async () => {
    const left = spoken(wav(2));
    const content = readFileSync(left.file);
    await keeper.keep(left);
    writeFileSync(left.file, content);
    expect(await leftOverIsKept()).toBe(1);
    expect(await messages()).toHaveLength(1);
    expect(spool()).toEqual([]);
  });

  it('that a crash left in the spool is kept by the next run, whatever its header says', async () => {
    spoken(Buffer.concat([wavHeader(0), wav(4).subarray(44)]));
    writeFileSync(join(folder, 'name-of-somebody-else.wav'), wav(1));
    expect(await leftOverIsKept()).toBe(1);
    expect(await messages()).toMatchObject([{ accountId, seconds: 4, fromNumber: null }]);
    expect(spool()).toEqual(['name-of-somebody-else.wav']);
  });

  it('that the media server still writes after a crash is kept when it grows no more', async () => {
    const left = spoken(wav(1));
    let grown = false;
    const kept = leftOverIsKept(() => {
      if (!grown) writeFileSync(left.file, wav(3));
      grown = true;
    });
    expect(await kept).toBe(1);
    expect(await messages()).toMatchObject([{ accountId, seconds: 3 }]);
  });

  it.each([
    ['en', 'Voice message from a withheld number'],
    ['es', 'Mensaje de voz de un número oculto'],
    ['fr', 'Message vocal de un numéro masqué'],
    ['de', 'Sprachnachricht von einer unterdrückten Nummer'],
    ['ar', 'رسالة صوتية من رقم محجوب'],
  ])('is mailed in the language of the account: %s', async (language, subject) => {
    await test.database.write((sql) =>
      sql.run('UPDATE accounts SET language = ? WHERE id = ?', [language, accountId]),
    );
    await keeper.keep(spoken(wav(2), null));
    await runner.idle();
    expect(server.mails.map((mail) => headerOf(mail, 'Subject'))).toEqual([subject]);
  });

  it('is tried again while the mail server refuses, and arrives once', async () => {
    server.refuses = true;
    await keeper.keep(spoken(wav(2)));
    await runner.idle();
    expect((await messages())[0]?.mailedAtMs).toBeNull();
    server.refuses = false;
    await clock.advance(mailRetryDelayMs(1));
    await runner.idle();
    await runner.idle();
    expect(server.mails).toHaveLength(1);
  });

  it('is given up after eight tries: the job is dead, the owner is told, the message stays', async () => {
    server.refuses = true;
    await keeper.keep(spoken(wav(2)));
    await runner.idle();
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
      await clock.advance(mailRetryDelayMs(attempt));
      await runner.idle();
    }
    const [dead] = await listDeadJobs(test.database.read, 10);
    expect(dead?.error).toContain('451');
    const search = { after: null, limit: 10, numbers: 'full', ownerAccountId: accountId } as const;
    const { alerts } = await listAlerts(test.database.read, search);
    expect(alerts.map(({ kind }) => kind)).toEqual(['voicemail-not-mailed']);
    expect(await messages()).toHaveLength(1);
  });

  it('of an owner who takes none any more is not mailed', async () => {
    await keeper.keep(spoken(wav(2)));
    await owner({ voicemailTo: null });
    await runner.idle();
    expect(server.mails).toEqual([]);
    expect(await listDeadJobs(test.database.read, 10)).toEqual([]);
  });

  it('without a mail server is kept, its job waits, and the operator is told once an hour', async () => {
    const parts = { database: test.database, place, clock, log: silentLog };
    const silent = new MessageKeeper({ ...parts, canMail: false, onKept: () => undefined });
    await silent.keep(spoken(wav(2)));
    await silent.keep(spoken(wav(2)));
    const kinds = async () =>
      (await listAlerts(test.database.read, { after: null, limit: 10, numbers: 'full' })).alerts.map(
        ({ kind }) => kind,
      );
    expect(await kinds()).toEqual(['mail-not-set-up']);
    await runner.idle();
    expect(server.mails).toHaveLength(2);
  });

  it('is new until it is marked as heard, and counted so', async () => {
    await keeper.keep(spoken(wav(2)));
    await keeper.keep(spoken(wav(2)));
    const [first] = await messages();
    expect(await counts()).toEqual({ fresh: 2, heard: 0 });
    const mark = (heard: boolean) =>
      test.database.write((sql) => markHeard(sql, first?.id ?? '', { heard, nowMs: clock.nowMs() }));
    const { heardAtMs } = await mark(true);
    await clock.advance(1_000);
    expect((await mark(true)).heardAtMs).toBe(heardAtMs);
    expect(await counts()).toEqual({ fresh: 1, heard: 1 });
    expect((await mark(false)).heardAtMs).toBeNull();
  });

  it('goes with its sound when it is deleted, and on no other node', async () => {
    await keeper.keep(spoken(wav(2)));
    const [message] = await messages();
    const id = message?.id ?? '';
    await expect(deleteVoicemail(test.database, { ...place, nodeId: 'node-2' }, id)).rejects.toThrow(
      'node-1',
    );
    await deleteVoicemail(test.database, place, id);
    expect(await messages()).toEqual([]);
    expect(readdirSync(place.folder)).toEqual([]);
    await expect(deleteVoicemail(test.database, place, id)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is forgotten 30 days after it was heard, and 90 days after it was left', async () => {
    await keeper.keep(spoken(wav(2)));
    await keeper.keep(spoken(wav(2)));
    const [heard] = await messages();
    await test.database.write((sql) =>
      markHeard(sql, heard?.id ?? '', { heard: true, nowMs: clock.nowMs() }),
    );
    const forget = (afterMs: number) =>
      forgetVoicemails({ database: test.database, place, log: silentLog }, clock.nowMs() + afterMs);
    expect(await forget(HEARD_KEPT_MS)).toBe(0);
    expect(await forget(HEARD_KEPT_MS + 1)).toBe(1);
    expect(await forget(UNHEARD_KEPT_MS)).toBe(0);
    expect(await forget(UNHEARD_KEPT_MS + 1)).toBe(1);
    expect(readdirSync(place.folder)).toEqual([]);
  });
});
