// FLAC files of constant blocks (RFC 9639): some octets for each become 65,535 frames.

const BLOCK = 65_535;

/** Returns a file of so many blocks of 8 channels at 8 kHz, each of 8.2 seconds. */
export function constantFlac(blocks: number): Uint8Array {
  const info = Buffer.alloc(34);
  info.writeUInt16BE(BLOCK, 0);
  info.writeUInt16BE(BLOCK, 2);
  // 20 bits of the rate, 3 of the channels less one, 5 of the bits less one; the number of samples is unknown.
  info.writeUIntBE(8000 * 16 + 7 * 2, 10, 3);
  info.writeUInt8(15 << 4, 13);
  const parts: Uint8Array[] = [Buffer.from("fLaC\x80\x00\x00\x22", "latin1"), info];
  for (let number = 0; number < blocks; number++) parts.push(frame(number));
  return Buffer.concat(parts);
}

function frame(number: number): Buffer {
  const header = Buffer.from([0xff, 0xf8, 0x70, 0x78, ...coded(number), (BLOCK - 1) >> 8, (BLOCK - 1) & 0xff]);
  // A constant subframe: its kind, and the one sample.
  const subframes = Array.from({ length: 8 }, () => Buffer.from([0x00, 0x10, 0x00]));
  const body = Buffer.concat([header, Buffer.from([crc(header, 8, 0x07)]), ...subframes]);
  const footer = Buffer.alloc(2);
  footer.writeUInt16BE(crc(body, 16, 0x8005));
  return Buffer.concat([body, footer]);
}

/** A number as UTF-8 writes it. */
function coded(number: number): number[] {
  if (number < 0x80) return [number];
  if (number < 0x800) return [0xc0 | (number >> 6), 0x80 | (number & 0x3f)];
  return [0xe0 | (number >> 12), 0x80 | ((number >> 6) & 0x3f), 0x80 | (number & 0x3f)];
}

function crc(bytes: Uint8Array, width: 8 | 16, polynomial: number): number {
  const top = 1 << (width - 1);
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << (width - 8);
    for (let bit = 0; bit < 8; bit++) sum = ((sum & top) !== 0 ? (sum << 1) ^ polynomial : sum << 1) & (2 * top - 1);
  }
  return sum;
}
