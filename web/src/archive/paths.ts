// The paths of members: by their stored names, by the index, or by what is sealed in them.

import { type Bytes, decodeLossily, encodeUtf8, hex, sha256 } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";
import { GRANT_NAME } from "../index/grant.ts";
import { INDEX_NAME, isNumber, isReserved } from "../index/index.ts";
import { binds, fits, pathOf } from "../openpgp/literal.ts";
import { type Entry } from "../zip/entry.ts";
import { pathFault } from "../zip/names.ts";

const AGAIN = "get the archive again from its source; don't trust this one";

export class Paths {
  readonly #entries: readonly Entry[];
  readonly #members: readonly number[];
  /** The name that the index, or a grant, gives a member. */
  readonly #listedName: (place: number) => string | undefined;
  /** The members that were opened under a name from an index or a grant that nothing sealed confirms. */
  readonly #unconfirmed = new Set<number>();
  /** The paths that are sealed with members whose names are hidden, and that were opened without an index. */
  readonly #sealed = new Map<number, string>();
  /** How many members have each path; made when it is needed. */
  #counts: Map<string, number> | undefined;

  constructor(entries: readonly Entry[], members: readonly number[], listedName: (place: number) => string | undefined) {
    this.#entries = entries;
    this.#members = members;
    this.#listedName = listedName;
  }

  /** Other names are listed now. */
  changed(): void {
    this.#counts = undefined;
  }

  /**
   * The members that were opened under a name that nothing sealed confirms: whoever opens the members
   * can make an index, or a grant, and name a member by it. They don't open once a signature holds.
   */
  get unconfirmed(): ReadonlySet<number> {
    return this.#unconfirmed;
  }

  /** Returns the path of an entry; its stored name if that isn't safe. */
  of(place: number): string {
    const entry = this.#entries[place]!;
    return this.#listedName(place) ?? this.#sealed.get(place) ?? entry.path ?? decodeLossily(entry.stored);
  }

  /** Whether the entry's name is a number that may stand for another name, which isn't known yet. */
  isHidden(place: number): boolean {
    const { path } = this.#entries[place]!;
    if (path === undefined || !isNumber(path) || (!path.startsWith("0") && Number(path) > this.#entries.length)) return false;
    return this.#listedName(place) === undefined && !this.#sealed.has(place);
  }

  /** Refuses a path that another member has as well. */
  refuseRepeated(place: number): void {
    if (this.#count(this.of(place)) > 1) throw new Fault("malformed", "another member has the same path", AGAIN);
  }

  /**
   * Checks the name that is sealed with a member, which shows whether it was moved or swapped. Returns
   * its path.
   *
   * @param isSigned Whether a signature holds. Then the sealed name has to confirm one that is from an
   * index or a grant. It's asked at the end: a signature can be checked meanwhile.
   */
  async check(name: Bytes, place: number, isSigned: () => boolean): Promise<string> {
    const literal = decodeLossily(name);
    if (literal === INDEX_NAME || literal === GRANT_NAME) {
      throw new Fault("altered", "it is the index of an archive, or a grant, and not a file");
    }
    const path = this.of(place);
    const hashOf = async (path: string) => hex(await sha256(encodeUtf8(path)));
    if (await fits(name, path, hashOf)) {
      if (this.#listedName(place) === undefined || binds(name)) return path;
      if (isSigned()) {
        throw new Fault(
          "altered",
          "its name is from an index or a grant, and nothing that was sealed and signed confirms it",
          "don't trust the name; ask whoever signed the archive what the member is",
        );
      }
      this.#unconfirmed.add(place);
      return path;
    }
    const sealed = this.isHidden(place) ? pathOf(name) : undefined;
    if (sealed !== undefined && pathFault(sealed) === undefined && !isReserved(sealed)) return this.#claim(place, sealed);
    throw new Fault(
      "altered",
      `it was sealed as “${literal}”: it was moved or swapped in the archive, or sealed under another name`,
      "don't trust it; get the archive again from its source",
    );
  }

  /** A message could be there several times, under several numbers: the first one that is opened has the path. */
  #claim(place: number, path: string): string {
    const counts = this.#countAll();
    if ((counts.get(path) ?? 0) > 0) throw new Fault("malformed", "another member has the same path", AGAIN);
    const before = this.of(place);
    counts.set(before, (counts.get(before) ?? 1) - 1);
    counts.set(path, 1);
    this.#sealed.set(place, path);
    return path;
  }

  #count(path: string): number {
    return this.#countAll().get(path) ?? 0;
  }

  #countAll(): Map<string, number> {
    if (this.#counts === undefined) {
      const counts = (this.#counts = new Map<string, number>());
      for (const place of this.#members) {
        const path = this.of(place);
        counts.set(path, (counts.get(path) ?? 0) + 1);
      }
    }
    return this.#counts;
  }
}
