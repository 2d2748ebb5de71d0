// The pages of an Ogg file (RFC 3533), before the demuxer reads them. It follows any claim to the
// end of the file, and ends in silence where it finds no page.
import type { Cut } from "./messages.ts";
import { isTrailer } from "./tags.ts";
import { UndecodableError } from "./undecodable.ts";

const HEADER_SIZE = 27;
const OGGS = 0x4f67_6753;
const [CONTINUED, FIRST, LAST] = [1, 2, 4];

const MOST_STREAMS = 8;
/** Opus has two, Vorbis three. Pictures may be in them. */
const HEADER_PACKETS = 3;
const MOST_HEADERS = 1 << 20;
/** Sound comes in some kilobytes, and the demuxer copies each packet. */
const MOST_PACKET = 1 << 20;

interface Page {
  readonly flags: number;
  readonly serial: number;
  readonly sequence: number;
  /** The sizes of its parts. A packet ends with one below 255. */
  readonly lacing: Uint8Array;
  readonly end: number;
}

/** Returns the page that begins there, if a whole one does. */
function pageAt(bytes: Uint8Array<ArrayBuffer>, at: number): Page | undefined {
  if (at + HEADER_SIZE > bytes.length) return undefined;
  const header = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER_SIZE);
  if (header.getUint32(0) !== OGGS || header.getUint8(4) !== 0) return undefined;
  const body = at + HEADER_SIZE + header.getUint8(26);
  const lacing = bytes.subarray(at + HEADER_SIZE, body);
  const end = lacing.reduce((sum, size) => sum + size, body);
  if (end > bytes.length) return undefined;
  return { flags: header.getUint8(5), serial: header.getUint32(14, true), sequence: header.getUint32(18, true), lacing, end };
}

class Stream {
  #sequence: number;
  #packets = 0;
  #isInPacket = false;
  #size = 0;
  #isOver = false;
  headers = 0;

  constructor(first: Page) {
    this.#sequence = first.sequence;
  }

  /** Returns whether the page is the next one of the stream. */
  add({ flags, sequence, lacing }: Page): boolean {
    // Who records a broadcast has its headers, and then pages from the middle.
    const isNext = sequence === this.#sequence || this.#packets <= HEADER_PACKETS;
    if (this.#isOver || !isNext || ((flags & CONTINUED) !== 0) !== this.#isInPacket) return false;
    for (const size of lacing) {
      // The demuxer ends at an empty packet.
      if (size === 0 && !this.#isInPacket) return false;
      this.#size = (this.#isInPacket ? this.#size : 0) + size;
      if (this.#packets < HEADER_PACKETS) this.headers += size;
      else if (this.#size > MOST_PACKET) return false;
      this.#isInPacket = size === 255;
      if (!this.#isInPacket) this.#packets++;
    }
    this.#sequence = (sequence + 1) >>> 0;
    this.#isOver = (flags & LAST) !== 0;
    return true;
  }
}

export function isOgg(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === OGGS;
}

/** Returns where the pages of the first streams end, and what is wrong with what follows. */
export function walkPages(bytes: Uint8Array<ArrayBuffer>): { readonly end: number; readonly cut: Cut | undefined } {
  const streams = new Map<number, Stream>();
  let isInData = false;
  let at = 0;
  let end = 0;
  for (let page; (page = pageAt(bytes, at)); at = page.end) {
    if ((page.flags & FIRST) === 0) isInData = true;
    else if (isInData) return { end, cut: "another stream" };
    else begin(streams, page);
    if (!streams.get(page.serial)?.add(page)) return { end, cut: "damaged" };
    if ([...streams.values()].reduce((sum, { headers }) => sum + headers, 0) > MOST_HEADERS) {
      throw new UndecodableError("its headers are too large");
    }
    // A page without packets may be the last one, and the demuxer fails there.
    if (page.lacing.length > 0) end = page.end;
  }
  return { end, cut: isTrailer(bytes, at) ? undefined : "damaged" };
}

function begin(streams: Map<number, Stream>, page: Page): void {
  if (streams.has(page.serial)) throw new UndecodableError("it is damaged");
  if (streams.size === MOST_STREAMS) throw new UndecodableError("it has too many streams");
  streams.set(page.serial, new Stream(page));
}
