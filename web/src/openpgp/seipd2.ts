// SEIPD packets of version 2 (RFC 9580, section 5.13.2): authenticated chunks.

import { altered, malformed, truncated, unsupported } from "../fault.ts";
import { type Bytes, concat } from "../bytes/bytes.ts";
import { Ocb } from "../ciphers/ocb.ts";
import { type SessionKey, KEY_LENGTH, cipherName } from "./session_key.ts";

const SALT = 32;
const TAG = 16;
/** 4 MiB, the largest that readers must support. */
const MOST_CHUNK_OCTET = 16;
const OCB = 2;
const GCM = 3;

/** Chunks that are decrypted at the same time: WebCrypto uses threads of its own. */
const AT_ONCE = 4;

type Open = (nonce: Bytes, associated: Bytes, sealed: Bytes) => Promise<Bytes>;

/** The parameters and the chunks of a packet. */
export class Seipd2 {
  readonly cipher: number;
  readonly salt: Bytes;
  readonly #mode: number;
  readonly #chunk: number;
  readonly #parameters: Bytes;
  readonly #sealed: Bytes;

  /** Takes the packet's body, which begins with its version. */
  constructor(body: Bytes) {
    if (body.length < 4 + SALT + TAG) throw truncated();
    const [, cipher, mode, chunkOctet] = body as unknown as [number, number, number, number];
    this.cipher = cipher;
    this.#mode = mode;
    if (KEY_LENGTH[cipher] === undefined || (mode !== OCB && mode !== GCM)) {
      throw unsupported(`${cipherName(cipher)} with ${mode === 1 ? "EAX" : `the mode ${mode}`}`);
    }
    if (chunkOctet > MOST_CHUNK_OCTET) throw malformed("chunks of more than 4 MiB");
    this.#chunk = 2 ** (chunkOctet + 6);
    // The packet's tag octet, version, cipher, mode and chunk size.
    this.#parameters = concat(Uint8Array.of(0xd2), body.subarray(0, 4));
    this.salt = body.slice(4, 4 + SALT);
    this.#sealed = body.subarray(4 + SALT);
  }

  /** The salt, by which an index names a message. */
  id(): Bytes {
    return this.salt;
  }

  /**
   * Opens all of it with a session key; `undefined` if that isn't its session key. The final tag is
   * checked first. It needs no other part of the body, and shows whether the key is right and nothing was cut off.
   *
   * The plaintext takes the place of the sealed octets, and is complete and authentic when this returns.
   */
  async open(key: SessionKey, onProgress: (octets: number) => void): Promise<Bytes | undefined> {
    if (key.octets.length !== KEY_LENGTH[this.cipher]) return undefined;
    const { open, nonce } = await this.#derive(key.octets);
    const sealed = this.#sealed;
    const chunks = Math.ceil((sealed.length - TAG) / (this.#chunk + TAG));
    const plainLength = sealed.length - TAG - chunks * TAG;
    // Each chunk has a tag, so what is too short for one was cut off.
    if (plainLength < 0 || (chunks > 0 && plainLength <= (chunks - 1) * this.#chunk)) throw altered();
    const total = concat(this.#parameters, u64be(plainLength));
    try {
      await open(nonce(chunks), total, sealed.slice(sealed.length - TAG));
    } catch {
      return undefined;
    }
    const plain = sealed.subarray(0, plainLength);
    for (let first = 0; first < chunks; first += AT_ONCE) {
      const count = Math.min(AT_ONCE, chunks - first);
      const parts = await Promise.all(
        Array.from({ length: count }, (_, i) => {
          const start = (first + i) * (this.#chunk + TAG);
          const end = Math.min(start + this.#chunk + TAG, sealed.length - TAG);
          return open(nonce(first + i), this.#parameters, sealed.subarray(start, end));
        }),
      );
      parts.forEach((part, i) => plain.set(part, (first + i) * this.#chunk));
      onProgress(parts.reduce((octets, part) => octets + part.length, 0));
    }
    return plain;
  }

  /** RFC 9580, section 5.13.2: HKDF yields the message's key and the first octets of its nonces. */
  async #derive(sessionKey: Bytes): Promise<{ open: Open; nonce: (chunk: number) => Bytes }> {
    const keyLength = KEY_LENGTH[this.cipher]!;
    const nonceLength = this.#mode === OCB ? 15 : 12;
    const base = await crypto.subtle.importKey("raw", sessionKey, "HKDF", false, ["deriveBits"]);
    const derived = new Uint8Array(
      await crypto.subtle.deriveBits(
        { name: "HKDF", hash: "SHA-256", salt: this.salt, info: this.#parameters },
        base,
        8 * (keyLength + nonceLength - 8),
      ),
    );
    const key = derived.slice(0, keyLength);
    const iv = derived.slice(keyLength);
    const open = this.#mode === OCB ? await openByOcb(key) : await openByGcm(key);
    key.fill(0);
    return { open, nonce: (chunk) => concat(iv, u64be(chunk)) };
  }
}

async function openByOcb(key: Bytes): Promise<Open> {
  // A copy, since the caller wipes its own.
  const ocb = await Ocb.of(key.slice());
  return (nonce, associated, sealed) => ocb.open(nonce, associated, sealed);
}

async function openByGcm(octets: Bytes): Promise<Open> {
  const key = await crypto.subtle.importKey("raw", octets, "AES-GCM", false, ["decrypt"]);
  return async (iv, additionalData, sealed) => {
    try {
      return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, sealed));
    } catch {
      throw altered();
    }
  };
}

function u64be(value: number): Bytes {
  const octets = new Uint8Array(8);
  new DataView(octets.buffer).setBigUint64(0, BigInt(value));
  return octets;
}
