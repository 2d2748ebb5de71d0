// Elements of BER and DER (X.690), in octets that are in memory as a whole.

import { type Bytes, equal } from "../bytes/bytes.ts";
import { malformed, truncated } from "../fault.ts";

/** Identifier octets. */
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const NULL = 0x05;
export const OID = 0x06;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;
const CONSTRUCTED = 0x20;
/** `[number]`, constructed or not. */
export const context = (number: number, isConstructed = true) => 0x80 | (isConstructed ? CONSTRUCTED : 0) | number;

/** Deeper than anything that is encoded in this way. */
const MOST_DEPTH = 32;

/** The header of an element, and where what follows it begins. */
interface Header {
  readonly tag: number;
  readonly contentStart: number;
  /** `undefined` if the elements in it end with two zeros. */
  readonly length: number | undefined;
}

function readHeader(octets: Bytes, at: number, limit: number): Header {
  if (at + 2 > limit) throw truncated();
  const tag = octets[at]!;
  if ((tag & 0x1f) === 0x1f) throw malformed("an element of an unknown kind");
  const first = octets[at + 1]!;
  let contentStart = at + 2;
  if (first === 0x80) {
    if (!(tag & CONSTRUCTED)) throw malformed("an element without a length");
    return { tag, contentStart, length: undefined };
  }
  let length = first;
  if (first > 0x80) {
    const count = first & 0x7f;
    if (count > 6) throw malformed("an element with a very long length");
    if (contentStart + count > limit) throw truncated();
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + octets[contentStart + i]!;
    contentStart += count;
  }
  return { tag, contentStart, length };
}

/** Returns where the elements of an indefinite length end: at their two zeros. */
function endOfContents(octets: Bytes, start: number, limit: number, depth: number): number {
  if (depth > MOST_DEPTH) throw malformed("it is nested too deeply");
  let at = start;
  for (;;) {
    if (at + 2 > limit) throw truncated();
    if (octets[at] === 0 && octets[at + 1] === 0) return at;
    const { contentStart, length } = readHeader(octets, at, limit);
    at = length === undefined ? endOfContents(octets, contentStart, limit, depth + 1) + 2 : contentStart + length;
    if (at > limit) throw truncated();
  }
}

export class Element {
  readonly #octets: Bytes;
  readonly #start: number;
  readonly #contentStart: number;
  readonly #contentEnd: number;
  readonly #depth: number;
  /** Where what follows it begins. */
  readonly end: number;
  /** The identifier octet. */
  readonly tag: number;

  private constructor(octets: Bytes, tag: number, at: { start: number; contentStart: number; contentEnd: number; end: number }, depth: number) {
    this.#octets = octets;
    this.tag = tag;
    this.#start = at.start;
    this.#contentStart = at.contentStart;
    this.#contentEnd = at.contentEnd;
    this.end = at.end;
    this.#depth = depth;
  }

  /** Reads the element at a place. */
  static read(octets: Bytes, start = 0, limit = octets.length, depth = 0): Element {
    if (depth > MOST_DEPTH) throw malformed("it is nested too deeply");
    const { tag, contentStart, length } = readHeader(octets, start, limit);
    if (tag === 0) throw malformed("an end of what hasn't begun");
    if (length === undefined) {
      const contentEnd = endOfContents(octets, contentStart, limit, depth);
      return new Element(octets, tag, { start, contentStart, contentEnd, end: contentEnd + 2 }, depth);
    }
    const end = contentStart + length;
    if (end > limit) throw truncated();
    return new Element(octets, tag, { start, contentStart, contentEnd: end, end }, depth);
  }

  /** Reads the header of an element of which the rest needn't be there. */
  static begin(octets: Bytes, at: number): Beginning {
    const { tag, contentStart } = readHeader(octets, at, octets.length);
    return new Beginning(tag, contentStart);
  }

  /** Reads octets that consist of one element. */
  static whole(octets: Bytes): Element {
    const element = Element.read(octets);
    if (element.end !== octets.length) throw malformed("something follows it");
    return element;
  }

  get content(): Bytes {
    return this.#octets.subarray(this.#contentStart, this.#contentEnd);
  }

  /** The whole element as it is encoded. */
  get encoded(): Bytes {
    return this.#octets.subarray(this.#start, this.end);
  }

  /** The elements in it. */
  children(): Element[] {
    return [...this.eachChild()];
  }

