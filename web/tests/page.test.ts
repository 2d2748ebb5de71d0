// What the page reckons, without a browser: rows, scrolling, idle time, addresses, numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { globs } from "../src/text/glob.ts";
import { endOf } from "../src/ui/cut.ts";
import { Failures, MOST_LISTED } from "../src/ui/failures.ts";
import { counted, formatPosition, formatSize, formatTime, spokenDuration } from "../src/ui/format.ts";
import { hitParts, Hits, MOST_HITS } from "../src/ui/hits.ts";
import { IdleClock } from "../src/ui/idle.ts";
import { addressBelow, originOf, servedArchives } from "../src/ui/origin.ts";
import { dayEnd, dayStart, filtered, isReversed, nameAmong, nameParts, NO_FILTER, patternOf, rowsOf, sorted, wordsOf, type ArchiveEntry, type Row } from "../src/ui/rows.ts";
import { ScrollMap } from "../src/ui/scroll.ts";
import { MOST_SIBLINGS, siblingsOf } from "../src/ui/siblings.ts";
import type { Archive, Member, MemberKind } from "../src/vault/protocol.ts";

const entry: ArchiveEntry = { source: { kind: "address", url: "a" }, name: "a", state: { kind: "opening" }, rows: [], verdict: undefined, withdrawn: new Set() };

function archiveOf(...members: [name: string, kind?: MemberKind, modified?: number, size?: number][]): Archive {
  const all = members.map(
    ([name, kind = "other", modified, size], number): Member => ({ number, name, nameIsHidden: false, kind, sealedSize: 1000, size, modified, access: "unknown" }),
  );
  return { id: 1, name: "a", size: 1, members: all, index: "none", granted: 0, grants: [], recipients: [], claimsToBeSignedBy: [], problems: [] };
}

const rows = (...members: Parameters<typeof archiveOf>) => rowsOf(entry, archiveOf(...members));
const names = (list: readonly Row[]) => list.map(({ name }) => name);

test("the filter wants all words, in any order and case", () => {
  const all = rows(["calls/Agent-1/a.wav"], ["calls/agent-2/b.wav"], ["notes/agent-1.txt"]);
  assert.deepEqual(names(filtered(all, { ...NO_FILTER, words: wordsOf(" WAV  agent-1 ") })), ["calls/Agent-1/a.wav"]);
  assert.equal(filtered(all, NO_FILTER).length, 3);
});

test("the filter knows kinds, archives, and days of UTC with both ends", () => {
  const late = Date.UTC(2026, 10, 30, 23, 59, 59);
  const all = rows(["a", "audio", late], ["b", "json", late + 1000], ["c", "audio"]);
  const day = { ...NO_FILTER, from: dayStart("2026-11-30"), until: dayEnd("2026-11-30") };
  assert.deepEqual(names(filtered(all, day)), ["a"]);
  assert.deepEqual(names(filtered(all, { ...NO_FILTER, kind: "audio" })), ["a", "c"]);
  assert.deepEqual(filtered(all, { ...NO_FILTER, entry: { ...entry } }), []);
  assert.equal(dayStart(""), undefined);
  assert.equal(dayEnd("rubbish"), undefined);
});

test("rows are sorted by each column, and equal ones keep their order", () => {
  const all = rows(["b", "json", 3, 10], ["A", "audio", 1, 30], ["c", "json", 2, 20]);
  assert.deepEqual(names(sorted(all, { column: "name", descending: false })), ["A", "b", "c"]);
  assert.deepEqual(names(sorted(all, { column: "date", descending: true })), ["b", "c", "A"]);
  assert.deepEqual(names(sorted(all, { column: "size", descending: false })), ["b", "c", "A"]);
  assert.deepEqual(names(sorted(all, { column: "kind", descending: false })), ["A", "b", "c"]);
});

test("names are searched as they are shown", () => {
  const [row] = rows(["a\u202eb"]);
  assert.equal(row?.searchedName, "a[u+202e]b");
});

