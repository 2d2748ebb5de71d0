// Archives of the attacker's making: every checksum and length is right.

import { crc32 } from "../../../src/zip/crc32.ts";

export interface Entry {
  readonly name: string | Uint8Array;
  readonly content: Uint8Array;
}

/** Returns a ZIP archive with stored entries, in the ZIP64 form if there are many. */
export function zip(entries: readonly Entry[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of entries) {
    const stored = typeof name === "string" ? Buffer.from(name) : Buffer.from(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(10, 0);
    fields.writeUInt16LE(0x0800, 2);
    fields.writeUInt16LE((2026 - 1980) * 512 + 3 * 32 + 14, 8);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(content.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(stored.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), fields, stored, content]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x3f\x03", "latin1"), fields, place, stored]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  const count = Math.min(entries.length, 0xffff);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  const wide = count < 0xffff ? [] : [zip64End(entries.length, central.length, offset)];
  return Buffer.concat([...parts, central, ...wide, end]);
}

/** The ZIP64 end record and its locator (APPNOTE 4.3.14, 4.3.15). */
function zip64End(count: number, size: number, offset: number): Buffer {
  const record = Buffer.alloc(76);
  record.write("PK\x06\x06", "latin1");
  record.writeUInt32LE(44, 4);
  record.writeUInt32LE(count, 24);
  record.writeUInt32LE(count, 32);
  record.writeUInt32LE(size, 40);
  record.writeUInt32LE(offset, 48);
  record.write("PK\x06\x07", 56, "latin1");
  record.writeUInt32LE(offset + size, 64);
  record.writeUInt32LE(1, 72);
  return record;
}
