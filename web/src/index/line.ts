// The lines of indexes and grants: one JSON object each (docs/format.md).

import { type Bytes, decodeUtf8 } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";
import { type SessionKey, parseSessionKey } from "../openpgp/session_key.ts";
import { pathFault } from "../zip/names.ts";
import { type Value, parseFlatObject } from "./json.ts";

const VERSION = 1;
/** 1 MiB with its end. */
const LONGEST_LINE = 1024 * 1024;

/** The line of a member. */
export interface Line {
  /** Its stored name. */
  readonly member: string;
  /** Its path. */
  readonly name: string;
  /** The length of its content. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number | undefined;
  /** What finds the message again: 64 hexadecimal digits. */
  readonly id: string;
  readonly key: SessionKey;
}

export const lineFault = (line: number, what: string) => new Fault("malformed", `line ${line} ${what}`);

/**
 * Reads the lines of an index or a grant, and checks that there are as many as the first one says.
 *
 * @param what What it should be: "an index".
 * @param take Takes a line. It returns what is wrong with it, to complete "line 2".
 */
export function readLines(text: Bytes, what: string, take: (line: Line, hidesNames: boolean) => string | undefined): void {
  const lines = splitLines(text);
  const first = lines.next().value;
  const head = first === undefined ? undefined : parseFlatObject(first);
  const members = countOf(head?.get("members"));
  const hidden = head?.get("hidden-names");
  const hidesNames = hidden === undefined ? false : hidden.kind === "boolean" ? hidden.isTrue : undefined;
  const isHead = countOf(head?.get("callseal-index")) === VERSION && head?.size === (hidden === undefined ? 2 : 3);
  if (!isHead || members === undefined || hidesNames === undefined) throw lineFault(1, `is not the beginning of ${what}`);
  let number = 0;
  for (const text of lines) {
    number++;
    const line = parseLine(text);
    const fault = typeof line === "string" ? line : take(line, hidesNames);
    if (fault !== undefined) throw lineFault(number + 1, fault);
  }
  if (number !== members) throw new Fault("malformed", `it says that it lists ${members} members, but lists ${number}`);
}

function* splitLines(text: Bytes): Generator<string> {
  let number = 1;
  for (let start = 0; start < text.length; number++) {
    const end = text.indexOf(10, start);
    if (end < 0 || end - start >= LONGEST_LINE) throw lineFault(number, "doesn't end, or is too long");
    const line = decodeUtf8(text.subarray(start, end));
    if (line === undefined) throw lineFault(number, "is malformed");
    yield line;
    start = end + 1;
  }
}

const LARGEST_COUNT = 2n ** 64n - 1n;

/** Returns a number of 64 bits, which is written without sign, fraction and exponent. One that no double holds is rounded. */
function countOf(value: Value | undefined): number | undefined {
  if (value?.kind !== "number" || !/^\d+$/.test(value.written)) return undefined;
  const count = BigInt(value.written);
  return count <= LARGEST_COUNT ? Number(count) : undefined;
}

const KEYS = ["member", "name", "size", "modified", "id", "session-key"];

/** Returns the line, or what is wrong with it. */
function parseLine(text: string): Line | string {
  const object = parseFlatObject(text);
  if (object === undefined || ![...object.keys()].every((key) => KEYS.includes(key))) return "is malformed";
  const [member, name, , modified, id, session] = KEYS.map((key) => object.get(key));
  const size = countOf(object.get("size"));
  if (member?.kind !== "text" || name?.kind !== "text" || size === undefined) return "is malformed";
  // Copies of secrets would stay behind where they have escapes, so the format has none in these.
  if (!isPlain(id) || !isPlain(session) || !(modified === undefined || modified.kind === "null" || isPlain(modified))) return "is malformed";
  const time = isPlain(modified) ? parseTime(modified.text) : undefined;
  if (isPlain(modified) && time === undefined) return "has a malformed time";
  const key = parseSessionKey(session.text);
  if (key === undefined) return "has a malformed session key";
  if (!/^[0-9a-fA-F]{64}$/.test(id.text)) return "has a malformed id";
  if (pathFault(name.text) !== undefined) return "has an unsafe name";
  return { member: member.text, name: name.text, size, modified: time, id: id.text.toLowerCase(), key };
}

type Plain = Extract<Value, { kind: "text" }>;
const isPlain = (value: Value | undefined): value is Plain => value?.kind === "text" && value.isPlain;

/** A day, or RFC 3339 in UTC, to the second; not before 1970. */
function parseTime(text: string): number | undefined {
  const [, day, time = "00:00:00"] = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}:\d{2})Z)?$/.exec(text) ?? [];
  if (day === undefined) return undefined;
  const written = `${day}T${time}`;
  const parsed = Date.parse(`${written}Z`);
  return Number.isNaN(parsed) || parsed < 0 || new Date(parsed).toISOString().slice(0, 19) !== written ? undefined : parsed;
}
