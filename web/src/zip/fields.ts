// Reading the little-endian numbers of ZIP records (APPNOTE 4.3).

import { malformed } from "../fault.ts";

/** Reads numbers from the front of some octets, and fails at their end with what is missing. */
export class Fields {
  readonly #octets: Uint8Array;
  readonly #view: DataView;
  readonly #missing: string;
  #at: number;

  constructor(octets: Uint8Array, missing: string, at = 0) {
    this.#octets = octets;
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    this.#missing = missing;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#octets.length - this.#at;
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** No archive that a browser reads has sizes beyond what a number holds exactly. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
  }

  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#octets.subarray(start, start + length);
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#octets.length - start) throw malformed(this.#missing);
    this.#at = start + length;
    return start;
  }
}
