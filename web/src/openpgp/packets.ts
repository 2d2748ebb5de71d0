// OpenPGP packets (RFC 9580, section 4.2), in octets that are in memory as a whole.

import { type Bytes } from "../bytes/bytes.ts";
import { Fault, malformed, truncated } from "../fault.ts";

/** The tags of packets (RFC 9580, section 5). */
export const Tag = {
  PKESK: 1,
  Signature: 2,
  SKESK: 3,
  OnePassSignature: 4,
  CompressedData: 8,
  SED: 9,
  Marker: 10,
  LiteralData: 11,
  SEIPD: 18,
  AED: 20,
  Padding: 21,
} as const;

const names: Record<number, string> = Object.fromEntries(Object.entries(Tag).map(([name, tag]) => [tag, name]));

/** Returns a tag's name for messages. */
export const tagName = (tag: number) => names[tag] ?? `packet of type ${tag}`;

/** A packet of which nothing but the header was read. */
export interface Header {
  readonly tag: number;
  /** Where its first length stands; what follows it is the body, or its first part. */
  readonly length: Length;
}

type Length =
  | { readonly kind: "last"; readonly octets: number }
  | { readonly kind: "part"; readonly octets: number }
  /** To the end of what it is in (legacy format alone). */
  | { readonly kind: "indeterminate" };

/** Reads packets one after the other. */
export class Packets {
  readonly #octets: Bytes;
  #at: number;
  readonly #end: number;

  constructor(octets: Bytes, at = 0, end = octets.length) {
    this.#octets = octets;
    this.#at = at;
    this.#end = end;
  }

  get at(): number {
    return this.#at;
  }

  /** What is left. */
  rest(): Bytes {
    return this.#octets.subarray(this.#at, this.#end);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** Reads the next header; `undefined` at the end. */
  header(): Header | undefined {
    if (this.isAtEnd) return undefined;
    const octet = this.#u8();
    if (!(octet & 0x80)) throw new Fault("malformed", "it is not an OpenPGP message");
    if (octet & 0x40) return { tag: octet & 0x3f, length: this.#length() };
    // RFC 9580, section 4.2.2: the legacy format.
    const tag = (octet >> 2) & 0x0f;
    const kind = octet & 3;
    if (kind === 3) return { tag, length: { kind: "indeterminate" } };
    let octets = 0;
    for (let i = 0; i < 1 << kind; i++) octets = octets * 256 + this.#u8();
    return { tag, length: { kind: "last", octets } };
  }

  /**
   * Reads the body of the packet whose header was read last. The parts of a body are moved together
   * in place: what is in front of `at` can't be read again.
   */
  body(header: Header): Bytes {
    let { length } = header;
    const start = this.#at;
    if (length.kind === "indeterminate") {
      this.#at = this.#end;
      return this.#octets.subarray(start, this.#end);
    }
    let end = start;
    for (;;) {
      if (length.kind === "indeterminate") throw malformed("a length within a packet");
      const from = this.#take(length.octets);
      if (end !== from) this.#octets.copyWithin(end, from, this.#at);
      end += length.octets;
      if (length.kind === "last") return this.#octets.subarray(start, end);
      length = this.#length();
    }
  }

  /** Passes over the body of the packet whose header was read last. */
  skip(header: Header): void {
    let { length } = header;
    for (;;) {
      if (length.kind === "indeterminate") this.#at = this.#end;
      else this.#take(length.octets);
      if (length.kind !== "part") return;
      length = this.#length();
    }
  }

  /** RFC 9580, section 4.2.1. */
  #length(): Length {
    const first = this.#u8();
    if (first < 192) return { kind: "last", octets: first };
    if (first < 224) return { kind: "last", octets: (first - 192) * 256 + this.#u8() + 192 };
    if (first < 255) return { kind: "part", octets: 2 ** (first & 0x1f) };
    let octets = 0;
    for (let i = 0; i < 4; i++) octets = octets * 256 + this.#u8();
    return { kind: "last", octets };
  }

  #u8(): number {
    return this.#octets[this.#take(1)]!;
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw truncated();
    this.#at = start + length;
    return start;
  }
}

/** Checks a packet that means nothing: a marker, which holds `PGP`, or padding. Anything could hide in others. */
export function checkMeaningless(header: Header, body: Uint8Array): void {
  const isRight = header.tag === Tag.Marker
    ? body.length === 3 && body[0] === 0x50 && body[1] === 0x47 && body[2] === 0x50
    : header.length.kind !== "indeterminate";
  if (!isRight) throw malformed(`an invalid ${tagName(header.tag)}`);
}
