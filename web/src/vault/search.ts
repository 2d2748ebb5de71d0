// Searching texts line by line.

import { Fault } from "../fault.ts";
import { type Hit, type SearchQuery } from "./protocol.ts";

/** Characters of a line that are shown in front of a match, and behind it. */
const AROUND = 120;
/** Longer lines are searched in pieces of this length. */
const LONGEST_LINE = 64 * 1024;
/** The hits that are shown of one member. */
export const MOST_OF_MEMBER = 1000;

/** Returns the pattern of a query. */
export function compile(query: SearchQuery): RegExp {
  const flags = query.ignoreCase ? "giu" : "gu";
  const source = query.regularExpression ? query.text : query.text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  try {
    return new RegExp(source, flags);
  } catch {
    throw new Fault("malformed", "not a regular expression", "search for the text as it is, or mend the expression");
  }
}

/** Returns the matches in a text, line by line: all of them in a line, since JSON often has one line alone. */
export function search(text: string, pattern: RegExp, archive: number, member: number): Hit[] {
  const hits: Hit[] = [];
  let number = 0;
  for (let start = 0; start <= text.length && hits.length < MOST_OF_MEMBER; ) {
    number++;
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end < 0 ? text.length : end).replace(/\r$/, "");
    for (const match of matchesIn(line, pattern)) {
      hits.push({ archive, member, line: number, ...match });
      if (hits.length === MOST_OF_MEMBER) break;
    }
    if (end < 0) break;
    start = end + 1;
  }
  return hits;
}

function* matchesIn(line: string, pattern: RegExp): Generator<{ text: string; start: number; end: number }> {
  for (let from = 0; from === 0 || from < line.length; from += LONGEST_LINE) {
    const piece = line.slice(from, from + LONGEST_LINE);
    for (const match of piece.matchAll(pattern)) {
      const [at, length] = [match.index, match[0].length];
      const first = Math.max(0, at - AROUND);
      const last = Math.min(piece.length, at + Math.min(length, AROUND) + AROUND);
      const before = first > 0 || from > 0 ? "…" : "";
      const after = last < piece.length || from + LONGEST_LINE < line.length ? "…" : "";
      const start = before.length + at - first;
      yield { text: before + piece.slice(first, last) + after, start, end: start + Math.min(length, last - at) };
    }
  }
}
