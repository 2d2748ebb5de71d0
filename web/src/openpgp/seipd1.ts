// SEIPD packets of version 1 (RFC 9580, section 5.13.1): AES in CFB mode, and a hash at the end.

import { cfb } from "@noble/ciphers/aes.js";
import { type Bytes, equal, sha1 } from "../bytes/bytes.ts";
import { altered, truncated, unsupported } from "../fault.ts";
import { BLOCK } from "../ciphers/aes_block.ts";
import { type SessionKey, KEY_LENGTH, cipherName } from "./session_key.ts";

/** The random block and two octets of it again, before the content. */
const PREFIX = BLOCK + 2;
/** The modification detection code: a packet header of two octets, and a SHA-1 hash. */
const MDC = 22;

/** What is decrypted between two looks at whether somebody has cancelled. */
const PIECE = 4 * 1024 * 1024;

export class Seipd1 {
  readonly #sealed: Bytes;

  /** Takes the packet's body, which begins with its version. */
  constructor(body: Bytes) {
    this.#sealed = body.subarray(1);
    if (this.#sealed.length < PREFIX + MDC) throw truncated();
  }

  /** The first octets of the encrypted data, by which an index names a message. */
  id(): Bytes {
    return this.#sealed.slice(0, 32);
  }

  /**
   * Opens all of it with a session key; `undefined` if the hash at its end is wrong, which a wrong key
   * and altered octets cause alike. Nothing is authentic before that.
   */
  async open(key: SessionKey, onProgress: (octets: number) => void): Promise<Bytes | undefined> {
    const { cipher } = key;
    if (cipher === undefined) throw altered();
    if (KEY_LENGTH[cipher] === undefined) throw unsupported(cipherName(cipher), "open it with `callseal cat`");
    if (KEY_LENGTH[cipher] !== key.octets.length) return undefined;
    // The octets stay for another key until one fits: what is decrypted goes elsewhere.
    const plain = new Uint8Array(this.#sealed.length);
    let iv: Bytes = new Uint8Array(BLOCK);
    for (let at = 0; at < plain.length; at += PIECE) {
      const piece = this.#sealed.subarray(at, at + PIECE);
      plain.set(cfb(key.octets, iv).decrypt(piece), at);
      iv = piece.slice(-BLOCK);
      onProgress(piece.length);
      if (at === 0 && !this.#looksRight(plain)) return undefined;
      // Lets a cancelling message in.
      await pause();
    }
    // The hash covers the prefix, the content and the header of the hash itself.
    const hash = await sha1(plain.subarray(0, plain.length - 20));
    const [tag, length] = plain.subarray(plain.length - MDC);
    const isRight = tag === 0xd3 && length === 0x14 && equal(hash, plain.subarray(plain.length - 20));
    return isRight ? plain.subarray(PREFIX, plain.length - MDC) : undefined;
  }

  /** The repeated octets show a wrong key at once. An altered one is found by the hash. */
  #looksRight(plain: Bytes): boolean {
    return plain[BLOCK - 2] === plain[BLOCK] && plain[BLOCK - 1] === plain[BLOCK + 1];
  }
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve));
