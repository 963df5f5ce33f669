import { BridgeWatch } from './bridge-watch';

const event = (headers: Record<string, string>) => (name: string) => headers[name];
const bridge = event({
  'Event-Name': 'CHANNEL_BRIDGE',
  'Bridge-A-Unique-ID': 'a',
  'Bridge-B-Unique-ID': 'b',
});
const park = event({ 'Event-Name': 'CHANNEL_PARK', 'Unique-ID': 'a' });

/** Whether the leg has settled once `events` have come after the command. */
async function settles(
  legId: string,
  state: 'joined' | 'parked',
  ...events: (typeof park)[]
): Promise<boolean> {
  const watch = new BridgeWatch();
  let settled = false;
  void watch.after(legId, state, async () => undefined).then(() => (settled = true));
  for (const one of events) watch.take(one);
  await new Promise(setImmediate);
  return settled;
}

describe('a leg has settled', () => {
  it('in a bridge for both halves, in a park for itself', async () => {
    expect(await Promise.all([settles('a', 'joined', bridge), settles('b', 'joined', bridge)])).toEqual([
      true,
      true,
    ]);
    expect(await settles('a', 'parked', park)).toBe(true);
  });

  it('not by what happens to others, or by something else', async () => {
    expect(await settles('b', 'parked', park)).toBe(false);
    expect(await settles('a', 'parked', bridge)).toBe(false);
    expect(await settles('c', 'joined', bridge)).toBe(false);
    expect(
      await settles('a', 'joined', event({ 'Event-Name': 'CHANNEL_UNBRIDGE', 'Bridge-A-Unique-ID': 'a' })),
    ).toBe(false);
  });

  it('by an event that comes before the reply to the command, and not when the command fails', async () => {
    const watch = new BridgeWatch();
    await watch.after('a', 'joined', async () => watch.take(bridge));
    await expect(watch.after('a', 'joined', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
