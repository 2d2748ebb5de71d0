// The entries of an archive that aren't members (docs/format.md).

import { INDEX_ENTRY } from "../index/index.ts";

/** The stored names of the entries that hold a list and its signatures. */
export interface ListNames {
  readonly list: string;
  readonly cms: string;
  readonly openpgp: string;
}

export const LISTS = {
  /** The manifest of the archive itself. */
  manifest: {
    list: "META-INF/callseal/manifest",
    cms: "META-INF/callseal/manifest.p7s",
    openpgp: "META-INF/callseal/manifest.sig",
  },
  /** That of the archive that it was shared from. */
  origin: {
    list: "META-INF/callseal/origin",
    cms: "META-INF/callseal/origin.p7s",
    openpgp: "META-INF/callseal/origin.sig",
  },
} as const satisfies Record<string, ListNames>;

/** The entries that no manifest lists. */
export const SIGNATURE_ENTRIES: ReadonlySet<string> = new Set(
  Object.values(LISTS).flatMap(({ list, cms, openpgp }) => [list, cms, openpgp]),
);

/** All entries that aren't members. */
export const RESERVED: ReadonlySet<string> = new Set([INDEX_ENTRY, ...SIGNATURE_ENTRIES]);
