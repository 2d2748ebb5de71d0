// The packets of MP3 and AAC follow one another in the file. The demuxers pass over what is none, or
// end there in silence.
import { afterTags, isTrailer, textAt } from "./tags.ts";

/** An MP3 frame without sound, which says how many follow, at a place that depends on its channels. */
const INFO_FRAME = /^\xff.{12}(.{8}(.{15})?)?(Xing|Info)/s;
const MOST_INFO_FRAME = 4096;

export class Succession {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #end: number | undefined;
  #longest = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  /** Says what the packet is: the next one, none but a part of a tag, or one after a gap. */
  add(packet: Uint8Array): "next" | "tag" | "gap" {
    const start = packet.byteOffset - this.#bytes.byteOffset;
    if (this.#end !== undefined && start !== this.#end) {
      const end = afterTags(this.#bytes, this.#end);
      // Frames of MP3 may be an octet too short.
      if (start < end - 1) return "tag";
      if (start > end && !isInfoFrame(this.#bytes, end, start)) return "gap";
    }
    this.#end = start + packet.length;
    this.#longest = Math.max(this.#longest, packet.length);
    return "next";
  }

  /** Whether the file ends with the packets and their tags, or with a packet that is cut off. */
  get isWhole(): boolean {
    const end = this.#end ?? 0;
    return isTrailer(this.#bytes, end) || this.#bytes.length - afterTags(this.#bytes, end) <= this.#longest;
  }
}

function isInfoFrame(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean {
  const frame = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  return frame.byteLength <= MOST_INFO_FRAME && INFO_FRAME.test(textAt(frame, 0, Math.min(40, frame.byteLength)));
}
