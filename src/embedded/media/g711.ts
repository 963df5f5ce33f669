/** The two codecs every telephone speaks: RFC 3551 static payload types 0 and 8, 8,000 samples a second. */
export type G711Codec = 'PCMU' | 'PCMA';

const muLawBias = 0x84;
const muLawClip = 32_635;

function decodeMuLawByte(byte: number): number {
  const inverted = ~byte & 0xff;
  const exponent = (inverted >> 4) & 7;
  const magnitude = ((((inverted & 0x0f) << 3) + muLawBias) << exponent) - muLawBias;
  return inverted & 0x80 ? -magnitude : magnitude;
}

function encodeMuLawSample(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), muLawClip) + muLawBias;
  let exponent = 7;
  while (exponent > 0 && (magnitude & (0x80 << exponent)) === 0) exponent -= 1;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

function decodeALawByte(byte: number): number {
  const toggled = byte ^ 0x55;
  const exponent = (toggled >> 4) & 7;
  const mantissa = (toggled & 0x0f) << 4;
  const magnitude = exponent === 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1);
  return toggled & 0x80 ? magnitude : -magnitude;
}

function encodeALawSample(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  const magnitude = Math.min(sample >= 0 ? sample : -sample - 1, 32_767);
  let exponent = 7;
  while (exponent > 0 && magnitude < 0x80 << exponent) exponent -= 1;
  const mantissa = (magnitude >> (exponent === 0 ? 4 : exponent + 3)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

function decodingTable(decode: (byte: number) => number): Int16Array {
  return Int16Array.from({ length: 256 }, (_, byte) => decode(byte));
}

/** Indexed by the sample's low 16 bits, so that the tick path needs no sign test. */
function encodingTable(encode: (sample: number) => number): Uint8Array {
  return Uint8Array.from({ length: 65_536 }, (_, index) => encode(index < 32_768 ? index : index - 65_536));
}

/** Byte to 16-bit sample (ITU-T G.711). */
export const decodeTables: Readonly<Record<G711Codec, Int16Array>> = {
  PCMU: decodingTable(decodeMuLawByte),
  PCMA: decodingTable(decodeALawByte),
};

/** 16-bit sample `& 0xffff` to byte (ITU-T G.711). */
export const encodeTables: Readonly<Record<G711Codec, Uint8Array>> = {
  PCMU: encodingTable(encodeMuLawSample),
  PCMA: encodingTable(encodeALawSample),
};

/** The byte each codec sends for silence. */
export const silenceBytes: Readonly<Record<G711Codec, number>> = { PCMU: 0xff, PCMA: 0xd5 };

/** Encodes `samples` by one of `encodeTables` into `into` from `offset` on. Allocates nothing. */
export function encodeG711(table: Uint8Array, samples: Int16Array, into: Uint8Array, offset: number): void {
  for (let at = 0; at < samples.length; at += 1) {
    into[offset + at] = table[(samples[at] as number) & 0xffff] as number;
  }
}

/** Decodes G.711 bytes to samples, one for each byte. */
export function decodeG711(codec: G711Codec, bytes: Uint8Array): Int16Array {
  const table = decodeTables[codec];
  const samples = new Int16Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) samples[at] = table[bytes[at] as number] as number;
  return samples;
}
