// The beginnings of messages in an archive: what they show to everybody.

import { type Bytes } from "../bytes/bytes.ts";
import { inflateBeginning } from "../bytes/inflate.ts";
import { eachPart } from "../bytes/nearby.ts";
import { type ByteSource } from "../bytes/source.ts";
import { Fault, isTruncated } from "../fault.ts";
import { type Beginning, readBeginning } from "../openpgp/front.ts";
import { type Entry, findStart, LOCAL_BYTES, STORED } from "../zip/entry.ts";

/** A few recipients fit into the first octets, two thousand into the last ones. */
const LENGTHS = [4 * 1024, 64 * 1024, 8 * 1024 * 1024];

/** A deflated entry may begin with a table of codes, out of which comes nothing yet. */
const LEAST_STORED = 1024;

/** Reads the first octets of an entry. */
export async function beginningOctets(source: ByteSource, entry: Entry, most: number): Promise<Bytes> {
  const start = await findStart(source, entry);
  if (entry.method === STORED) return source.read(start, Math.min(most, entry.storedSize));
  const stored = await source.read(start, Math.min(Math.max(most, LEAST_STORED), entry.storedSize));
  return inflateBeginning(stored, most);
}

/** Returns what the beginning of a message shows. */
export async function beginningOf(source: ByteSource, entry: Entry): Promise<Beginning> {
  for (const most of LENGTHS) {
    try {
      return readBeginning(await beginningOctets(source, entry, most));
    } catch (error) {
      if (!isTruncated(error) || Math.max(entry.size, entry.storedSize) <= most || most === LENGTHS.at(-1)) throw error;
    }
  }
  throw new Fault("malformed", "it has too many recipients");
}

/** Returns what finds the messages among some entries again, by their numbers. */
export async function messageIds(source: ByteSource, entries: readonly Entry[], places: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const ids = new Map<number, string>();
  const parts = places.map((place) => {
    const entry = entries[place]!;
    const start = entry.offset;
    return { place, start, end: start + LOCAL_BYTES + entry.stored.length + entry.slack + Math.min(LENGTHS[0]!, entry.storedSize) };
  });
  parts.sort((a, b) => a.start - b.start);
  await eachPart(source.unbuffered ?? source, parts, async ({ place }, near) => {
    try {
      ids.set(place, (await beginningOf(near, entries[place]!)).id);
    } catch (error) {
      // What isn't a message has none.
      if (!(error instanceof Fault) || error.kind === "io") throw error;
    }
  });
  return ids;
}
