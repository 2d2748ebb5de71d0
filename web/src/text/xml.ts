// Indents XML without reading it: no entity is resolved, nothing is fetched, nothing becomes a
// document. What isn't well-formed is shown as well as it can be.
import { LineBuilder, type Lines } from "./lines.ts";

export interface FormattedXml {
  readonly lines: Lines;
  readonly notice: string | undefined;
}

const INDENT = 2;
const DEEPEST_INDENT = 40;

type Kind = "start" | "end" | "empty" | "text" | "other";

interface Token {
  readonly kind: Kind;
  readonly start: number;
  readonly end: number;
}

/** An element with nothing but a short text stays on one line. */
type LineHolds = "nothing" | "start" | "start and text" | "whole";

export function* formatXml(text: string): Generator<void, FormattedXml> {
  const builder = new LineBuilder(text, "xml");
  let depth = 0;
  let isBalanced = true;
  let holds = "nothing" as LineHolds;
  let start = 0;
  let end = 0;
  let indent = 0;
  let steps = 0;

  const flush = () => holds === "nothing" || builder.add(start, end, indent);
  const begin = (token: Token, what: LineHolds): boolean => {
    const hasRoom = flush();
    ({ start, end } = token);
    indent = Math.min(depth, DEEPEST_INDENT) * INDENT;
    holds = what;
    return hasRoom;
  };

  for (const token of tokens(text)) {
    if (++steps % 4096 === 0) yield;
    let hasRoom = true;
    if (token.kind === "end") {
      if (depth === 0) isBalanced = false;
      depth = Math.max(0, depth - 1);
      if (holds === "start" || holds === "start and text") [end, holds] = [token.end, "whole"];
      else hasRoom = begin(token, "whole");
    } else if (token.kind === "start") {
      hasRoom = begin(token, "start");
      depth++;
    } else if (token.kind === "text" && holds === "start" && !/[\r\n]/.test(text.slice(token.start, token.end).trim())) {
      [end, holds] = [token.end, "start and text"];
    } else {
      for (const line of brokenUp(text, token)) {
        if (++steps % 4096 === 0) yield;
        hasRoom = begin(line, "whole");
        if (!hasRoom) break;
      }
    }
    if (!hasRoom) break;
  }
  flush();
  if (depth !== 0) isBalanced = false;
  return { lines: builder.finish(), notice: isBalanced ? undefined : "this isn't well-formed XML: its elements don't match" };
}

function* tokens(text: string): Generator<Token> {
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf("<", at);
    const textEnd = open === -1 ? text.length : open;
    if (textEnd > at) {
      const token = trimmed(text, at, textEnd);
      if (token.end > token.start) yield token;
    }
    if (open === -1) return;
    const end = markupEnd(text, open);
    yield { kind: kindOf(text, open, end), start: open, end };
    at = end;
  }
}

function kindOf(text: string, start: number, end: number): Kind {
  const second = text[start + 1] ?? "";
  if (text.startsWith("<![CDATA[", start)) return "text";
  if (second === "!" || second === "?") return "other";
  if (second === "/") return "end";
  if (text[end - 1] !== ">" || !/[\p{L}_:]/u.test(second)) return "other";
  return text[end - 2] === "/" ? "empty" : "start";
}

function markupEnd(text: string, start: number): number {
  const after = (ending: string) => {
    const found = text.indexOf(ending, start + 1);
    return found === -1 ? text.length : found + ending.length;
  };
  // (The two characters before the hyphens, written together with them, would end this page's script.)
  if (text[start + 1] === "!" && text.startsWith("--", start + 2)) return after("-->");
  if (text.startsWith("<![CDATA[", start)) return after("]]>");
  if (text.startsWith("<?", start)) return after("?>");
  return tagEnd(text, start);
}

/** A `>` inside of a value, or inside of the brackets of a DOCTYPE, doesn't end the tag. */
function tagEnd(text: string, start: number): number {
  let quote = "";
  let brackets = 0;
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at] ?? "";
    if (quote) {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "[") brackets++;
    else if (character === "]") brackets--;
    else if (character === ">" && brackets <= 0) return at + 1;
  }
  return text.length;
}

function trimmed(text: string, start: number, end: number): Token {
  const isSpace = (at: number) => " \t\r\n".includes(text[at] ?? "x");
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return { kind: "text", start, end };
}

/** Long comments and texts keep their lines. A tag stays on one. */
function* brokenUp(text: string, token: Token): Generator<Token> {
  if (token.kind === "empty") return yield token;
  let at = token.start;
  while (at < token.end) {
    // Not beyond the token: of a text without any line end, each one would look through all the rest.
    const feed = text.slice(at, token.end).indexOf("\n");
    const end = feed === -1 ? token.end : at + feed;
    const line = trimmed(text, at, end);
    if (line.end > line.start) yield line;
    at = end + 1;
  }
}
