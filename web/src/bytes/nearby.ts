// Reading many small parts of a source: those that are near each other together, and several at the same time.

import { type Bytes } from "./bytes.ts";
import { type ByteSource } from "./source.ts";

/** What may lie between two parts that are read together: asking twice takes longer. */
const GAP = 32 * 1024;
/** The most octets that are read at once. */
const MOST_TOGETHER = 1024 * 1024;
const AT_ONCE = 8;

/** A part of a source. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** Octets of a source that are at hand. Others are read from it. */
class Near implements ByteSource {
  readonly size: number;
  readonly #source: ByteSource;
  readonly #start: number;
  readonly #octets: Bytes;

  constructor(source: ByteSource, start: number, octets: Bytes) {
    this.size = source.size;
    this.#source = source;
    this.#start = start;
    this.#octets = octets;
  }

  async read(offset: number, length: number): Promise<Bytes> {
    const start = offset - this.#start;
    const isHere = start >= 0 && start + length <= this.#octets.length;
    return isHere ? this.#octets.slice(start, start + length) : this.#source.read(offset, length);
  }
}

/** Passes each part to `use`, with a source that has its octets at hand. The parts are in the order of their starts. */
export async function eachPart<P extends Part>(source: ByteSource, parts: readonly P[], use: (part: P, near: ByteSource) => Promise<void>): Promise<void> {
  const groups = together(parts);
  let next = 0;
  const work = async () => {
    for (let group = groups[next++]; group !== undefined; group = groups[next++]) {
      const near = new Near(source, group.start, await source.read(group.start, group.end - group.start));
      for (const part of group.parts) await use(part, near);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

function together<P extends Part>(parts: readonly P[]): { start: number; end: number; parts: P[] }[] {
  const groups: { start: number; end: number; parts: P[] }[] = [];
  for (const part of parts) {
    const last = groups.at(-1);
    if (last !== undefined && part.start <= last.end + GAP && part.end - last.start <= MOST_TOGETHER) {
      last.end = Math.max(last.end, part.end);
      last.parts.push(part);
    } else {
      groups.push({ start: part.start, end: part.end, parts: [part] });
    }
  }
  return groups;
}
