// Searching through the members of archives, several at the same time.

import { type OpenArchive } from "../archive/open_archive.ts";
import { Fault } from "../fault.ts";
import { type Keyring } from "../keys/keyring.ts";
import { decodeText } from "../text/decode.ts";
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

interface Text {
  readonly archive: OpenArchive;
  readonly place: number;
  readonly member: number;
}

/** What came of one member. */
interface Outcome {
  readonly hits: readonly Hit[];
  readonly isCut: boolean;
  readonly failed: SearchProgress["failed"];
}

const NOTHING: Outcome = { hits: [], isCut: false, failed: [] };

export async function searchMembers(
  archives: readonly OpenArchive[],
  keyring: Keyring,
  matching: Matching,
  onProgress: (progress: SearchProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const all = archives.flatMap((archive) => archive.members.map((place, member): Text => ({ archive, place, member })));
  const texts = all.filter(mayBeText);
  const leftOut = all.length - texts.length;
  const outcomes: (Outcome | undefined)[] = [];
  let [next, done, reported, reportedAt] = [0, 0, 0, 0];
  const report = () => {
    // In the order of the archives, whichever is ready first.
    const ready: Outcome[] = [];
    for (let outcome = outcomes[reported]; outcome !== undefined; outcome = outcomes[reported]) {
      ready.push(outcome);
      outcomes[reported++] = NOTHING;
    }
    onProgress({
      searched: done,
      total: texts.length,
      hits: ready.flatMap(({ hits }) => hits),
      cut: ready.filter(({ isCut }) => isCut).length,
      leftOut,
      failed: ready.flatMap(({ failed }) => failed),
    });
    reportedAt = Date.now();
  };
  const work = async () => {
    for (let number = next++; number < texts.length; number = next++) {
      signal.throwIfAborted();
      outcomes[number] = await searchMember(texts[number]!, keyring, matching, signal);
      done++;
      if (Date.now() - reportedAt >= REPORT_EVERY) report();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  report();
}

/** Names say little: `.callsre` files are texts, and so are numbers that hide other names. Recordings are none. */
function mayBeText({ archive, place }: Text): boolean {
  const kind = kindByName(archive.paths.of(place));
  return kind !== "audio" && (kind !== "other" || archive.entries[place]!.storedSize <= MOST_OF_UNKNOWN);
}

async function searchMember({ archive, place, member }: Text, keyring: Keyring, matching: Matching, signal: AbortSignal): Promise<Outcome> {
  try {
    const { path, content, isAuthentic } = await archive.openMember(place, keyring, () => signal.throwIfAborted(), MOST_OF_TEXT);
    const kind = kindOf(path, content);
    if (kind === "audio" || kind === "other") return NOTHING;
    if (content.length > MOST_OF_TEXT) throw new Fault("unsupported", "it is too long to be searched here", "search it with `callseal grep`");
    const { matches, isCut } = await matching.match(decodeText(content).text, signal);
    content.fill(0);
    const hits = matches.map((match): Hit => ({ archive: archive.id, member, isUnauthenticated: !isAuthentic, ...match }));
    return { hits, isCut, failed: [] };
  } catch (error) {
    if (signal.aborted) throw error;
    return { ...NOTHING, failed: [{ archive: archive.id, member, problem: problemOf(archive.paths.of(place), error) }] };
  }
}
