// What a signature that was checked requires of what opens after it, and of what had opened before.

import { type Bytes } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";
import { type Expected, type Found, faultOf, found } from "./expected.ts";

export class Required {
  /** What was found in the entries that were opened: a store can send others each time. */
  readonly #seen = new Map<number, Found[]>();
  readonly #hasLists: boolean;
  #expected: ReadonlyMap<number, Expected> | undefined;
  #isRefused = false;

  /** @param hasLists Whether the archive has signatures at all. Else nothing is hashed. */
  constructor(hasLists: boolean) {
    this.#hasLists = hasLists;
  }

  /** Whether a signature holds, so that nothing else opens. */
  get isSigned(): boolean {
    return this.#expected !== undefined;
  }

  /**
   * Lets nothing open any more but what a signature says of the entries, also if nothing opened until now:
   * then another certificate was missing. Nothing is accepted if an entry that was opened before was another
   * one: then these are returned.
   */
  accept(expected: ReadonlyMap<number, Expected>): readonly number[] {
    const others = [...this.#seen].filter(([place, all]) => all.some((one) => faultOf(one, expected.get(place) ?? {}) !== undefined));
    if (others.length === 0) {
      this.#expected = expected;
      this.#isRefused = false;
    }
    return others.map(([place]) => place);
  }

  /** Whether nothing opens any more. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Lets nothing open any more: no signature of a named signer holds. */
  refuse(): void {
    this.#isRefused = true;
  }

  /** Checks an entry that is to be opened. */
  async check(place: number, octets: Bytes): Promise<void> {
    const hashes = this.#hasLists ? await found(octets) : undefined;
    // From here on, nothing comes between the check and the note of what was opened.
    if (this.#isRefused) {
      throw new Fault(
        "not verified",
        "no signature of a signer whose certificate is here holds, so nothing of the archive opens any more",
        "don't trust it, and get it again from whoever signed it. To look at it all the same, close the archive, open it again, and don't verify it",
      );
    }
    if (hashes === undefined) return;
    const fault = this.#expected && faultOf(hashes, this.#expected.get(place) ?? {});
    if (fault !== undefined) throw new Fault("altered", fault, "don't trust it; get the archive again from whoever signed it");
    const seen = this.#seen.get(place) ?? [];
    if (!seen.some(({ entry }) => entry === hashes.entry)) this.#seen.set(place, [...seen, hashes]);
  }
}
