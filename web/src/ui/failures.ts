// The members that a search couldn't look into.
import type { Problem } from "../vault/protocol.ts";
import type { ArchiveEntry, Row } from "./rows.ts";

export interface Failure {
  readonly row: Row;
  readonly problem: Problem;
}

export const MOST_LISTED = 100;

/** All are counted, and the first ones are listed. */
export class Failures {
  readonly #byArchive = new Map<ArchiveEntry, { count: number; readonly first: Failure[] }>();

  get total(): number {
    return [...this.#byArchive.values()].reduce((sum, { count }) => sum + count, 0);
  }

  get listed(): readonly Failure[] {
    return [...this.#byArchive.values()].flatMap(({ first }) => first).slice(0, MOST_LISTED);
  }

  add(failure: Failure): void {
    const { entry } = failure.row;
    const own = this.#byArchive.get(entry) ?? { count: 0, first: [] };
    this.#byArchive.set(entry, own);
    own.count++;
    if (own.first.length < MOST_LISTED) own.first.push(failure);
  }

  /** Drops those of archives that are closed. */
  follow(open: readonly ArchiveEntry[]): void {
    for (const entry of this.#byArchive.keys()) if (!open.includes(entry)) this.#byArchive.delete(entry);
  }
}
