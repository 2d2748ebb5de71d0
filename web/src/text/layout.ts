// Breaks lines into rows that fit the width, so that all rows have one height and only those in
// view need to be made.
import { lastNotAbove, type Lines } from "./lines.ts";

export interface Layout {
  readonly count: number;
  /** The line of each row. */
  readonly lines: Uint32Array;
  /** Where each row starts in the text. */
  readonly starts: Uint32Array;
}

/** The rows after a line's first one hang by this much more than its indent. */
export const HANGING = 2;
const NARROWEST = 16;
const TAB = 8;

export function* layOut(lines: Lines, columns: number): Generator<void, Layout> {
  const rows = new Rows(lines.count);
  const width = Math.max(NARROWEST, columns);
  for (let line = 0; line < lines.count; line++) {
    const start = lines.starts[line] ?? 0;
    const end = lines.ends[line] ?? 0;
    const indent = lines.indents[line] ?? 0;
    rows.add(line, start);
    // Characters are at most two columns wide, but for the few that are shown by their numbers.
    if ((end - start) * 2 > width - indent) {
      let room = Math.max(NARROWEST, width - indent);
      for (let at = rowEnd(lines.text, start, end, room); at < end; at = rowEnd(lines.text, at, end, room)) {
        rows.add(line, at);
        room = Math.max(NARROWEST, width - indent - HANGING);
        if (rows.count % 4096 === 0) yield;
      }
    }
    if (line % 4096 === 0) yield;
  }
  return rows.finish();
}

/** The row in which a character of the text stands. */
export function rowAt(layout: Layout, offset: number): number {
  return lastNotAbove(layout.starts, offset);
}

export function isContinued(layout: Layout, row: number): boolean {
  return row > 0 && layout.lines[row] === layout.lines[row - 1];
}

/** How much fits, up to the last space if there is one near. */
function rowEnd(text: string, start: number, end: number, room: number): number {
  let used = 0;
  let afterSpace = 0;
  let at = start;
  while (at < end) {
    const code = text.codePointAt(at) ?? 0;
    used += columnsOf(code);
    if (used > room && at > start) return afterSpace > start + (at - start) / 2 ? afterSpace : at;
    at += code > 0xffff ? 2 : 1;
    if (code === 32) afterSpace = at;
  }
  return end;
}

function columnsOf(code: number): number {
  if (code < 0x1100) return code === 9 ? TAB : 1;
  const isWide =
    code <= 0x115f ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    code >= 0x1f300;
  return isWide ? 2 : 1;
}

class Rows {
  count = 0;
  #lines: Uint32Array;
  #starts: Uint32Array;

  constructor(expected: number) {
    this.#lines = new Uint32Array(expected + 16);
    this.#starts = new Uint32Array(expected + 16);
  }

  add(line: number, start: number): void {
    if (this.count === this.#lines.length) {
      const [lines, starts] = [this.#lines, this.#starts];
      this.#lines = new Uint32Array(2 * this.count);
      this.#starts = new Uint32Array(2 * this.count);
      this.#lines.set(lines);
      this.#starts.set(starts);
    }
    this.#lines[this.count] = line;
    this.#starts[this.count] = start;
    this.count++;
  }

  finish(): Layout {
    return { count: this.count, lines: this.#lines.subarray(0, this.count), starts: this.#starts.subarray(0, this.count) };
  }
}
