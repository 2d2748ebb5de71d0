// CRC-32 (APPNOTE 4.4.7), eight octets at a time.

const tables = makeTables();

function makeTables(): Uint32Array[] {
  const first = new Uint32Array(256);
  for (let octet = 0; octet < 256; octet++) {
    let value = octet;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    first[octet] = value;
  }
  const all = [first];
  for (let number = 1; number < 8; number++) {
    const before = all[number - 1]!;
    all.push(before.map((value) => first[value & 255]! ^ (value >>> 8)));
  }
  return all;
}

/** Returns the CRC-32 of octets. */
export function crc32(octets: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  let crc = 0xffffffff;
  let at = 0;
  for (; at + 8 <= octets.length; at += 8) {
    const low = view.getUint32(at, true) ^ crc;
    const high = view.getUint32(at + 4, true);
    crc =
      t7[low & 255]! ^ t6[(low >>> 8) & 255]! ^ t5[(low >>> 16) & 255]! ^ t4[low >>> 24]! ^
      t3[high & 255]! ^ t2[(high >>> 8) & 255]! ^ t1[(high >>> 16) & 255]! ^ t0[high >>> 24]!;
  }
  for (; at < octets.length; at++) crc = t0[(crc ^ octets[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
