// Searching texts line by line.

import { Fault } from "../fault.ts";
import { escaped } from "../text/escape.ts";
import { type SearchQuery } from "./protocol.ts";

/** Characters of a line that are shown in front of a match, and behind it. */
const AROUND = 120;
/** The matches that are returned of one text. */
export const MOST_OF_MEMBER = 1000;

/** A match: the line's number, from 1, and the line, cut around the match if it is long. */
export interface Match {
  readonly line: number;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface Matches {
  readonly matches: readonly Match[];
  /** There are more of them. */
  readonly isCut: boolean;
}

/** Returns the pattern of a query. */
export function compile({ text, ignoreCase, regularExpression }: SearchQuery): RegExp {
  try {
    return new RegExp(regularExpression ? text : escaped(text), ignoreCase ? "giu" : "gu");
  } catch (error) {
    // The browser's words, without the expression itself in front of them.
    const reason = error instanceof Error ? error.message.replace(/^.*: /s, "") : "";
    throw new Fault("malformed", `not a regular expression (${reason})`, "search for the text as it is, or mend the expression");
  }
}

/** Returns the matches in a text: all of them in a line, since JSON often has one line alone. */
export function search(text: string, pattern: RegExp): Matches {
  const matches: Match[] = [];
  let number = 0;
  for (let start = 0; start <= text.length; ) {
    number++;
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end < 0 ? text.length : end).replace(/\r$/, "");
    for (const found of line.matchAll(pattern)) {
      if (matches.length === MOST_OF_MEMBER) return { matches, isCut: true };
      matches.push({ line: number, ...around(line, found.index, found[0].length) });
    }
    if (end < 0) break;
    start = end + 1;
  }
  return { matches, isCut: false };
}

function around(line: string, at: number, length: number): { text: string; start: number; end: number } {
  const first = Math.max(0, at - AROUND);
  const last = Math.min(line.length, at + Math.min(length, AROUND) + AROUND);
  const before = first > 0 ? "…" : "";
  const start = before.length + at - first;
  return { text: before + line.slice(first, last) + (last < line.length ? "…" : ""), start, end: start + Math.min(length, last - at) };
}
