// What stands in one row: pieces of text with their colours and their matches.
import { escape, unseen } from "./escapes.ts";
import { lineAt, type Lines } from "./lines.ts";
import { tokensOf, type TokenKind } from "./tokens.ts";

export interface Segment {
  readonly text: string;
  readonly kind: TokenKind | "escape" | undefined;
  readonly mark: Mark | undefined;
}

export type Mark = "match" | "current";

export interface MarkedRange {
  readonly start: number;
  readonly end: number;
  readonly mark: Mark;
}

/** The segments of the row from `start` to `end`, both places in the text. */
export function paintRow(lines: Lines, start: number, end: number, marks: readonly MarkedRange[]): Segment[] {
  const row = lines.text.slice(start, end);
  const kinds: (TokenKind | "escape" | undefined)[] = new Array(row.length).fill(undefined);
  const fill = (from: number, to: number, kind: TokenKind | "escape") => kinds.fill(kind, Math.max(0, from), Math.max(0, to));
  const line = lineAt(lines, start);
  const lineStart = lines.starts[line] ?? 0;
  for (const token of tokensOf(lines.text.slice(lineStart, lines.ends[line]), lines.language)) {
    fill(token.start + lineStart - start, token.end + lineStart - start, token.kind);
  }
  const isFormattedSpace = (at: number) => lines.language !== "plain" && /\s/.test(row[at] ?? "");
  for (const range of unseen(row)) if (!isFormattedSpace(range.start)) fill(range.start, range.end, "escape");

  const markOf: (Mark | undefined)[] = new Array(row.length).fill(undefined);
  for (const range of marks) markOf.fill(range.mark, Math.max(0, range.start - start), Math.max(0, range.end - start));

  return grouped(row, kinds, markOf).map((segment) => displayed(segment, lines));
}

function grouped(row: string, kinds: Segment["kind"][], marks: Segment["mark"][]): Segment[] {
  const segments: Segment[] = [];
  for (let start = 0; start < row.length; ) {
    let end = start + 1;
    while (end < row.length && kinds[end] === kinds[start] && marks[end] === marks[start]) end++;
    segments.push({ text: row.slice(start, end), kind: kinds[start], mark: marks[start] });
    start = end;
  }
  return segments;
}

/** Formatting changes the space between tokens, and nothing else. */
function displayed(segment: Segment, { language }: Lines): Segment {
  const { kind, text } = segment;
  if (kind === "escape") return { ...segment, text: Array.from(text, escape).join("") };
  if (language === "json" && kind === "space") return { ...segment, text: "" };
  if (language === "json" && kind === "colon") return { ...segment, text: ": " };
  if (language === "xml") return { ...segment, text: text.replace(/[ \t\r\n]+/g, " ") };
  return segment;
}
