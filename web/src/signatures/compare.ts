// The entries of an archive, compared with a signed list of them.

import { decodeLossily, decodeUtf8 } from "../bytes/bytes.ts";
import { INDEX_ENTRY } from "../index/index.ts";
import { type OpenArchive } from "../archive/open_archive.ts";
import { withoutEnding } from "../zip/names.ts";
import { type Expected } from "../archive/expected.ts";
import { SIGNATURE_ENTRIES } from "../archive/reserved.ts";
import { type Manifest } from "./manifest.ts";

/** What came of comparing the names. */
export interface Comparison {
  readonly expected: ReadonlyMap<number, Expected>;
  /** The entries that the list has and the archive hasn't. */
  readonly missing: number;
  /** What differs: the entry, and what is wrong with it. */
  readonly faults: readonly { readonly name: string; readonly fault: string }[];
  /** What is wrong with the whole. */
  readonly fault: string | undefined;
}

const ADDED = "it was added or renamed after the archive was signed: the signed list doesn't have it";
const REMOVED = "it was removed or renamed after the archive was signed: the signed list has it";
const moved = (name: string) => `its entries are in another order than they were signed in: “${name}” was moved`;

/** A name that isn't UTF-8 is that of no line: the mark in front of it stands in none. */
const storedNames = (archive: OpenArchive) => archive.entries.map(({ stored }) => decodeUtf8(stored) ?? `\0${decodeLossily(stored)}`);

/** Compares all entries with the manifest, one by one. */
export function compareManifest(archive: OpenArchive, manifest: Manifest): Comparison {
  const own = storedNames(archive).flatMap((name, place) => (SIGNATURE_ENTRIES.has(name) ? [] : [{ name, place }]));
  const isTheSame = own.length === manifest.entries.length && own.every(({ name }, i) => name === manifest.entries[i]!.name);
  if (isTheSame) {
    const expected = new Map(own.map(({ place }, i) => [place, { entry: manifest.entries[i]!.hash }]));
    return { expected, missing: 0, faults: [], fault: undefined };
  }
  const signed = new Set(manifest.entries.map(({ name }) => name));
  const here = new Set(own.map(({ name }) => name));
  const faults = [
    ...own.filter(({ name }) => !signed.has(name)).map(({ name }) => ({ name: withoutEnding(name), fault: ADDED })),
    ...[...signed].filter((name) => !here.has(name)).map((name) => ({ name: withoutEnding(name), fault: REMOVED })),
  ];
  const first = own.find(({ name }, i) => name !== manifest.entries[i]?.name);
  return {
    expected: new Map(),
    missing: 0,
    faults,
    fault: faults.length > 0 ? undefined : moved(first?.name ?? manifest.entries.at(-1)?.name ?? ""),
  };
}

/** Compares the members with the origin. The archive may have fewer of them, in the same order. */
export function compareOrigin(archive: OpenArchive, origin: Manifest): Comparison {
  const names = storedNames(archive);
  const members = archive.entries.flatMap((_, place) => {
    const name = names[place]!;
    return SIGNATURE_ENTRIES.has(name) || name === INDEX_ENTRY ? [] : [{ name, place }];
  });
  const expected = new Map<number, Expected>();
  let next = 0;
  let missing = 0;
  for (const { name, hash, sealed } of origin.entries) {
    const own = members[next];
    if (own?.name === name) {
      // A file that was never sealed is copied as it is.
      expected.set(own.place, sealed === undefined ? { entry: hash } : { sealed });
      next++;
    } else if (name !== INDEX_ENTRY) {
      // The index is new.
      missing++;
    }
  }
  if (next === members.length) return { expected, missing, faults: [], fault: undefined };
  const signed = new Set(origin.entries.map(({ name }) => name));
  const faults = members.filter(({ name }) => !signed.has(name)).map(({ name }) => ({ name: withoutEnding(name), fault: ADDED }));
  return { expected: new Map(), missing, faults, fault: faults.length > 0 ? undefined : moved(members[next]!.name) };
}
