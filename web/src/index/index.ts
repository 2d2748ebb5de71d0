// The index of an archive: the sealed list of its members with their session keys (docs/format.md).
//
// It is read as a whole, to the authentic end of its message, before any of it is used.

import { type Bytes, decodeUtf8, encodeUtf8, equal } from "../bytes/bytes.ts";
import { type SessionKey } from "../openpgp/session_key.ts";
import { type Entry } from "../zip/entry.ts";
import { type Line, readLines } from "./line.ts";

/** The stored name of the entry, and the name that is sealed with it. */
export const INDEX_ENTRY = "META-INF/callseal/index.pgp";
export const INDEX_NAME = "META-INF/callseal/index";
/** The directory of entries that are not members. */
const DIRECTORY = "META-INF/callseal";

const MOST_MISSING = 100_000;
const MOST_MISSING_OCTETS = 16 * 1024 * 1024;

/** What the index, or a grant, says of a member. */
export interface Listed {
  /** The length of its content. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number | undefined;
  readonly key: SessionKey;
  /** Its path, if the stored name hides it. */
  readonly name: string | undefined;
}

export interface Index {
  /** What it says of each entry, by the entry's number. */
  readonly listed: ReadonlyMap<number, Listed>;
  /** The stored names of listed members that the archive doesn't have. */
  readonly missing: readonly string[];
}

/** Reads the lines of an index of an archive that has these entries. */
export function readIndex(text: Bytes, entries: readonly Entry[]): Index {
  const reading = new Reading(entries);
  readLines(text, "an index", (line, hidesNames) => reading.take(line, hidesNames));
  return { listed: reading.listed, missing: [...reading.missing].sort() };
}

class Reading {
  readonly listed = new Map<number, Listed>();
  readonly missing = new Set<string>();
  readonly #entries: readonly Entry[];
  #next = 0;
  #missingOctets = 0;
  /** Needed if members are missing, or in another order. */
  #byName: Map<string, number> | undefined;

  constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  take(line: Line, hidesNames: boolean): string | undefined {
    const place = this.#find(line.member);
    if (place === undefined) return this.#miss(line.member);
    if (this.listed.has(place)) return "lists a member again";
    const { path } = this.#entries[place]!;
    if (path === undefined) return "lists a member with an unsafe name";
    const listed = listedAs(path, line, hidesNames);
    if (typeof listed === "string") return listed;
    this.#next = place + 1;
    this.listed.set(place, listed);
    return undefined;
  }

  #miss(member: string): string | undefined {
    this.#missingOctets += encodeUtf8(member).length;
    if (this.missing.size === MOST_MISSING || this.#missingOctets > MOST_MISSING_OCTETS) {
      return "lists one more of too many missing members";
    }
    if (this.missing.has(member)) return "lists a member again";
    this.missing.add(member);
    return undefined;
  }

  /** Members are listed in the order of the central directory, mostly. */
  #find(member: string): number | undefined {
    const next = this.#entries[this.#next];
    if (next !== undefined && equal(next.stored, encodeUtf8(member))) return this.#next;
    this.#byName ??= new Map(
      this.#entries.flatMap(({ stored }, place) => {
        const name = decodeUtf8(stored);
        return name === undefined ? [] : [[name, place] as const];
      }),
    );
    return this.#byName.get(member);
  }
}

/** Returns what a line says of the member with that path, or what is wrong, to complete "line 2". */
export function listedAs(path: string, line: Line, hidesNames: boolean): Listed | string {
  const isHidden = hidesNames && isNumber(path);
  if (isHidden && isReserved(line.name)) return "has a reserved name";
  if (!isHidden && line.name !== path) return "has another name than its member";
  const { size, modified, key } = line;
  return { size, modified, key, name: isHidden ? line.name : undefined };
}

/** A path that stands for another one: at least six digits. */
export const isNumber = (path: string) => /^[0-9]{6,}$/.test(path);

/** Whether a path is in the directory of entries that are not members, on any file system. */
export function isReserved(path: string): boolean {
  const key = path.normalize("NFD").toUpperCase().toLowerCase().normalize("NFC");
  const reserved = DIRECTORY.toLowerCase();
  return key === reserved || key.startsWith(`${reserved}/`);
}
