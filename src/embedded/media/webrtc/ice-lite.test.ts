import { randomBytes } from 'node:crypto';
import { IceLite } from './ice-lite';
import { checkRequest, parseCheck } from './stun';

const browser = { ufrag: 'brow', pwd: 'a'.repeat(22) };
const from = { address: '192.0.2.7', port: 40_000 };
const check = (ice: IceLite, pwd = ice.credentials.pwd, peer = browser.ufrag, use = true) =>
  checkRequest(randomBytes(12), `${ice.credentials.ufrag}:${peer}`, pwd, use);

describe('the lite half of ICE', () => {
  it('answers a signed check with the address it came from, and follows the nomination', () => {
    const ice = new IceLite();
    ice.expect(browser, true);
    const taken = ice.take(check(ice), from, 5);
    expect(taken?.nominated).toBe(true);
    expect(taken?.answer.readUInt16BE(0)).toBe(0x0101);
    // 40000 and 192.0.2.7, each under the magic cookie.
    expect(taken?.answer.subarray(26, 32)).toEqual(Buffer.from([0xbd, 0x52, 0xe1, 0x12, 0xa6, 0x45]));
    expect(ice.isProven(from)).toBe(true);
    expect(ice.lastCheckMs).toBe(5);
    expect(ice.take(check(ice, undefined, undefined, false), from, 6)?.nominated).toBe(false);
  });

  it('says nothing to a wrong password, a wrong name or another peer', () => {
    const ice = new IceLite();
    ice.expect(browser, true);
    expect(ice.take(check(ice, 'wrong'), from, 5)).toBeUndefined();
    expect(ice.take(check(ice, undefined, 'else'), from, 5)).toBeUndefined();
    expect(
      ice.take(checkRequest(randomBytes(12), 'x:brow', ice.credentials.pwd, true), from, 5),
    ).toBeUndefined();
    expect(ice.isProven(from)).toBe(false);
  });

  it('takes new credentials when the peer restarts in an offer, and goes on answering on the old way', () => {
    const ice = new IceLite();
    ice.expect(browser, true);
    const old = check(ice, undefined, undefined, false);
    const before = ice.credentials;
    ice.expect({ ufrag: 'anew', pwd: 'b'.repeat(22) }, true);
    expect(ice.credentials).not.toEqual(before);
    expect(ice.take(old, from, 7)?.nominated).toBe(false);
    expect(ice.take(check(ice, undefined, 'anew'), from, 8)?.nominated).toBe(true);
  });

  it('reads nothing out of what is cut off, too long or no check', () => {
    const whole = check(new IceLite());
    for (let length = 0; length < whole.length - 8; length += 1)
      expect(parseCheck(whole.subarray(0, length))).toBeUndefined();
    for (let at = 0; at < 500; at += 1) {
      const broken = Buffer.from(whole);
      broken[at % broken.length] = (at * 37) & 0xff;
      expect(() => parseCheck(broken)).not.toThrow();
    }
  });
});
