import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeTrunk } from '../../src/trunks/trunks-store';
import { ANSWERS, refuses } from '../support/carriers';
import { eventually } from '../support/service';
import { certify } from '../support/signing-certificates';
import { answer, asked, gets, request, wait } from '../support/sip-flow';
import { endedByHouse, pickUp, ring, speak } from '../support/sipp';
import { DigitEar, makeDigitTones } from '../support/spoken-digits';
import { makeTonePrompts } from '../support/tone-prompts';
import { aNumber, talk, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(60_000);

const RING_MS = 1_200;
/** Rings a while, answers, speaks, and hangs up itself. */
const hangsUpAfter = (ms: number) =>
  [
    ring,
    wait(RING_MS),
    pickUp,
    speak,
    wait(ms),
    request('BYE', {
      outside: true,
      uri: '[$houseUri]',
      from: '<sip:callee@[local_ip]:[local_port]>;tag=[pid]U[call_number]',
      to: '[$houseFrom]',
      cseq: 900,
    }),
    gets(200),
  ].join('\n');
const RINGS_THEN_ANSWERS = [ring, wait(RING_MS), pickUp, speak, endedByHouse()].join('\n');
const RINGS_FOREVER = [
  answer('180 Ringing', { tag: '[pid]U[call_number]' }),
  asked('CANCEL'),
  answer('200 OK'),
].join('\n');

describe('the house calls for an account', () => {
  let stage: TwoPartyStage;
  const folder = mkdtempSync(join(tmpdir(), '123-voip-house-calls-'));
  const promptsDir = makeTonePrompts(join(folder, 'prompts'));
  makeDigitTones(promptsDir, 'en');

  beforeAll(async () => {
    const authority = certify({ subject: 'authority', isAuthority: true });
    const signer = certify({ subject: 'signer', issuer: authority, tnAuthList: [{ spc: '1234' }] });
    writeFileSync(join(folder, 'cert.pem'), signer.pem);
    writeFileSync(join(folder, 'key.pem'), signer.keyPem);
    stage = await TwoPartyStage.open(23_700, {
      PROMPTS_DIR: promptsDir,
      STIR_CERT_FILE: join(folder, 'cert.pem'),
      STIR_KEY_FILE: join(folder, 'key.pem'),
      STIR_CERT_URL: 'https://certificates.example/signer.pem',
    });
  });
  afterAll(async () => {
    await stage.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => stage.clear());

  async function callBack(accountId: string, first: string, second: string): Promise<string> {
    const { status, json } = await stage.rooms.request('POST', `/accounts/${accountId}/call-backs`, {
      first,
      second,
    });
    expect(status).toBe(201);
    return (json as { callId: string }).callId;
  }

  it('both sides of a call-back: the second rings once the first has answered, one call on record, both legs charged', async () => {
    const [first, second] = [aNumber(), aNumber()];
    await stage.carrier(RINGS_THEN_ANSWERS, { name: 'first', outward: { allowPrefixes: [first.slice(1)] } });
    await stage.carrier(hangsUpAfter(1_500), {
      name: 'second',
      outward: { allowPrefixes: [second.slice(1)] },
    });
    const { accountId } = await stage.service.account('5');
    const callId = await callBack(accountId, first, second);
    const [begun] = await stage.legsTo(first, 1);
    const [called] = await stage.legsTo(second, 1);
    for (const leg of [begun, called])
      expect(leg).toMatchObject({
        callId,
        direction: 'outbound',
        accountId,
        payerAccountId: accountId,
        result: 'completed',
      });
    expect(called?.startedAtMs).toBeGreaterThanOrEqual(begun?.answeredAtMs ?? Infinity);
    expect((begun?.answeredAtMs ?? 0) - (begun?.startedAtMs ?? 0)).toBeGreaterThanOrEqual(RING_MS);
    // The second hangs up a second and a half after it picked up, which ends both.
    expect(called?.rating?.charge.amountMicros).toBe(20_000n);
    const seconds = Math.ceil(((begun?.endedAtMs ?? 0) - (begun?.answeredAtMs ?? 0)) / 1_000);
    expect(begun?.rating?.charge.amountMicros).toBe(BigInt(seconds) * 10_000n);
    const { balance, held } = await stage.service.balance(accountId);
    expect(balance.amountMicros).toBe(5_000_000n - 20_000n - BigInt(seconds) * 10_000n);
    expect(held.amountMicros).toBe(0n);
  });

  it('nobody second when the first does not answer, and nobody at all without credit', async () => {
    const [first, second] = [aNumber(), aNumber()];
    await stage.carrier(refuses('486 Busy Here'), {
      name: 'busy first',
      outward: { allowPrefixes: [first.slice(1)] },
    });
    await stage.carrier(ANSWERS, { name: 'unasked', outward: { allowPrefixes: [second.slice(1)] } });
    const { accountId } = await stage.service.account('5');
    const callId = await callBack(accountId, first, second);
    expect((await stage.legsTo(first, 1))[0]).toMatchObject({ callId, result: 'busy' });
    const poor = await stage.service.account('0');
    await callBack(poor.accountId, first, second);
    expect((await stage.legsTo(first, 2))[1]).toMatchObject({ result: 'no-credit', answeredAtMs: null });
    expect(await stage.legsTo(second, 0)).toEqual([]);
  });

  it('the first, who hears why the second cannot be reached, and is let go; one that hangs up meanwhile stops the ringing', async () => {
    const [first, second, third] = [aNumber(), aNumber(), aNumber()];
    const phone = await stage.device({ answers: 'auto' });
    await stage.carrierAt(phone, { name: 'hears', outward: { allowPrefixes: [first.slice(1)] } });
    await stage.carrier(refuses('486 Busy Here'), {
      name: 'busy second',
      outward: { allowPrefixes: [second.slice(1)] },
    });
    await stage.carrier(RINGS_FOREVER, { name: 'rings', outward: { allowPrefixes: [third.slice(1)] } });
    const { accountId } = await stage.service.account('5');
    await callBack(accountId, first, second);
    const heard = await phone.nextCall();
    await eventually(10_000, () => heard.sound.ear.heard.includes('call-back-greeting'));
    await eventually(10_000, () => heard.sound.ear.heard.includes('callee-busy'));
    await heard.whenEnded();
    await callBack(accountId, first, third);
    const impatient = await phone.nextCall();
    await eventually(10_000, () => impatient.sound.ear.heard.includes('ringback'));
    await impatient.hangUp();
    expect((await stage.legsTo(third, 1))[0]).toMatchObject({ result: 'cancelled', answeredAtMs: null });
  });

  it('a number and speaks a code there; who types it shows that number from then on, signed in full', async () => {
    const [own, friend] = [aNumber(), aNumber()];
    const mobile = await stage.device();
    const far = await stage.device();
    await stage.carrierAt(mobile, { name: 'mobile', outward: { allowPrefixes: [own.slice(1)] } });
    const trunk = await stage.carrierAt(far, {
      name: 'friend',
      outward: { allowPrefixes: [friend.slice(1)] },
    });
    const ada = await stage.subscriber('5');
    const proofs = `/accounts/${ada.accountId}/proofs`;
    const before = await ada.phone.dial(friend);
    expect(far.taken[0]?.invitation.header('From')).not.toContain(own);
    await before.hangUp();
    expect((await stage.rooms.request('POST', proofs, { number: own })).status).toBe(201);
    const call = await mobile.nextCall();
    const ear = new DigitEar();
    call.sound.onFrame = (frame) => ear.take(frame);
    await eventually(
      15_000,
      () => call.sound.ear.heard.filter((name) => name === 'your-code-is').length === 3,
    );
    await eventually(10_000, () => ear.heard.length >= 12);
    const code = ear.heard.slice(0, 6);
    expect(ear.heard.slice(6, 12)).toBe(code);
    await call.whenEnded();
    expect((await stage.rooms.request('POST', `${proofs}/confirm`, { number: own, code })).status).toBe(200);
    await stage.rooms.request('PATCH', `/accounts/${ada.accountId}/caller-id`, { number: own });
    const [leg] = await stage.legsTo(own, 1);
    expect(leg).toMatchObject({ result: 'completed', endedBy: 'house', payerAccountId: ada.accountId });
    const shown = await ada.phone.dial(friend);
    const invitation = far.taken[1]?.invitation;
    expect(invitation?.header('From')).toMatch(new RegExp(`^<sip:\\${own}@`));
    expect(invitation?.header('P-Asserted-Identity')).toContain(own);
    const [, claims = ''] = (invitation?.header('Identity') ?? '').split('.');
    const signed = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
    expect(signed).toMatchObject({
      attest: 'A',
      orig: { tn: own.slice(1) },
      dest: { tn: [friend.slice(1)] },
    });
    await shown.hangUp();
    await talk(100);
    await changeTrunk(stage.service.database, trunk.trunkId, { state: 'disabled' });
    expect(stage.service.logLines.join('\n')).not.toContain(code);
  });
});
