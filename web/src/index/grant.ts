// A grant: an index of some members, sealed to somebody who is no recipient of them (docs/format.md).

import { type Bytes, encodeUtf8 } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";
import { type Entry } from "../zip/entry.ts";
import { type Index, type Listed, listedAs } from "./index.ts";
import { type Line, readLines } from "./line.ts";

/** The name that is sealed with it. */
export const GRANT_NAME = "META-INF/callseal/grant";

/** The most octets of its text: a grant that the page takes has 4 MiB, half of which are random. */
const MOST_OCTETS = 128 * 1024 * 1024;

/** The most octets of the text of a grant whose file has so many: only long names deflate well. */
export const mostOfGrant = (size: number): number => Math.min(MOST_OCTETS, 64 * size + 64 * 1024);

const MOST_MEMBERS = 1_000_000;
/** What is random in a line, and takes its place however it is deflated: 32 octets of an id, and at least 16 of a session key. */
const RANDOM = 48;
const MOST_NAMES = 64 * 1024 * 1024;
/** Of a stored name, in octets: its length field has 16 bits. */
const LONGEST_NAME = 0xffff;

export interface Grant {
  readonly hidesNames: boolean;
  /** The granted messages, by their `id`. */
  readonly members: ReadonlyMap<string, Line>;
}

/** Reads the lines of a grant, whose file has so many octets. */
export function readGrant(text: Bytes, size: number): Grant {
  const mostMembers = Math.min(MOST_MEMBERS, Math.floor(size / RANDOM));
  const members = new Map<string, Line>();
  let areHidden = false;
  let names = 0;
  readLines(text, "a grant", (line, hidesNames) => {
    areHidden = hidesNames;
    const stored = encodeUtf8(line.member).length;
    if (stored > LONGEST_NAME) return "has a longer name than an archive holds";
    names += stored + encodeUtf8(line.name).length;
    if (members.size >= mostMembers || names > MOST_NAMES) return "lists one more of too many members";
    if (members.has(line.id)) return "lists a message again";
    members.set(line.id, line);
    return undefined;
  });
  return { members, hidesNames: areHidden };
}

/** Returns the granted members of an archive; `undefined` if it has none of them. Members are found by their `id` alone. */
export function grantedOf(grant: Grant, entries: readonly Entry[], ids: ReadonlyMap<number, string>): Index | undefined {
  const listed = new Map<number, Listed>();
  const left = new Map(grant.members);
  for (const [place, id] of ids) {
    const line = left.get(id);
    const path = entries[place]?.path;
    if (line === undefined || path === undefined) continue;
    left.delete(id);
    const found = listedAs(path, line, grant.hidesNames);
    if (typeof found === "string") throw new Fault("malformed", `the member that it lists as “${line.member}” has another name`);
    listed.set(place, found);
  }
  if (listed.size === 0) return undefined;
  return { listed, missing: [...left.values()].map(({ member }) => member).sort() };
}
