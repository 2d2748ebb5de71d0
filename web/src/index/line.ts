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
  const members = head?.get("members");
  const hidesNames = head?.get("hidden-names") ?? false;
  const isHead = head !== undefined &&
    head.get("callseal-index") === VERSION &&
    typeof hidesNames === "boolean" &&
    head.size === (head.has("hidden-names") ? 3 : 2);
  if (!isHead || !isCount(members)) throw lineFault(1, `is not the beginning of ${what}`);
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

const isCount = (value: Value | undefined): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const KEYS = ["member", "name", "size", "modified", "id", "session-key"];

/** Returns the line, or what is wrong with it. */
function parseLine(text: string): Line | string {
  const object = parseFlatObject(text);
  if (object === undefined || ![...object.keys()].every((key) => KEYS.includes(key))) return "is malformed";
  const [member, name, size, modified, id, session] = KEYS.map((key) => object.get(key));
  if (typeof member !== "string" || typeof name !== "string" || !isCount(size)) return "is malformed";
  if (typeof id !== "string" || typeof session !== "string") return "is malformed";
  const time = modified === undefined ? undefined : parseTime(modified);
  if (modified !== undefined && time === undefined) return "has a malformed time";
  const key = parseSessionKey(session);
  if (key === undefined) return "has a malformed session key";
  if (!/^[0-9a-fA-F]{64}$/.test(id)) return "has a malformed id";
  if (pathFault(name) !== undefined) return "has an unsafe name";
  return { member, name, size, modified: time, id: id.toLowerCase(), key };
}

/** RFC 3339 in UTC, to the second. */
function parseTime(text: Value): number | undefined {
  if (typeof text !== "string" || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 19) !== text.slice(0, 19) ? undefined : time;
}
