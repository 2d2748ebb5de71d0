// Session keys, and the symmetric ciphers that they are for (RFC 9580, section 9.3).

import { type Bytes, fromHex } from "../bytes/bytes.ts";

export interface SessionKey {
  /** The number of the cipher, if it is said with the key: by PKESKs of version 3, and by an index. */
  readonly cipher: number | undefined;
  readonly octets: Bytes;
}

/** The lengths of the keys of the ciphers that are supported here: AES. */
export const KEY_LENGTH: Readonly<Record<number, number>> = { 7: 16, 8: 24, 9: 32 };

/** Those of all ciphers: an index may list session keys of messages that this page doesn't open. */
const ALL_LENGTHS: Readonly<Record<number, number>> = { ...KEY_LENGTH, 1: 16, 2: 24, 3: 16, 4: 16, 10: 32, 11: 16, 12: 24, 13: 32 };

const NAMES: Readonly<Record<number, string>> = {
  1: "IDEA",
  2: "3DES",
  3: "CAST5",
  4: "Blowfish",
  7: "AES-128",
  8: "AES-192",
  9: "AES-256",
  10: "Twofish",
  11: "Camellia-128",
  12: "Camellia-192",
  13: "Camellia-256",
};

export const cipherName = (cipher: number) => NAMES[cipher] ?? `the cipher ${cipher}`;

/** Reads what `gpg --show-session-key` prints: the cipher's number, a colon and hexadecimal digits. The number is as the program takes it. */
export function parseSessionKey(text: string): SessionKey | undefined {
  const [, number, digits] = /^\+?0*(\d{1,3}):([0-9a-fA-F]+)$/.exec(text) ?? [];
  if (number === undefined || digits === undefined) return undefined;
  const octets = fromHex(digits);
  const cipher = Number(number);
  return octets !== undefined && ALL_LENGTHS[cipher] === octets.length ? { cipher, octets } : undefined;
}
