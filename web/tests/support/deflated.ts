// Archives that ZIP itself deflated.

import { deflateRawSync } from "node:zlib";
import { crc32 } from "../../src/zip/crc32.ts";
import { type Entry, zip } from "../browser/support/zip.ts";

/** Returns an archive with these entries, deflated. Each checksum and length is right. */
export function deflatedZip(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const archive = new Uint8Array(zip(entries.map(({ name, content }) => ({ name, content: deflateRawSync(content) }))));
  const view = new DataView(archive.buffer);
  let local = 0;
  let central = view.getUint32(archive.length - 6, true);
  for (const { content } of entries) {
    const storedSize = view.getUint32(local + 18, true);
    const nameBytes = view.getUint16(local + 26, true);
    for (const at of [local + 8, central + 10]) {
      view.setUint16(at, 8, true);
      view.setUint32(at + 6, crc32(content), true);
      view.setUint32(at + 14, content.length, true);
    }
    local += 30 + nameBytes + storedSize;
    central += 46 + nameBytes;
  }
  return archive;
}
