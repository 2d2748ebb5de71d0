// Small operations on octets.

/** Octets in memory that nobody shares. */
export type Bytes = Uint8Array<ArrayBuffer>;

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const utf8 = new TextEncoder();

export const encodeUtf8 = (value: string): Bytes => utf8.encode(value);

/** Returns the text, or `undefined` if the octets aren't UTF-8. */
export function decodeUtf8(octets: Uint8Array): string | undefined {
  try {
    return text.decode(octets);
  } catch {
    return undefined;
  }
}

/** Returns the text with replacement characters where the octets aren't UTF-8. */
export const decodeLossily = (octets: Uint8Array): string => lenient.decode(octets);

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  // Without an early end, so that the time doesn't show where they differ.
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** The order of octets: negative if `a` comes first. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

const digits = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));

/** Returns lower-case hexadecimal digits. */
export function hex(octets: Uint8Array): string {
  let out = "";
  for (const octet of octets) out += digits[octet]!;
  return out;
}

/** Reads hexadecimal digits of any case; `undefined` if there are others, or an odd number. */
export function fromHex(value: string): Bytes | undefined {
  if (value.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(value)) return undefined;
  const octets = new Uint8Array(value.length / 2);
  for (let i = 0; i < octets.length; i++) octets[i] = Number.parseInt(value.slice(2 * i, 2 * i + 2), 16);
  return octets;
}

/** Numbers at a place; `NaN` beyond the end, which no comparison accepts. */
export const u16be = (octets: Uint8Array, at: number) => octets[at]! * 256 + octets[at + 1]!;
export const u32be = (octets: Uint8Array, at: number) => u16be(octets, at) * 65536 + u16be(octets, at + 2);

export async function sha256(octets: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", octets));
}

export async function sha1(octets: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-1", octets));
}
