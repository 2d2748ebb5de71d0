// The parts of one line that get a colour.
import type { Language } from "./lines.ts";

export type TokenKind = "key" | "string" | "number" | "word" | "mark" | "space" | "colon" | "tag" | "attribute" | "comment";

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

/** A longer line has no colours. */
export const LONGEST_COLOURED = 10_000;

const JSON_TOKEN = /(?<string>"(?:[^"\\]|\\.)*"?)|(?<number>-?[0-9][0-9.eE+-]*)|(?<word>[a-z]+)|(?<colon>:)|(?<mark>[{}[\],])|(?<space>\s+)/g;
const XML_TOKEN = /(?<comment><!-{2}.*?(?:-->|$)|<!\[CDATA\[.*?(?:\]\]>|$)|<[!?][^>]*>?)|(?<tag><\/?[^\s"'<>/=]*|\/?>)|(?<string>"[^"]*"|'[^']*')|(?<attribute>[^\s"'<>/=]+)/gs;

export function tokensOf(line: string, language: Language): Token[] {
  if (language === "plain" || line.length > LONGEST_COLOURED) return [];
  const found = [...line.matchAll(language === "json" ? JSON_TOKEN : XML_TOKEN)].map((match): Token => {
    const [kind = "mark"] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) ?? [];
    return { kind: kind as TokenKind, start: match.index, end: match.index + match[0].length };
  });
  if (language === "json") return withKeys(found);
  // A name is that of an attribute if `=` follows.
  return insideTags(found.filter(({ kind, end }) => kind !== "attribute" || line[end] === "="), line);
}

/** A string before a colon is a key. */
function withKeys(tokens: Token[]): Token[] {
  const solid = tokens.filter(({ kind }) => kind !== "space");
  const keys = new Set(solid.filter(({ kind }, i) => kind === "string" && solid[i + 1]?.kind === "colon"));
  return tokens.map((token) => (keys.has(token) ? { ...token, kind: "key" } : token));
}

const DATA_START = "<![CDATA[";
const DATA_END = "]]>";

/** Of a section of CDATA, only its marks have a colour: what is between them is text. */
function marksOfData(token: Token, line: string): Token[] {
  if (!line.startsWith(DATA_START, token.start)) return [token];
  const marks: Token[] = [{ ...token, end: token.start + DATA_START.length }];
  if (line.slice(token.start, token.end).endsWith(DATA_END)) marks.push({ ...token, start: token.end - DATA_END.length });
  return marks;
}

/** Quotes and equals signs in the text between tags are just text. */
function insideTags(tokens: Token[], line: string): Token[] {
  let isInside = false;
  return tokens.flatMap((token) => marksOfData(token, line)).filter(({ kind, start }) => {
    if (kind === "tag") isInside = line[start] === "<";
    return kind === "tag" || kind === "comment" || isInside;
  });
}
