// Ogg files of silence (RFC 3533, RFC 7845), page by page.

export const [CONTINUED, FIRST, LAST] = [1, 2, 4];

/** Returns a page of whole packets, or of `parts` of 255 octets of one that goes on. Nothing here reads its checksum. */
export function page(serial: number, sequence: number, flags: number, packets: readonly Uint8Array[], parts = 0): Buffer {
  const lacing = [...packets.flatMap(({ length }) => [...Array<number>(Math.floor(length / 255)).fill(255), length % 255]), ...Array<number>(parts).fill(255)];
  const header = Buffer.alloc(27);
  header.write("OggS", "latin1");
  header.writeUInt8(flags, 5);
  header.writeUInt32LE(serial, 14);
  header.writeUInt32LE(sequence, 18);
  header.writeUInt8(lacing.length, 26);
  return Buffer.concat([header, Buffer.from(lacing), ...packets, Buffer.alloc(255 * parts)]);
}

export const HEAD = Buffer.from("OpusHead\x01\x01\x00\x00\x80\xbb\x00\x00\x00\x00\x00", "latin1");
export const TAGS = Buffer.concat([Buffer.from("OpusTags"), Buffer.alloc(8)]);
/** 20 ms. */
export const SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);

/** Returns the pages of a stream: two of headers, and so many of a second. */
export function silence(serial: number, seconds: number): Buffer[] {
  const second = Array<Buffer>(50).fill(SILENCE);
  const sound = Array.from({ length: seconds }, (_, i) => {
    const made = page(serial, i + 2, i === seconds - 1 ? LAST : 0, second);
    made.writeBigInt64LE(BigInt((i + 1) * 48_000), 6);
    return made;
  });
  return [page(serial, 0, FIRST, [HEAD]), page(serial, 1, 0, [TAGS]), ...sound];
}

/** First pages of one stream, again and again, whose packet goes on to the end of the file. */
export function endlessHeaders(pages: number): Buffer {
  const first = page(7, 0, FIRST, [], 8);
  HEAD.copy(first, 27 + 8);
  return Buffer.concat([...Array<Buffer>(pages).fill(first), page(7, 1, CONTINUED, [Buffer.alloc(5), TAGS, SILENCE])]);
}