test("what was found out about a member stays known under the name that it had then, and under no other", () => {
  const own: ArchiveEntry = { ...entry };
  own.rows = rowsOf(own, archiveOf(["call.wav"]));
  Object.assign(own.rows[0] ?? {}, { authenticity: "authentic", access: "no" });
  const [same] = rowsOf(own, archiveOf(["call.wav"]));
  assert.deepEqual([same?.name, same?.authenticity, same?.access], ["call.wav", "authentic", "no"]);
  // An index or a grant, which anybody can make, gives it another one.
  const [other] = rowsOf(own, archiveOf(["board.wav"]));
  assert.deepEqual([other?.name, other?.authenticity, other?.access], ["board.wav", "unopened", "unknown"]);
});

test("a hundred thousand rows are filtered in one go", () => {
  const [member] = archiveOf(["a"]).members;
  assert.ok(member);
  const members = Array.from({ length: 100_000 }, (_, number): Member => ({ ...member, number, name: `calls/agent-${number % 97}/call-${number}.wav` }));
  const all = rowsOf(entry, { ...archiveOf(), members });
  assert.equal(filtered(all, { ...NO_FILTER, words: ["call-77777"] }).length, 1);
});

test("a pattern is of the file's name, or of parts of its path to the end", () => {
  const all = rows(["calls/2026/a.wav"], ["calls/2026/ab.wav"], ["a.wav"], ["notes/\u{1f600}.txt"]);
  const found = (word: string) => names(filtered(all, { ...NO_FILTER, words: wordsOf(word) }));
  assert.deepEqual(found("?.wav"), ["calls/2026/a.wav", "a.wav"]);
  assert.deepEqual(found("2026/*.wav"), ["calls/2026/a.wav", "calls/2026/ab.wav"]);
  assert.deepEqual(found("c*b.wav"), ["calls/2026/ab.wav"]);
  assert.deepEqual(found("?.txt"), ["notes/\u{1f600}.txt"]);
  assert.deepEqual(found("*wav*"), ["calls/2026/a.wav", "calls/2026/ab.wav", "a.wav"]);
  assert.deepEqual(found("wav*"), []);
});

