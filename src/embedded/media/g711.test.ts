import { decodeG711, decodeTables, encodeG711, encodeTables, silenceBytes } from './g711';

/** Values from the tables of ITU-T G.711: byte, sample scaled to 16 bits. */
const known: readonly (readonly ['PCMU' | 'PCMA', number, number])[] = [
  ['PCMU', 0x00, -32_124],
  ['PCMU', 0x80, 32_124],
  ['PCMU', 0xff, 0],
  ['PCMU', 0x7f, 0],
  ['PCMU', 0xf0, 120],
  ['PCMA', 0xd5, 8],
  ['PCMA', 0x55, -8],
  ['PCMA', 0xaa, 32_256],
  ['PCMA', 0x2a, -32_256],
];

describe('G.711', () => {
  it.each(known)('decodes %s byte %i to %i as the ITU table says', (codec, byte, sample) => {
    expect(decodeTables[codec][byte]).toBe(sample + 0);
  });

  it.each(['PCMU', 'PCMA'] as const)('gives every %s byte back after decoding and encoding', (codec) => {
    for (let byte = 0; byte < 256; byte += 1) {
      // Mu-law has two zeros, which encode to one of them.
      if (codec === 'PCMU' && byte === 0x7f) continue;
      const sample = decodeTables[codec][byte] as number;
      expect(encodeTables[codec][sample & 0xffff]).toBe(byte);
    }
  });

  it.each(['PCMU', 'PCMA'] as const)('keeps every sample within the %s quantising step', (codec) => {
    for (let sample = -32_768; sample <= 32_767; sample += 7) {
      const back = decodeTables[codec][encodeTables[codec][sample & 0xffff] as number] as number;
      expect(Math.abs(back - sample)).toBeLessThanOrEqual(
        Math.max(16, Math.abs(sample) / 16) + (Math.abs(sample) > 32_124 ? 700 : 0),
      );
    }
  });

  it('decodes the silence bytes to almost nothing', () => {
    expect(Math.abs(decodeG711('PCMU', Uint8Array.of(silenceBytes.PCMU))[0] as number)).toBe(0);
    expect(Math.abs(decodeG711('PCMA', Uint8Array.of(silenceBytes.PCMA))[0] as number)).toBeLessThanOrEqual(
      8,
    );
  });

  it('encodes into the middle of a packet and leaves the rest alone', () => {
    const packet = new Uint8Array(6).fill(1);
    encodeG711(encodeTables.PCMU, Int16Array.of(0, 0), packet, 2);
    expect([...packet]).toEqual([1, 1, 0xff, 0xff, 1, 1]);
  });
});
