// What a search found, grouped by member, as rows of a list.
import type { Hit } from "../vault/protocol.ts";
import type { Row } from "./rows.ts";

export type HitRow = { readonly kind: "member"; readonly row: Row; readonly count: number } | { readonly kind: "hit"; readonly row: Row; readonly hit: Hit };

export const MOST_HITS = 10_000;

export class Hits {
  count = 0;
  readonly #groups = new Map<Row, Hit[]>();

  get isFull(): boolean {
    return this.count >= MOST_HITS;
  }

  get members(): number {
    return this.#groups.size;
  }

  add(row: Row, hit: Hit): void {
    if (this.isFull) return;
    this.count++;
    const group = this.#groups.get(row);
    if (group) group.push(hit);
    else this.#groups.set(row, [hit]);
  }

  /** Drops what was found in members that have no row any more, by what `current` says. */
  follow(current: (row: Row) => Row | undefined): void {
    const groups = [...this.#groups];
    this.#groups.clear();
    for (const [row, hits] of groups) {
      const now = current(row);
      if (now) this.#groups.set(now, hits);
      else this.count -= hits.length;
    }
  }

  rows(): HitRow[] {
    return [...this.#groups].flatMap(([row, hits]): HitRow[] => [
      { kind: "member", row, count: hits.length },
      ...hits.map((hit): HitRow => ({ kind: "hit", row, hit })),
    ]);
  }
}

/** A match is seen even if it's far to the right in its line. */
const BEFORE = 36;
/** A cut that saves less isn't worth its dots. */
const LEAST_CUT = 8;

export function hitParts({ text, start, end }: Hit, most = BEFORE): { readonly before: string; readonly match: string; readonly after: string } {
  const from = start > most + LEAST_CUT ? start - most : 0;
  return {
    before: (from > 0 ? "…" : "") + text.slice(from, start).trimStart(),
    match: text.slice(start, end),
    after: text.slice(end),
  };
}
