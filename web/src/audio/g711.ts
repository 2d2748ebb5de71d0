// ITU-T G.711: the 8-bit samples of telephony, as floats from -1 to 1.

/** Mu-law. The standard's 14 bits are scaled to 16, as all programs do it. */
export const MU_LAW = table((octet) => {
  const code = ~octet & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return code & 0x80 ? -magnitude : magnitude;
});

/** A-law. Its even bits are inverted on the line; its 13 bits are scaled to 16. */
export const A_LAW = table((octet) => {
  const code = octet ^ 0x55;
  const step = (code & 0x0f) << 4;
  const segment = (code & 0x70) >> 4;
  const magnitude = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return code & 0x80 ? magnitude : -magnitude;
});

function table(linear: (octet: number) => number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, octet) => linear(octet) / 32_768);
}
