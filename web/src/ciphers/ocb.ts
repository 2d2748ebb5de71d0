// Decryption in OCB mode (RFC 7253) with AES, on WebCrypto's AES in CBC mode.
//
// OCB decrypts each block by itself: P = D(C xor offset) xor offset. CBC decrypts each block by
// itself as well, and then combines it with the block before: D(X) xor X'. So CBC over all blocks
// `C xor offset`, whose predecessors are known, yields what OCB needs, in the browser's own code.

import { altered } from "../fault.ts";
import { type Bytes, equal } from "../bytes/bytes.ts";
import { BLOCK, blockCipher } from "./aes_block.ts";

export const OCB_TAG = 16;

/** The longest offset that is needed for 4 MiB and more: 2^24 blocks. */
const DOUBLINGS = 25;

export class Ocb {
  readonly #encrypt: (block: Uint8Array) => Bytes;
  readonly #cbc: CryptoKey;
  /** L_*, L_$ and L_0, L_1 … (RFC 7253, section 4.1), as four words each. */
  readonly #star: Bytes;
  readonly #dollar: Bytes;
  readonly #doubled: readonly Uint32Array[];

  private constructor(encrypt: (block: Uint8Array) => Bytes, cbc: CryptoKey) {
    this.#encrypt = encrypt;
    this.#cbc = cbc;
    this.#star = encrypt(new Uint8Array(BLOCK));
    this.#dollar = doubled(this.#star);
    const all: Uint32Array[] = [];
    let last = this.#dollar;
    for (let i = 0; i < DOUBLINGS; i++) {
      last = doubled(last);
      all.push(new Uint32Array(last.slice().buffer));
    }
    this.#doubled = all;
  }

  static async of(key: Bytes): Promise<Ocb> {
    const cbc = await crypto.subtle.importKey("raw", key, "AES-CBC", false, ["decrypt"]);
    return new Ocb(blockCipher(key), cbc);
  }

