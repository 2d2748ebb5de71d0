// JSON objects of texts, numbers and booleans, read more strictly than `JSON.parse` does: a key that
// comes twice, which two readers understand differently, is refused.

export type Value = string | number | boolean;

/** Returns the object that a line consists of; `undefined` if it isn't one, or has a key twice. */
export function parseFlatObject(line: string): ReadonlyMap<string, Value> | undefined {
  const tokens = /[ \t\r\n]*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false)|([{}:,]))/y;
  const object = new Map<string, Value>();
  const next = () => tokens.exec(line);
  const takes = (mark: string) => next()?.[4] === mark;
  if (!takes("{")) return undefined;
  for (;;) {
    const key = next();
    // An object without any member has no use here.
    if (key?.[1] === undefined || !takes(":")) return undefined;
    const value = next();
    if (value === null || value[4] !== undefined) return undefined;
    const name = JSON.parse(key[1]) as string;
    if (object.has(name)) return undefined;
    object.set(name, JSON.parse(value[0]) as Value);
    const after = next()?.[4];
    if (after === "}") return /^[ \t\r\n]*$/.test(line.slice(tokens.lastIndex)) ? object : undefined;
    if (after !== ",") return undefined;
  }
}
