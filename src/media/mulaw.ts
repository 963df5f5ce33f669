/** Linear value of each µ-law code (ITU-T G.711). */
const LINEAR = Int16Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const exponent = (bits >> 4) & 0x07;
  const magnitude = ((((bits & 0x0f) << 3) + 0x84) << exponent) - 0x84;
  return bits & 0x80 ? -magnitude : magnitude;
});

/** 16-bit little-endian samples of G.711 µ-law bytes. */
export function pcmOfMulaw(mulaw: Buffer): Buffer {
  const pcm = Buffer.allocUnsafe(mulaw.length * 2);
  for (const [index, code] of mulaw.entries()) pcm.writeInt16LE(LINEAR[code] ?? 0, index * 2);
  return pcm;
}
