// Finds a text in a text, as it is and without regard to case.

import { escaped } from "./escape.ts";

export interface Matches {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** There are more of them. */
  readonly isCut: boolean;
}

export const MOST_MATCHES = 100_000;
const WINDOW = 1024 * 1024;

export function* findAll(text: string, query: string): Generator<void, Matches> {
  const starts: number[] = [];
  const ends: number[] = [];
  if (query === "") return { starts, ends, isCut: false };
  const pattern = new RegExp(escaped(query), "giu");
  for (let at = 0; at < text.length; ) {
    // A match that begins before the window's end is found, and the next window begins behind it.
    const part = text.slice(at, at + WINDOW + query.length);
    let next = at + WINDOW;
    for (const match of part.matchAll(pattern)) {
      const start = at + match.index;
      if (starts.length === MOST_MATCHES) return { starts, ends, isCut: true };
      starts.push(start);
      ends.push(start + match[0].length);
      next = Math.max(next, start + match[0].length);
    }
    at = next;
    yield;
  }
  return { starts, ends, isCut: false };
}

/** The place of a match that the vault found in a line (from 1) of the text as it came. */
export function locate(text: string, line: number, context: string, start: number, end: number): number {
  let lineStart = 0;
  for (let number = 1; number < line; number++) {
    const feed = text.indexOf("\n", lineStart);
    if (feed === -1) break;
    lineStart = feed + 1;
  }
  // A long line is cut around the match, perhaps with dots; the nearest characters are surely the line's own.
  const before = context.slice(Math.max(0, start - 24), start).replace(/^.*…/s, "");
  const around = before + context.slice(start, end);
  const found = text.indexOf(around, lineStart);
  return found === -1 ? lineStart : found + before.length;
}