  /**
   * Opens one chunk.
   *
   * @param sealed The ciphertext, followed by the tag of 16 octets.
   * @throws A fault if the tag is wrong: nothing is returned then.
   */
  async open(nonce: Uint8Array, associated: Uint8Array, sealed: Bytes): Promise<Bytes> {
    const length = sealed.length - OCB_TAG;
    if (length < 0) throw altered();
    const whole = length >>> 4;
    const offset = this.#firstOffset(nonce);
    const plain = new Uint8Array(length);
    const checksum = new Uint32Array(4);
    if (whole > 0) {
      const blocks = await this.#blocks(sealed.subarray(0, whole * BLOCK), offset, checksum);
      plain.set(blocks);
    }
    const offsetOctets = new Uint8Array(offset.buffer);
    const checksumOctets = new Uint8Array(checksum.buffer);
    const left = length - whole * BLOCK;
    if (left > 0) {
      xorInto(offsetOctets, this.#star);
      const pad = this.#encrypt(offsetOctets);
      for (let i = 0; i < left; i++) {
        const octet = sealed[whole * BLOCK + i]! ^ pad[i]!;
        plain[whole * BLOCK + i] = octet;
        checksumOctets[i]! ^= octet;
      }
      checksumOctets[left]! ^= 0x80;
    }
    xorInto(checksumOctets, offsetOctets);
    xorInto(checksumOctets, this.#dollar);
    const tag = this.#encrypt(checksumOctets);
    xorInto(tag, this.#hash(associated));
    if (!equal(tag, sealed.subarray(length))) {
      plain.fill(0);
      throw altered();
    }
    return plain;
  }

  /** Decrypts whole blocks, and moves `offset` and `checksum` on past them. */
  async #blocks(octets: Bytes, offset: Uint32Array<ArrayBuffer>, checksum: Uint32Array<ArrayBuffer>): Promise<Bytes> {
    const count = octets.length >>> 4;
    // One block more makes the padding of CBC right.
    const input = new Uint8Array(octets.length + BLOCK);
    input.set(octets);
    const words = new Uint32Array(input.buffer);
    // What each decrypted block is still combined with: its offset and the block before it.
    const masks = new Uint32Array(count * 4);
    let [o0, o1, o2, o3] = offset as unknown as [number, number, number, number];
    let [p0, p1, p2, p3] = [0, 0, 0, 0];
    for (let block = 1, at = 0; block <= count; block++, at += 4) {
      const l = this.#doubled[trailingZeros(block)]!;
      o0 ^= l[0]!;
      o1 ^= l[1]!;
      o2 ^= l[2]!;
      o3 ^= l[3]!;
      masks[at] = p0 ^ o0;
      masks[at + 1] = p1 ^ o1;
      masks[at + 2] = p2 ^ o2;
      masks[at + 3] = p3 ^ o3;
      words[at] = p0 = words[at]! ^ o0;
      words[at + 1] = p1 = words[at + 1]! ^ o1;
      words[at + 2] = p2 = words[at + 2]! ^ o2;
      words[at + 3] = p3 = words[at + 3]! ^ o3;
    }
    offset.set([o0, o1, o2, o3]);
    // 16 octets of the value 16 (PKCS#7), once CBC has combined them with the last block.
    const padding = input.slice(octets.length - BLOCK, octets.length);
    for (let i = 0; i < BLOCK; i++) padding[i]! ^= BLOCK;
    input.set(this.#encrypt(padding), octets.length);
    const iv = new Uint8Array(BLOCK);
    const plain = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-CBC", iv }, this.#cbc, input));
    const plainWords = new Uint32Array(plain.buffer);
    let [c0, c1, c2, c3] = [0, 0, 0, 0];
    for (let at = 0; at < masks.length; at += 4) {
      c0 ^= plainWords[at] = plainWords[at]! ^ masks[at]!;
      c1 ^= plainWords[at + 1] = plainWords[at + 1]! ^ masks[at + 1]!;
      c2 ^= plainWords[at + 2] = plainWords[at + 2]! ^ masks[at + 2]!;
      c3 ^= plainWords[at + 3] = plainWords[at + 3]! ^ masks[at + 3]!;
    }
    checksum.set([c0, c1, c2, c3]);
    return plain;
  }

  /** RFC 7253, section 4.2: the offset that a nonce of at most 15 octets begins with. */
  #firstOffset(nonce: Uint8Array): Uint32Array<ArrayBuffer> {
    const block = new Uint8Array(BLOCK);
    block.set(nonce, BLOCK - nonce.length);
    // The tag's 128 bits are 0 in the first seven bits.
    block[BLOCK - 1 - nonce.length]! |= 1;
    const bottom = block[BLOCK - 1]! & 63;
    block[BLOCK - 1]! &= 0xc0;
    const top = this.#encrypt(block);
    const stretch = new Uint8Array(BLOCK + 8);
    stretch.set(top);
    for (let i = 0; i < 8; i++) stretch[BLOCK + i] = top[i]! ^ top[i + 1]!;
    const offset = new Uint8Array(BLOCK);
    const [octets, bits] = [bottom >> 3, bottom & 7];
    for (let i = 0; i < BLOCK; i++) {
      offset[i] = (stretch[octets + i]! << bits) | (stretch[octets + i + 1]! >> (8 - bits));
    }
    return new Uint32Array(offset.buffer);
  }

  /** HASH of RFC 7253, section 4.1. */
  #hash(associated: Uint8Array): Bytes {
    const sum = new Uint8Array(BLOCK);
    const offset = new Uint8Array(BLOCK);
    let at = 0;
    for (let block = 1; at + BLOCK <= associated.length; block++, at += BLOCK) {
      const l = this.#doubled[trailingZeros(block)]!;
      xorInto(offset, new Uint8Array(l.buffer as ArrayBuffer));
      const input = associated.slice(at, at + BLOCK);
      xorInto(input, offset);
      xorInto(sum, this.#encrypt(input));
    }
    if (at < associated.length) {
      xorInto(offset, this.#star);
      const input = new Uint8Array(BLOCK);
      input.set(associated.subarray(at));
      input[associated.length - at] = 0x80;
      xorInto(input, offset);
      xorInto(sum, this.#encrypt(input));
    }
    return sum;
  }
}

const trailingZeros = (value: number) => 31 - Math.clz32(value & -value);

function xorInto(target: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i]! ^= other[i]!;
}

/** Doubles in the field of 2^128 elements (RFC 7253, section 2). */
function doubled(block: Uint8Array): Bytes {
  const out = new Uint8Array(BLOCK);
  for (let i = 0; i < BLOCK; i++) out[i] = (block[i]! << 1) | ((block[i + 1] ?? 0) >> 7);
  if (block[0]! & 0x80) out[BLOCK - 1]! ^= 0x87;
  return out;
}
