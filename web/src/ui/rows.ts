// The members of all archives as rows: searched, filtered and sorted.
import { shown } from "../text/escapes.ts";
import { globs } from "../text/glob.ts";
import type { Access, Archive, ArchiveSource, Authenticity, Member, MemberKind, Verdict } from "../vault/protocol.ts";

/** An archive that the user gave, whether it could be opened or not. */
export interface ArchiveEntry {
  readonly source: ArchiveSource;
  /** No other archive of the page is shown by this name. */
  readonly name: string;
  state: { readonly kind: "opening" } | { readonly kind: "open"; readonly archive: Archive };
  rows: readonly Row[];
  verdict: Verdict | undefined;
  /** The members that don't open any more since it was verified. What was found in them doesn't count. */
  withdrawn: ReadonlySet<number>;
}

export interface Row {
  readonly entry: ArchiveEntry;
  readonly member: Member;
  /** The name with its unseen characters made visible. A hidden one becomes known when the member is opened. */
  name: string;
  searchedName: string;
  kind: MemberKind;
  authenticity: Authenticity;
  access: Access;
}

/** What stands in front of the names of an archive's members if there are other archives. */
export function archiveAmong(archives: readonly ArchiveEntry[], entry: ArchiveEntry | undefined): string {
  return archives.length > 1 && entry ? `${shown(entry.name)} › ` : "";
}

export function nameAmong(archives: readonly ArchiveEntry[], { entry, name }: Row): string {
  return archiveAmong(archives, entry) + name;
}

/** Rows are made anew when the names of an archive become known. */
export function isSameMember(a: Row | undefined, b: Row | undefined): boolean {
  return a !== undefined && a.entry === b?.entry && a.member.number === b.member.number;
}

/** Rows of an archive; what was found out about a member before stays known. */
export function rowsOf(entry: ArchiveEntry, archive: Archive): Row[] {
  return archive.members.map((member) => {
    const known = entry.rows[member.number];
    const name = member.nameIsHidden && known ? known.name : shown(member.name);
    // What was found out about it held for its name as well. Another one, from an index or a grant, isn't proven by that.
    const before = known?.name === name ? known : undefined;
    return {
      entry,
      member,
      name,
      searchedName: name.toLowerCase(),
      kind: before && before.authenticity !== "unopened" ? before.kind : member.kind,
      authenticity: before?.authenticity ?? "unopened",
      access: member.access === "unknown" ? (before?.access ?? "unknown") : member.access,
    };
  });
}

export interface Filter {
  /** Words that are all in the name. */
  readonly words: readonly string[];
  readonly kind: MemberKind | undefined;
  readonly entry: ArchiveEntry | undefined;
  /** Milliseconds since 1970; the start of the first day, and the end of the last one. */
  readonly from: number | undefined;
  readonly until: number | undefined;
}

export const NO_FILTER: Filter = { words: [], kind: undefined, entry: undefined, from: undefined, until: undefined };

export function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter((word) => word !== "");
}

/** From the values of two inputs for dates, as days of UTC. */
export function dayStart(value: string): number | undefined {
  const start = value === "" ? NaN : Date.parse(`${value}T00:00:00Z`);
  return Number.isNaN(start) ? undefined : start;
}

export function dayEnd(value: string): number | undefined {
  const start = dayStart(value);
  return start === undefined ? undefined : start + 24 * 60 * 60 * 1000;
}

export function filtered(rows: readonly Row[], { words, kind: wanted, entry, from, until }: Filter): Row[] {
  return rows.filter(
    ({ member, searchedName, kind, entry: own }) =>
      (entry === undefined || entry === own) &&
      (wanted === undefined || wanted === kind) &&
      (from === undefined || (member.modified !== undefined && member.modified >= from)) &&
      (until === undefined || (member.modified !== undefined && member.modified < until)) &&
      words.every((word) => matches(searchedName, word)),
  );
}

/** No day is from the first date up to the second one. */
export function isReversed({ from, until }: Filter): boolean {
  return from !== undefined && until !== undefined && from >= until;
}

/** What finds the names that hold a text, even one with the signs of patterns in it. */
export function patternOf(text: string): string {
  return text.replaceAll(/\S*[*?]\S*/g, (word) => `*${word}*`);
}

/** A word with `*` or `?` is a pattern of the path's end. Unlike in the commands of the program, both cross directories. */
function matches(name: string, word: string): boolean {
  if (!/[*?]/.test(word)) return name.includes(word);
  // With a slash in front of the name, each of its parts begins after one.
  return globs(`/${name}`, `*/${word}`);
}

export type Column = "name" | "kind" | "date" | "size" | "state" | "access";

export interface Order {
  readonly column: Column;
  readonly descending: boolean;
}

const STATES: Readonly<Record<Authenticity, number>> = { refused: 0, "not authenticated": 1, unopened: 2, authentic: 3 };
const ACCESS: Readonly<Record<Access, number>> = { yes: 0, unknown: 1, no: 2 };

export function sizeOf({ member }: Row): number {
  return member.size ?? member.sealedSize;
}

/** Rows that are equal stay in the order of their archive. */
export function sorted(rows: readonly Row[], { column, descending }: Order): Row[] {
  const compare = COMPARISONS[column];
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => sign * compare(a, b));
}

const COMPARISONS: Readonly<Record<Column, (a: Row, b: Row) => number>> = {
  name: (a, b) => compareTexts(a.searchedName, b.searchedName),
  kind: (a, b) => compareTexts(a.kind, b.kind),
  date: (a, b) => (a.member.modified ?? 0) - (b.member.modified ?? 0),
  size: (a, b) => sizeOf(a) - sizeOf(b),
  state: (a, b) => STATES[a.authenticity] - STATES[b.authenticity],
  access: (a, b) => ACCESS[a.access] - ACCESS[b.access],
};

/** By code units: a hundred thousand names in the order of a language take too long. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The directories of a name, with their last slash, and the file's own name. */
export interface NameParts {
  /** All directories but the last one. */
  readonly above: string;
  /** The last directory: in archives of calls, it's often what tells two of them apart. */
  readonly parent: string;
  readonly file: string;
}

export function nameParts(name: string): NameParts {
  const file = name.lastIndexOf("/") + 1;
  const parent = file < 2 ? 0 : name.lastIndexOf("/", file - 2) + 1;
  return { above: name.slice(0, parent), parent: name.slice(parent, file), file: name.slice(file) };
}