test("patterns match what regular expressions say", () => {
  const of = (alphabet: readonly string[], length: number): string[] =>
    length === 0 ? [""] : ["", ...alphabet.flatMap((one) => of(alphabet, length - 1).map((rest) => one + rest))];
  const texts = [...new Set(of(["a", "b", "\u{1f600}"], 4))];
  for (const pattern of new Set(of(["a", "b", "*", "?"], 4))) {
    const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`, "su");
    for (const text of texts) assert.equal(globs(text, pattern), expression.test(text), `${text} ${pattern}`);
  }
});

test("a name that was made for it doesn't keep a pattern busy", () => {
  const all = rows([`${"call/".repeat(13_000)}x.txt`], ["calls/a.wav"]);
  assert.deepEqual(names(filtered(all, { ...NO_FILTER, words: wordsOf("*call*.wav") })), ["calls/a.wav"]);
  assert.deepEqual(names(filtered(all, { ...NO_FILTER, words: wordsOf("*c*a*l*l*.wav") })), ["calls/a.wav"]);
});

test("a name has its file, its last directory, and what is above", () => {
  assert.deepEqual(nameParts("a/b/c.wav"), { above: "a/", parent: "b/", file: "c.wav" });
  assert.deepEqual(nameParts("b/c.wav"), { above: "", parent: "b/", file: "c.wav" });
  assert.deepEqual(nameParts("c.wav"), { above: "", parent: "", file: "c.wav" });
  assert.deepEqual(nameParts("/c.wav"), { above: "", parent: "/", file: "c.wav" });
});

test("what stays of a name that is cut is its end: whole directories if they fit, and never half a character", () => {
  const end = (name: string, most: number) => name.slice(endOf(name, most));
  assert.equal(end("big/2026-04-01/agent-00/20260401-090000-1000/", 28), "20260401-090000-1000/");
  assert.equal(end("big/2026-04-01/agent-00/20260401-090000-1000/", 30), "agent-00/20260401-090000-1000/");
  assert.equal(end("agent-00/20260401-090000-1000/both.wav", 22), "01-090000-1000/both.wav".slice(1));
  assert.equal(end("calls/both.wav", 36), "calls/both.wav");
  assert.equal(end("a-very-long-name-of-a-file.wav", 8), "file.wav");
  assert.equal(end(`x${"\u{1f4de}".repeat(10)}`, 5), "\u{1f4de}\u{1f4de}");
  assert.equal(end("", 5), "");
});

test("dates the wrong way round are known as such", () => {
  const from = dayStart("2026-12-02");
  assert.ok(isReversed({ ...NO_FILTER, from, until: dayEnd("2026-12-01") }));
  assert.ok(!isReversed({ ...NO_FILTER, from, until: dayEnd("2026-12-02") }));
  assert.ok(!isReversed({ ...NO_FILTER, from }));
});

test("names that hold a text are found by it, whatever signs are in it", () => {
  const all = rows(["a b/x*y/1.wav"], ["a b/xzy/2.wav"]);
  assert.deepEqual(names(filtered(all, { ...NO_FILTER, words: wordsOf(patternOf("a b/x?y/")) })), ["a b/x*y/1.wav", "a b/xzy/2.wav"]);
  assert.deepEqual(names(filtered(all, { ...NO_FILTER, words: wordsOf(patternOf("a b/xzy/")) })), ["a b/xzy/2.wav"]);
});

test("what else is in a member's directory begins with the recordings, and nothing below or beside it is there", () => {
  const own: ArchiveEntry = { ...entry };
  const fill = (...members: Parameters<typeof archiveOf>) => (own.rows = rowsOf(own, archiveOf(...members)));
  const [first] = fill(["d/call.json", "json"], ["d/b.xml", "xml"], ["d/z.wav", "audio"], ["d/e/a.wav", "audio"], ["dd/a.wav", "audio"], ["a.wav", "audio"]);
  assert.ok(first);
  assert.deepEqual(names(siblingsOf(first)), ["d/z.wav", "d/b.xml"]);
  // Without directories, all calls would be next to each other.
  const [flat] = fill(...Array.from({ length: MOST_SIBLINGS + 1 }, (_, i): [string] => [`${i}.wav`]));
  assert.equal(siblingsOf(flat!).length, MOST_SIBLINGS);
  const [flatter] = fill(...Array.from({ length: MOST_SIBLINGS + 2 }, (_, i): [string] => [`${i}.wav`]));
  assert.deepEqual(siblingsOf(flatter!), []);
  own.rows = [];
  own.rows = rowsOf(own, { ...archiveOf(), members: ["000001", "000002"].map((name, number) => ({ ...archiveOf(["x"]).members[0]!, name, number, nameIsHidden: true })) });
  assert.deepEqual(siblingsOf(own.rows[0]!), [], "a number says nothing of a directory");
});

test("a name has its archive in front of it where there are several", () => {
  const [row] = rows(["x/a.wav"]);
  assert.equal(nameAmong([entry], row!), "x/a.wav");
  assert.equal(nameAmong([entry, { ...entry }], row!), "a › x/a.wav");
});

test("rows that get another height stay where they were", () => {
  const map = new ScrollMap(34);
  map.resize(100_000, 340);
  map.reveal(500, "top");
  assert.equal(map.firstInView, 500);
  map.rowHeight = 48;
  map.resize(100_000, 340);
  assert.equal(map.reveal(500, "top"), 24_000);
  assert.equal(map.firstInView, 500);
});

test("only the rows in view and some around them are there", () => {
  const map = new ScrollMap(30);
  map.resize(100_000, 300);
  assert.equal(map.height, 3_000_000);
  map.scrolled(30_000);
  assert.deepEqual(map.range(2), { first: 998, end: 1012 });
  assert.equal(map.placeOf(1000), 30_000);
  map.scrolled(2_999_700);
  assert.equal(map.range(5).end, 100_000);
});

test("a row is brought into view with the least way, or into the middle", () => {
  const map = new ScrollMap(10);
  map.resize(100, 100);
  assert.equal(map.reveal(5, "nearest"), 0);
  assert.equal(map.reveal(10, "nearest"), 10);
  assert.equal(map.reveal(50, "middle"), 455);
  assert.equal(map.reveal(99, "nearest"), 900);
  assert.equal(map.reveal(0, "middle"), 0);
});

test("a list that is higher than elements can be is scrolled to each of its rows", () => {
  const map = new ScrollMap(20);
  const count = 5_000_000;
  map.resize(count, 600);
  assert.equal(map.height, 8_000_000);
  const end = map.height - 600;
  map.scrolled(end);
  assert.equal(map.range(0).end, count, "the bar at its end shows the last row");
  map.scrolled(end - 100);
  assert.ok(map.range(0).end < count);
  map.scrolled(end);
  assert.equal(map.range(0).end, count, "the wheel at the end shows it, too");
  map.scrolled(0);
  assert.equal(map.range(0).first, 0);
  map.scrolled(120);
  assert.equal(map.range(0).first, 6, "the wheel goes row by row");
  map.scrolled(end / 2);
  assert.ok(Math.abs(map.range(0).first - count / 2) < 50, "the bar in the middle shows the middle");
  for (const row of [0, 1, 123_456, 4_999_999]) {
    const scrollTop = map.reveal(row, "middle");
    const { first, end: last } = map.range(0);
    assert.ok(first <= row && row < last, `row ${row}`);
    const place = map.placeOf(row);
    assert.ok(place >= scrollTop && place + 20 <= scrollTop + 600, `row ${row} is in view`);
  }
});

test("a list of nothing and a view of nothing do no harm", () => {
  const map = new ScrollMap(20);
  map.resize(0, 0);
  map.scrolled(500);
  assert.deepEqual(map.range(8), { first: 0, end: 0 });
  map.resize(3, 0);
  assert.ok(map.range(8).end <= 3);
});

test("after fifteen idle minutes it's over, and the last of them is counted down", () => {
  const minute = 60_000;
  const clock = new IdleClock(0);
  assert.deepEqual(clock.look(13 * minute), { kind: "used" });
  assert.deepEqual(clock.look(14 * minute), { kind: "warned", seconds: 60 });
  assert.deepEqual(clock.look(15 * minute - 1), { kind: "warned", seconds: 1 });
  assert.deepEqual(clock.look(15 * minute), { kind: "over" });
  clock.used(15 * minute);
  assert.deepEqual(clock.look(16 * minute), { kind: "used" });
});

test("a clock that is set back gives no more time than before", () => {
  const clock = new IdleClock(1_000_000_000);
  clock.look(0);
  assert.deepEqual(clock.look(15 * 60_000), { kind: "over" });
});

test("the page's own element says where archives come from, and nonsense means files alone", () => {
  assert.deepEqual(originOf("dropped"), { kind: "dropped" });
  assert.deepEqual(originOf("served"), { kind: "served" });
  assert.deepEqual(originOf("from https://store.example"), { kind: "store", base: "https://store.example/" });
  for (const odd of [undefined, "", "from", "from javascript:alert(1)", "from https://"]) assert.deepEqual(originOf(odd), { kind: "dropped" });
});

test("the list of served archives gives absolute addresses, and leaves out what is none", () => {
  const list = { archives: [{ name: "a.zip", size: 1, url: "archives/a.zip?x=1" }, { name: 5, url: "b" }, null, { name: "c", url: "http://[" }] };
  assert.deepEqual(servedArchives(list, "http://127.0.0.1:8000/p/archives.json"), [{ name: "a.zip", url: "http://127.0.0.1:8000/p/archives/a.zip?x=1" }]);
  for (const odd of [null, [], {}, { archives: {} }, "x"]) assert.throws(() => servedArchives(odd, "http://a/"), TypeError);
});

test("an address is taken if it's below the store's, and nothing else is", () => {
  const base = "https://store.example/calls";
  const taken = { name: "a b.zip", url: "https://store.example/calls/2026/a%20b.zip" };
  assert.deepEqual(addressBelow(base, "https://store.example/calls/2026/a%20b.zip"), taken);
  assert.deepEqual(addressBelow(`${base}/`, "2026/a%20b.zip"), taken);
  for (const odd of ["https://other.example/calls/a.zip", "http://store.example/calls/a.zip", "https://store.example/callsign/a.zip", "../a.zip", "/calls/../a.zip", "", "//other.example/calls/a"]) {
    assert.ok("message" in addressBelow(`${base}/`, odd), odd);
  }
});

test("numbers are written for people", () => {
  assert.deepEqual([0, 1023, 1024, 10 * 1024 ** 2, 1.5 * 1024 ** 3].map(formatSize), ["0 B", "1023 B", "1.0 KiB", "10 MiB", "1.5 GiB"]);
  assert.deepEqual([0, 65.9, 3725].map(formatPosition), ["0:00", "1:05", "1:02:05"]);
  assert.deepEqual([0, 65, 3600, 3725].map(spokenDuration), ["0 s", "1 min 5 s", "1 h", "1 h 2 min 5 s"]);
  assert.equal(counted(1, "member"), "1 member");
  assert.equal(counted(1204, "member"), "1,204 members");
  assert.equal(formatTime(Date.UTC(2026, 10, 30, 9, 5, 7)), "2026-11-30 09:05");
  assert.deepEqual([undefined, NaN, 1e300, -1e300].map((time) => formatTime(time)), ["", "", "", ""]);
});

test("hits are grouped by member, and there is an end to them", () => {
  const [a, b] = rows(["a"], ["b"]);
  assert.ok(a && b);
  const hit = { isUnauthenticated: false, archive: 1, member: 0, line: 1, text: "x", start: 0, end: 1 };
  const hits = new Hits();
  for (const row of [a, b, a]) hits.add(row, hit);
  assert.deepEqual(hits.rows().map((one) => [one.kind, one.row.name]), [["member", "a"], ["hit", "a"], ["hit", "a"], ["member", "b"], ["hit", "b"]]);
  for (let i = 0; i < MOST_HITS + 10; i++) hits.add(a, hit);
  assert.equal(hits.count, MOST_HITS);
});

test("what was found follows its members, and goes with them", () => {
  const hits = new Hits();
  const [a, b] = rows(["a"], ["b"]);
  const found = { archive: 1, member: 0, line: 1, text: "x", start: 0, end: 1, isUnauthenticated: false };
  assert.ok(a && b);
  hits.add(a, found);
  hits.add(a, found);
  hits.add(b, found);
  const now = { ...a };
  hits.follow((row) => (row === a ? now : undefined));
  assert.deepEqual([hits.count, hits.members], [2, 1]);
  assert.ok(hits.rows().every(({ row }) => row === now));
});

test("failures are counted by archive, and the first ones are listed", () => {
  const failures = new Failures();
  const other: ArchiveEntry = { ...entry };
  const [own] = rows(["a"]);
  const [others] = rowsOf(other, archiveOf(["b"]));
  assert.ok(own && others);
  const problem = { message: "it was altered", hint: undefined };
  for (let number = 0; number < MOST_LISTED; number++) failures.add({ row: own, problem });
  for (let number = 0; number < 3; number++) failures.add({ row: others, problem });
  assert.deepEqual([failures.total, failures.listed.length], [MOST_LISTED + 3, MOST_LISTED]);
  failures.follow([other]);
  assert.deepEqual([failures.total, failures.listed.map(({ row }) => row)], [3, [others, others, others]]);
});

test("a match far to the right is seen in its line", () => {
  const text = `${"-".repeat(200)}match after`;
  const { before, match, after } = hitParts({ isUnauthenticated: false, archive: 1, member: 0, line: 1, text, start: 200, end: 205 });
  assert.deepEqual([before.length < 50, before[0], match, after], [true, "…", "match", " after"]);
});
