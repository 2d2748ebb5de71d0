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

export interface Pattern {
  readonly expression: RegExp;
  /** Whether it is a text as it is, which is found without regard to where lines begin and end. */
  readonly isText: boolean;
}

/** Returns the pattern of a query. */
export function compile({ text, ignoreCase, regularExpression }: SearchQuery): Pattern {
  try {
    const expression = new RegExp(regularExpression ? text : escaped(text), ignoreCase ? "giu" : "gu");
    return { expression, isText: !regularExpression };
  } catch (error) {
    // The browser's words, without the expression itself in front of them.
    const reason = error instanceof Error ? error.message.replace(/^.*: /s, "") : "";
    throw new Fault("malformed", `not a regular expression (${reason})`, "search for the text as it is, or mend the expression");
  }
}

/** A match in a text: the number of its line, where that begins and ends, and where the match does. */
interface Place {
  readonly line: number;
  readonly lineStart: number;
  readonly lineEnd: number;
  readonly start: number;
  readonly end: number;
}

/** Returns the matches in a text: all of them in a line, since JSON often has one line alone. */
export function search(text: string, { expression, isText }: Pattern): Matches {
  const matches: Match[] = [];
  for (const place of isText ? inText(text, expression) : inLines(text, expression)) {
    if (matches.length === MOST_OF_MEMBER) return { matches, isCut: true };
    matches.push({ line: place.line, ...around(text, place) });
  }
  return { matches, isCut: false };
}

/** Looks through a text as a whole: there may be a hundred million lines, each of which would take its time. */
function* inText(text: string, expression: RegExp): Generator<Place> {
  let [line, lineStart, lineEnd, counted] = [1, 0, -1, 0];
  for (const { index: start, 0: found } of text.matchAll(expression)) {
    for (; counted < start; counted++) {
      if (text.charCodeAt(counted) !== FEED) continue;
      line++;
      lineStart = counted + 1;
    }
    if (lineEnd < start) lineEnd = endOfLine(text, start);
    const end = start + found.length;
    if (end <= withoutReturn(text, lineStart, lineEnd)) yield { line, lineStart, lineEnd: withoutReturn(text, lineStart, lineEnd), start, end };
  }
}

/** Matches line by line, so that an expression sees each of them alone. */
function* inLines(text: string, expression: RegExp): Generator<Place> {
  let lineStart = 0;
  for (let line = 1; lineStart <= text.length; line++) {
    const feed = endOfLine(text, lineStart);
    const lineEnd = withoutReturn(text, lineStart, feed);
    const content = text.slice(lineStart, lineEnd);
    expression.lastIndex = 0;
    if (expression.test(content)) {
      expression.lastIndex = 0;
      for (const { index, 0: found } of content.matchAll(expression)) {
        yield { line, lineStart, lineEnd, start: lineStart + index, end: lineStart + index + found.length };
      }
    }
    lineStart = feed + 1;
  }
}

const FEED = 10;
const RETURN = 13;

function endOfLine(text: string, at: number): number {
  const feed = text.indexOf("\n", at);
  return feed < 0 ? text.length : feed;
}

/** The end of a line without the carriage return in front of its line feed. */
const withoutReturn = (text: string, start: number, end: number) => (end > start && text.charCodeAt(end - 1) === RETURN ? end - 1 : end);

function around(text: string, { lineStart, lineEnd, start: at, end }: Place): { text: string; start: number; end: number } {
  const first = Math.max(lineStart, at - AROUND);
  const last = Math.min(lineEnd, Math.min(end, at + AROUND) + AROUND);
  const before = first > lineStart ? "…" : "";
  const start = before.length + at - first;
  return { text: before + text.slice(first, last) + (last < lineEnd ? "…" : ""), start, end: start + Math.min(end, last) - at };
}
