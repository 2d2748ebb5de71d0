// Formats JSON (RFC 8259) without reading it: tokens stay as they are, so no digit of a number and
// no escape of a string changes. What isn't JSON isn't formatted.
import { LineBuilder, type Lines } from "./lines.ts";

export interface FormattedJson {
  /** Nothing if the text isn't JSON. */
  readonly lines: Lines | undefined;
  /** What should be known about the text. */
  readonly notice: string | undefined;
}

const INDENT = 2;
const DEEPEST_INDENT = 40;

/** Deeper ones are made to break readers. */
const DEEPEST = 10_000;
const QUOTE = 34;
const BACKSLASH = 92;
const ESCAPED = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;
const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

/** An object or an array that is open. */
interface Open {
  readonly isObject: boolean;
  keys: Set<string> | undefined;
}

/** What may come next. */
type Expected = "value" | "first value or ]" | "first key or }" | "key" | "comma or end";

export function* formatJson(text: string): Generator<void, FormattedJson> {
  const builder = new LineBuilder(text, "json");
  const open: Open[] = [];
  let duplicate: string | undefined;
  let expected: Expected = "value";
  let at = afterSpace(text, 0);
  let lineStart = at;
  let lineIndent = 0;

  const endLine = (end: number, next: number): boolean => {
    const hasRoom = builder.add(lineStart, end, lineIndent);
    lineStart = next;
    lineIndent = Math.min(open.length, DEEPEST_INDENT) * INDENT;
    return hasRoom;
  };

  for (let steps = 1; ; steps++) {
    if (steps % 4096 === 0) yield;
    const character = text[at];
    const inside = open.at(-1);

    if (expected === "comma or end" && !inside) {
      if (at < text.length) return invalid(text, at);
      builder.add(lineStart, trimmedEnd(text, lineStart, at), lineIndent);
      return { lines: builder.finish(), notice: duplicate };
    }

    const closes = inside?.isObject ? "}" : "]";
    if (inside && character === closes && (expected === "comma or end" || expected === `first ${inside.isObject ? "key or }" : "value or ]"}`)) {
      open.pop();
      // An empty one stays on its line.
      if (expected === "comma or end" && !endLine(trimmedEnd(text, lineStart, at), at)) break;
      at = afterSpace(text, at + 1);
      expected = "comma or end";
    } else if (expected === "comma or end") {
      if (character !== ",") return invalid(text, at);
      const end = at + 1;
      at = afterSpace(text, end);
      if (!endLine(end, at)) break;
      expected = inside?.isObject ? "key" : "value";
    } else if (expected === "key" || expected === "first key or }") {
      if (expected === "first key or }" && !endLine(trimmedEnd(text, lineStart, at), at)) break;
      const end = afterString(text, at);
      if (end === at) return invalid(text, at);
      const key = text.slice(at, end);
      duplicate ??= remember(inside, key);
      at = afterSpace(text, end);
      if (text[at] !== ":") return invalid(text, at);
      at = afterSpace(text, at + 1);
      expected = "value";
    } else {
      if (expected === "first value or ]" && !endLine(trimmedEnd(text, lineStart, at), at)) break;
      if (character === "{" || character === "[") {
        if (open.length === DEEPEST) return asItIs(`nested deeper than ${DEEPEST} times`);
        open.push({ isObject: character === "{", keys: undefined });
        expected = character === "{" ? "first key or }" : "first value or ]";
        at = afterSpace(text, at + 1);
      } else {
        const end = character === '"' ? afterString(text, at) : afterScalar(text, at);
        if (end === at) return invalid(text, at);
        at = afterSpace(text, end);
        expected = "comma or end";
      }
    }
  }
  return { lines: builder.finish(), notice: duplicate };
}

function afterSpace(text: string, at: number): number {
  for (; ; at++) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at;
  }
}

/** A string can be as long as the text, which is too much for a regular expression. `at` if there is none. */
function afterString(text: string, at: number): number {
  if (text[at] !== '"') return at;
  for (let next = at + 1; next < text.length; next++) {
    const code = text.charCodeAt(next);
    if (code === QUOTE) return next + 1;
    if (code < 32) return at;
    if (code === BACKSLASH) {
      ESCAPED.lastIndex = next + 1;
      if (!ESCAPED.test(text)) return at;
      next = ESCAPED.lastIndex - 1;
    }
  }
  return at;
}

function afterScalar(text: string, at: number): number {
  SCALAR.lastIndex = at;
  return SCALAR.test(text) ? SCALAR.lastIndex : at;
}

/** The end of a line, without the space before the next token. */
function trimmedEnd(text: string, start: number, end: number): number {
  while (end > start && " \t\n\r".includes(text[end - 1] ?? "")) end--;
  return end;
}

/** Two keys are the same if they name the same, however they are escaped. */
function remember(inside: Open | undefined, key: string): string | undefined {
  const name = key.includes("\\") ? (JSON.parse(key) as string) : key.slice(1, -1);
  if (inside?.keys?.has(name)) return `an object has the key ${key.length > 60 ? `${key.slice(0, 60)}…` : key} more than once; both are shown`;
  if (inside) (inside.keys ??= new Set()).add(name);
  return undefined;
}

function invalid(text: string, at: number): FormattedJson {
  let line = 1;
  for (let next = text.indexOf("\n"); next !== -1 && next < at; next = text.indexOf("\n", next + 1)) line++;
  const where = at >= text.length ? "it ends too early" : `at line ${line}, column ${at - text.lastIndexOf("\n", at - 1)}`;
  return asItIs(`not valid JSON: ${where}`);
}

function asItIs(why: string): FormattedJson {
  return { lines: undefined, notice: `this text is shown as it is, since it is ${why}` };
}
