// From authentic plaintext to the file in it: compressed and literal packets.

import { type Bytes, decodeUtf8 } from "../bytes/bytes.ts";
import { inflate } from "../bytes/inflate.ts";
import { malformed, truncated, unsupported } from "../fault.ts";
import { Packets, Tag, tagName } from "./packets.ts";

export interface Literal {
  /** The name that is sealed with the file. */
  readonly name: Bytes;
  /** Seconds since 1970; `undefined` if it isn't said. */
  readonly date: number | undefined;
  readonly content: Bytes;
}

/**
 * Finds the file. Signatures around it are passed over: what they prove needs a signer, whom nobody named here.
 *
 * @param most The most octets that it may decompress to.
 */
export async function readLiteral(plaintext: Bytes, most: number): Promise<Literal> {
  const packets = new Packets(plaintext);
  const { tag, body } = nextContent(packets);
  expectEnd(packets);
  if (tag === Tag.LiteralData) return parseLiteral(body);
  const inside = new Packets(await inflated(body, most));
  const content = nextContent(inside);
  if (content.tag !== Tag.LiteralData) throw malformed("compressed data inside of compressed data");
  expectEnd(inside);
  return parseLiteral(content.body);
}

function nextContent(packets: Packets): { tag: number; body: Bytes } {
  for (let header = packets.header(); header !== undefined; header = packets.header()) {
    const body = packets.body(header);
    if (header.tag === Tag.LiteralData || header.tag === Tag.CompressedData) return { tag: header.tag, body };
    if (!isPassedOver(header.tag)) throw malformed(`an unexpected ${tagName(header.tag)}`);
  }
  throw malformed("it holds no file");
}

function expectEnd(packets: Packets): void {
  for (let header = packets.header(); header !== undefined; header = packets.header()) {
    packets.body(header);
    if (!isPassedOver(header.tag)) throw malformed(`an unexpected ${tagName(header.tag)}`);
  }
}

function isPassedOver(tag: number): boolean {
  return tag === Tag.OnePassSignature || tag === Tag.Signature || tag === Tag.Marker || tag === Tag.Padding;
}

/** RFC 9580, section 9.4. */
async function inflated(body: Bytes, most: number): Promise<Bytes> {
  const data = body.slice(1);
  switch (body[0]) {
    case undefined:
      throw truncated();
    case 0:
      return data;
    case 1:
      return inflate("deflate-raw", data, most);
    case 2:
      return inflate("deflate", data, most);
    case 3:
      throw unsupported("bzip2", "open it with `callseal cat`");
    default:
      throw unsupported(`the compression ${body[0]}`);
  }
}

/** RFC 9580, section 5.9. */
function parseLiteral(body: Bytes): Literal {
  const nameLength = body[1];
  if (nameLength === undefined || body.length < 6 + nameLength) throw truncated();
  const date = new DataView(body.buffer, body.byteOffset).getUint32(2 + nameLength);
  const content = body.subarray(6 + nameLength);
  // The lines of text end with CR LF while it is sealed.
  const isText = body[0] === 0x74 || body[0] === 0x75;
  return {
    name: body.slice(2, 2 + nameLength),
    date: date === 0 ? undefined : date,
    content: isText ? withNativeLines(content) : content,
  };
}

function withNativeLines(text: Bytes): Bytes {
  let length = 0;
  const lines = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    if (text[at] === 13 && text[at + 1] === 10) continue;
    lines[length++] = text[at]!;
  }
  return lines.subarray(0, length);
}

const HERE = "./";
const HASH_NAME = /^sha256:[0-9a-fA-F]{64}$/;

/** Returns whether a literal name belongs to the member of that path. `hashOf` hashes it. */
export async function fits(name: Bytes, path: string, hashOf: (path: string) => Promise<string>): Promise<boolean> {
  const literal = decodeUtf8(name);
  if (literal === "" || literal === "_CONSOLE") return true;
  if (literal === undefined) return false;
  if (HASH_NAME.test(literal)) return literal === `sha256:${await hashOf(path)}`;
  if (literal.includes("/")) return (literal.startsWith(HERE) ? literal.slice(HERE.length) : literal) === path;
  return literal === path.slice(path.lastIndexOf("/") + 1);
}

/** Returns whether a literal name that fits is that of one path, and of no other one. */
export function binds(name: Bytes): boolean {
  const literal = decodeUtf8(name);
  return literal !== undefined && (literal.includes("/") || HASH_NAME.test(literal));
}

/** Returns the path that a literal name states, if it is one that callseal writes. It may be unsafe. */
export function pathOf(name: Bytes): string | undefined {
  const literal = decodeUtf8(name);
  if (literal === undefined || !literal.includes("/")) return undefined;
  return literal.startsWith(HERE) ? literal.slice(HERE.length) : literal;
}
