// ITU-T G.711 as the recommendation's tables give it, by segments: 13 and 14 bits, aligned to 16.

/** Tables 1a and 1b: A-law, whose even bits are inverted on the line. */
export function alawToLinear(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = bits & 15;
  const value = segment === 0 ? 2 * step + 1 : (2 * step + 33) * 2 ** (segment - 1);
  return 8 * (bits & 0x80 ? value : -value);
}

/** Tables 2a and 2b: mu-law, all of whose bits are inverted on the line. */
export function mulawToLinear(code: number): number {
  const bits = ~code & 0xff;
  const segment = (bits >> 4) & 7;
  const value = (2 * (bits & 15) + 33) * 2 ** segment - 33;
  return 4 * (bits & 0x80 ? -value : value);
}
