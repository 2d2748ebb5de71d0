// As much of TOML as the tables of test vectors use.

export type Table = Record<string, unknown>;

/** Reads the tables of `[[vector]]`, or of another name. */
export function parseToml(text: string): Table[] {
  const tables: Table[] = [];
  for (const [number, line] of joined(text).entries()) {
    if (line === "" || line.startsWith("#")) continue;
    if (/^\[\[\w+\]\]$/.test(line)) {
      tables.push({});
      continue;
    }
    const table = tables.at(-1);
    const [, key, inner, value] = /^([\w-]+)(?:\.("(?:[^"\\]|\\.)*"))? = (.*)$/.exec(line) ?? [];
    if (table === undefined || key === undefined || value === undefined) throw new Error(`line ${number + 1}: ${line}`);
    const [, literal] = /^'([^']*)'$/.exec(value) ?? [];
    const parsed: unknown = literal ?? JSON.parse(value.replace(/,\s*\]$/, "]"));
    if (inner === undefined) table[key] = parsed;
    else ((table[key] ??= {}) as Table)[JSON.parse(inner) as string] = parsed;
  }
  return tables;
}

/** Joins the lines of arrays. */
function joined(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.split("\n").map((line) => line.trim())) {
    const last = lines.at(-1);
    if (last !== undefined && /= \[[^\]]*$/.test(last)) lines[lines.length - 1] = last + line;
    else lines.push(line);
  }
  return lines;
}
