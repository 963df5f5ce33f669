import { learningPackets, SourceLock } from './source-lock';

function lockFor(address = '192.0.2.1', port = 4_000): SourceLock {
  const lock = new SourceLock();
  lock.expect({ address, port });
  return lock;
}

describe('whose RTP a leg takes', () => {
  it('locks to the address in the SDP at its first packet', () => {
    const lock = lockFor();
    expect(lock.admits('192.0.2.1', 4_000)).toBe(true);
    expect(lock.isLocked).toBe(true);
  });

  it('sends to the address in the SDP until it knows better', () => {
    expect(lockFor().target).toEqual({ address: '192.0.2.1', port: 4_000 });
  });

  it('learns another source only after five packets', () => {
    const lock = lockFor();
    const admitted = Array.from({ length: learningPackets }, () => lock.admits('198.51.100.7', 9_000));
    expect(admitted).toEqual([false, false, false, false, true]);
    expect(lock.target).toEqual({ address: '198.51.100.7', port: 9_000 });
  });

  it('drops and counts an injector after locking', () => {
    const lock = lockFor();
    lock.admits('192.0.2.1', 4_000);
    for (let packet = 0; packet < 1_000; packet += 1)
      expect(lock.admits('203.0.113.66', 1_024 + packet)).toBe(false);
    expect(lock.dropped).toBe(1_000);
    expect(lock.target).toEqual({ address: '192.0.2.1', port: 4_000 });
  });

  it('drops the right host on a wrong port after locking', () => {
    const lock = lockFor();
    lock.admits('192.0.2.1', 4_000);
    expect(lock.admits('192.0.2.1', 4_002)).toBe(false);
  });

  it('is not confused by an injector that sprays before the peer speaks', () => {
    const lock = lockFor();
    for (let packet = 0; packet < 4; packet += 1) lock.admits('203.0.113.66', 5_000);
    expect(lock.admits('192.0.2.1', 4_000)).toBe(true);
    expect(lock.admits('203.0.113.66', 5_000)).toBe(false);
  });

  it('goes back to the address in the SDP even when a stranger was learned first', () => {
    const lock = lockFor();
    for (let packet = 0; packet < 10; packet += 1) lock.admits('203.0.113.66', 5_000);
    expect(lock.admits('192.0.2.1', 4_000)).toBe(true);
    expect(lock.target).toEqual({ address: '192.0.2.1', port: 4_000 });
    expect(lock.admits('203.0.113.66', 5_000)).toBe(false);
  });

  it('prefers another port of the same host to a foreign host', () => {
    const lock = lockFor();
    lock.admits('203.0.113.66', 5_000);
    for (let packet = 0; packet < learningPackets; packet += 1) lock.admits('192.0.2.1', 7_777);
    expect(lock.target).toEqual({ address: '192.0.2.1', port: 7_777 });
  });

  it('learns anew after a new SDP', () => {
    const lock = lockFor();
    lock.admits('192.0.2.1', 4_000);
    lock.expect({ address: '192.0.2.9', port: 6_000 });
    expect(lock.target).toEqual({ address: '192.0.2.9', port: 6_000 });
    expect(lock.admits('192.0.2.1', 4_000)).toBe(false);
    expect(lock.admits('192.0.2.9', 6_000)).toBe(true);
  });

  it('takes nothing before an SDP named anybody', () => {
    const lock = new SourceLock();
    for (let packet = 0; packet < 20; packet += 1) expect(lock.admits('192.0.2.1', 4_000)).toBe(false);
    expect(lock.target).toBeUndefined();
  });
});
