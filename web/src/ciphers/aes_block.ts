// AES of single blocks, which WebCrypto doesn't have.

import { ecb } from "@noble/ciphers/aes.js";
import { type Bytes } from "../bytes/bytes.ts";

export const BLOCK = 16;

/** Returns a function that encrypts one block. */
export function blockCipher(key: Uint8Array): (block: Uint8Array) => Bytes {
  return (block) => ecb(key, { disablePadding: true }).encrypt(block) as Bytes;
}
