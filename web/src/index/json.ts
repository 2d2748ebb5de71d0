// JSON objects of texts, numbers, booleans and null, read more strictly than `JSON.parse` does: a key
// that comes twice, which two readers understand differently, is refused, and so is half a character.

export type Value =
  /** `isPlain` if it is written without escapes. */
  | { readonly kind: "text"; readonly text: string; readonly isPlain: boolean }
  /** As it is written: doubles don't hold all of them. */
  | { readonly kind: "number"; readonly written: string }
  | { readonly kind: "boolean"; readonly isTrue: boolean }
  | { readonly kind: "null" };

/** Returns the object that a line consists of; `undefined` if it isn't one, or has a key twice. */
export function parseFlatObject(line: string): ReadonlyMap<string, Value> | undefined {
  const tokens = /[ \t\r\n]*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false)|(null)|([{}:,]))/y;
  const object = new Map<string, Value>();
  const next = () => tokens.exec(line);
  const takes = (mark: string) => next()?.[5] === mark;
  if (!takes("{")) return undefined;
  for (;;) {
    const key = next()?.[1];
    // An object without any member has no use here.
    const name = key === undefined ? undefined : unescaped(key);
    if (name === undefined || !takes(":")) return undefined;
    const value = valueOf(next());
    if (value === undefined || object.has(name)) return undefined;
    object.set(name, value);
    const after = next()?.[5];
    if (after === "}") return /^[ \t\r\n]*$/.test(line.slice(tokens.lastIndex)) ? object : undefined;
    if (after !== ",") return undefined;
  }
}

function valueOf(token: RegExpExecArray | null): Value | undefined {
  const [, quoted, number, boolean, nothing] = token ?? [];
  if (number !== undefined) return { kind: "number", written: number };
  if (boolean !== undefined) return { kind: "boolean", isTrue: boolean === "true" };
  if (nothing !== undefined) return { kind: "null" };
  const text = quoted === undefined ? undefined : unescaped(quoted);
  return text === undefined ? undefined : { kind: "text", text, isPlain: !quoted!.includes("\\") };
}

/** Returns what is quoted; `undefined` if it has half a character. */
function unescaped(quoted: string): string | undefined {
  const text = JSON.parse(quoted) as string;
  return /\p{Surrogate}/u.test(text) ? undefined : text;
}
