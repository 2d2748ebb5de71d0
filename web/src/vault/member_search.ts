// Searching through the members of archives, several at the same time.

import { type OpenArchive } from "../archive/open_archive.ts";
import { type Bytes } from "../bytes/bytes.ts";
import { Fault } from "../fault.ts";
import { type Keyring } from "../keys/keyring.ts";
import { isBinary } from "../text/binary.ts";
import { InOrder } from "./in_order.ts";
import { kindByName, kindOf } from "./kinds.ts";
import { type Matching } from "./matching.ts";
import { type Hit, type SearchProgress } from "./protocol.ts";
import { REPORT_EVERY } from "./throttled.ts";
import { problemOf } from "./words.ts";

/** Most of the work is done by the browser's own threads. */
const AT_ONCE = 4;
/** The most octets of a member whose name doesn't say that it is a text: it has to be opened to find out. */
const MOST_OF_UNKNOWN = 16 * 1024 * 1024;

/** The most octets of a text: browsers can't hold much longer ones as one. */
const MOST_OF_TEXT = 128 * 1024 * 1024;

/** The most hits that wait for those of the members in front of them. */
const MOST_WAITING = 10_000;

interface Text {
  readonly archive: OpenArchive;
  readonly place: number;
  readonly member: number;
}

/** What came of one member. */
interface Outcome {
  readonly hits: readonly Hit[];
  readonly isCut: boolean;
  readonly isLeftOut: boolean;
  readonly failed: SearchProgress["failed"];
}

const NOTHING: Outcome = { hits: [], isCut: false, isLeftOut: false, failed: [] };

export async function searchMembers(
  archives: readonly OpenArchive[],
  keyring: Keyring,
  matching: Pick<Matching, "match">,
  onProgress: (progress: SearchProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const all = archives.flatMap((archive) => archive.members.map((place, member): Text => ({ archive, place, member })));
  const texts = all.filter(mayBeText);
  let leftOut = all.length - texts.length;
  // In the order of the archives.
  const outcomes = new InOrder<Outcome>(MOST_WAITING, ({ hits }) => hits.length);
  const inTurn = oneByOne();
  let ready: Outcome[] = [];
  let [next, done, reportedAt] = [0, 0, 0];
  const report = () => {
    leftOut += ready.filter(({ isLeftOut }) => isLeftOut).length;
    onProgress({
      searched: done,
      total: texts.length,
      hits: ready.flatMap(({ hits }) => hits),
      cut: ready.filter(({ isCut }) => isCut).length,
      leftOut,
      failed: ready.flatMap(({ failed }) => failed),
    });
    ready = [];
    reportedAt = Date.now();
  };
  const work = async () => {
    for (;;) {
      await outcomes.room();
      signal.throwIfAborted();
      const number = next++;
      const text = texts[number];
      if (text === undefined) return;
      const search = () => searchMember(text, keyring, matching, signal);
      const outcome = await (sizeOf(text) > MOST_OF_UNKNOWN ? inTurn(search) : search());
      ready.push(...outcomes.put(number, outcome));
      done++;
      if (Date.now() - reportedAt >= REPORT_EVERY) report();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  report();
}

/** Names say little: `.callsre` files are texts, and so are numbers that hide other names. Recordings are none. */
function mayBeText(text: Text): boolean {
  const kind = kindByName(text.archive.paths.of(text.place));
  return kind !== "audio" && (kind !== "other" || sizeOf(text) <= MOST_OF_UNKNOWN);
}

/** What it takes in memory before it is opened: ZIP itself may have deflated it. */
function sizeOf({ archive, place }: Text): number {
  const { size, storedSize } = archive.entries[place]!;
  return Math.max(size, storedSize);
}

/** Runs works one after the other: large members take much memory. */
function oneByOne(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const own = last.then(work);
    last = own.catch(() => undefined);
    return own;
  };
}

/** What is shown as a text is searched, and so is what the program takes for one. */
function isText(path: string, content: Bytes): boolean {
  const kind = kindOf(path, content);
  return (kind !== "audio" && kind !== "other") || !isBinary(content);
}

async function searchMember({ archive, place, member }: Text, keyring: Keyring, matching: Pick<Matching, "match">, signal: AbortSignal): Promise<Outcome> {
  try {
    const { path, content, isAuthentic } = await archive.openMember(place, keyring, () => signal.throwIfAborted(), { most: MOST_OF_TEXT, signal });
    if (!isText(path, content)) return { ...NOTHING, isLeftOut: true };
    if (content.length > MOST_OF_TEXT) throw new Fault("unsupported", "it is too long to be searched here", "search it with `callseal grep`");
    const { matches, isCut } = await matching.match(content, AbortSignal.any([signal, archive.closing]));
    const hits = matches.map((match): Hit => ({ archive: archive.id, member, isUnauthenticated: !isAuthentic, ...match }));
    return { ...NOTHING, hits, isCut };
  } catch (error) {
    if (signal.aborted) throw error;
    return { ...NOTHING, failed: [{ archive: archive.id, member, problem: problemOf(archive.paths.of(place), error) }] };
  }
}