  /** The same, one after the other: there may be millions. */
  *eachChild(): Generator<Element> {
    if (!(this.tag & CONSTRUCTED)) throw malformed("an element without parts");
    for (let at = this.#contentStart; at < this.#contentEnd; ) {
      const child = Element.read(this.#octets, at, this.#contentEnd, this.#depth + 1);
      yield child;
      at = child.end;
    }
  }

  /** The elements in it, to be taken one after the other. */
  parts(tag?: number): Parts {
    if (tag !== undefined) this.expect(tag);
    return new Parts(this.children());
  }

  expect(tag: number): this {
    if (this.tag !== tag) throw malformed("an unexpected element");
    return this;
  }

  /** Checks all elements in it, however deep; if their headers have a limit, that as well. */
  wellFormed(longestHeader = Infinity): this {
    if (this.#contentStart - this.#start > longestHeader) throw malformed("an element with a very long length");
    if (this.tag & CONSTRUCTED) for (const child of this.eachChild()) child.wellFormed(longestHeader);
    return this;
  }

  /** Whether all lengths are definite, and as short as can be (X.690, section 10.1). */
  isDer(): boolean {
    return equal(this.asDer(), this.encoded);
  }

  /** With definite lengths that are as short as can be. */
  asDer(): Bytes {
    if (!(this.tag & CONSTRUCTED)) return encode(this.tag, this.content);
    return encode(this.tag, ...this.children().map((child) => child.asDer()));
  }

  /** An object identifier with dots. */
  oid(): string {
    const octets = this.expect(OID).content;
    const numbers: number[] = [];
    let number = 0;
    let isFirst = true;
    if (octets.length === 0 || octets.at(-1)! & 0x80) throw malformed("an object identifier");
    for (const octet of octets) {
      // A number has no leading zeros (X.690, section 8.19.2).
      if (isFirst && octet === 0x80) throw malformed("an object identifier");
      isFirst = (octet & 0x80) === 0;
      number = number * 128 + (octet & 0x7f);
      if (number > Number.MAX_SAFE_INTEGER) throw malformed("an object identifier");
      if (octet & 0x80) continue;
      numbers.push(number);
      number = 0;
    }
    const first = numbers.shift()!;
    const arc = Math.min(2, Math.floor(first / 40));
    return [arc, first - 40 * arc, ...numbers].join(".");
  }

  /** The octets of an INTEGER that isn't negative, without a sign octet. */
  unsigned(): Bytes {
    const octets = this.expect(INTEGER).content;
    if (!isShortest(octets)) throw malformed("a number");
    if (octets[0]! & 0x80) throw malformed("a negative number");
    return octets.length > 1 && octets[0] === 0 ? octets.subarray(1) : octets;
  }

  small(): number {
    const octets = this.unsigned();
    if (octets.length > 6) throw malformed("a very large number");
    return octets.reduce((value, octet) => value * 256 + octet, 0);
  }

  /** The octets of a BIT STRING of whole octets. */
  bits(): Bytes {
    const octets = this.expect(BIT_STRING).content;
    if (octets[0] !== 0) throw malformed("a bit string of odd length");
    return octets.subarray(1);
  }

  /**
   * The octets of an OCTET STRING, or of one with another tag. If it consists of several, they are
   * moved together in place.
   */
  octets(tag = OCTET_STRING): Bytes {
    if (this.tag === tag) return this.content;
    this.expect(tag | CONSTRUCTED);
    return this.#octets.subarray(this.#contentStart, this.#gather(this.#contentStart));
  }

  #gather(to: number): number {
    let end = to;
    for (const child of this.eachChild()) {
      if (child.tag === OCTET_STRING) {
        this.#octets.copyWithin(end, child.#contentStart, child.#contentEnd);
        end += child.#contentEnd - child.#contentStart;
      } else {
        end = child.expect(OCTET_STRING | CONSTRUCTED).#gather(end);
      }
    }
    return end;
  }
}

/** The header of an element. */
class Beginning {
  readonly #tag: number;
  /** Where its content begins. */
  readonly start: number;

  constructor(tag: number, start: number) {
    this.#tag = tag;
    this.start = start;
  }

  expect(tag: number): this {
    if (this.#tag !== tag) throw malformed("an unexpected element");
    return this;
  }
}

/** Elements that are taken one after the other. */
export class Parts {
  readonly #elements: readonly Element[];
  #next = 0;

  constructor(elements: readonly Element[]) {
    this.#elements = elements;
  }

  take(tag?: number): Element {
    const element = this.#elements[this.#next];
    if (element === undefined) throw malformed("an element is missing");
    if (tag !== undefined) element.expect(tag);
    this.#next++;
    return element;
  }

  /** Takes the next one if it has one of these tags. */
  takeIf(...tags: readonly number[]): Element | undefined {
    const element = this.#elements[this.#next];
    if (element === undefined || !tags.includes(element.tag)) return undefined;
    this.#next++;
    return element;
  }

  /** Takes the next one, if there is one. */
  takeAny(): Element | undefined {
    return this.#elements[this.#next] && this.#elements[this.#next++];
  }

  end(): void {
    if (this.#next < this.#elements.length) throw malformed("an unexpected element");
  }
}

/** Whether the content of an INTEGER is as short as can be (X.690, section 8.3.2). */
export function isShortest(octets: Uint8Array): boolean {
  const [first, second] = octets;
  return first !== undefined && (second === undefined || first !== (second & 0x80 ? 0xff : 0));
}

/** Encodes an element of a definite length. */
export function encode(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const lengthOctets: number[] = [];
  if (length < 128) lengthOctets.push(length);
  else {
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthOctets.unshift(rest % 256);
    lengthOctets.unshift(0x80 | lengthOctets.length);
  }
  const out = new Uint8Array(1 + lengthOctets.length + length);
  out.set([tag, ...lengthOctets]);
  let at = 1 + lengthOctets.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
