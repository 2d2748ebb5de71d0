// Texts: encodings, formatting that changes nothing, rows, colours, finding, escapes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeText } from "../src/text/decode.ts";
import { shown } from "../src/text/escapes.ts";
import { fileName } from "../src/text/filename.ts";
import { findAll, locate } from "../src/text/find.ts";
import { formatJson } from "../src/text/json.ts";
import { layOut, rowAt } from "../src/text/layout.ts";
import { lineAt, MOST_LINES, plainLines, type Lines } from "../src/text/lines.ts";
import { paintRow } from "../src/text/paint.ts";
import { formatXml } from "../src/text/xml.ts";

function done<Result>(work: Generator<unknown, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** The lines as they are shown. */
function printed(lines: Lines | undefined): string[] {
  assert.ok(lines);
  return Array.from({ length: lines.count }, (_, line) => {
    const segments = paintRow(lines, lines.starts[line] ?? 0, lines.ends[line] ?? 0, []);
    return " ".repeat(lines.indents[line] ?? 0) + segments.map(({ text }) => text).join("");
  });
}

const json = (text: string) => done(formatJson(text));
const bytes = (...octets: number[]) => new Uint8Array(octets);

test("UTF-8, UTF-16 and Latin-1 are read", () => {
  assert.deepEqual(decodeText(bytes(0xef, 0xbb, 0xbf, 0xc3, 0xa4)), { text: "ä", encoding: "UTF-8" });
  assert.deepEqual(decodeText(bytes(0xff, 0xfe, 0xe4, 0)), { text: "ä", encoding: "UTF-16LE" });
  assert.deepEqual(decodeText(bytes(0xfe, 0xff, 0, 0xe4)), { text: "ä", encoding: "UTF-16BE" });
  assert.deepEqual(decodeText(bytes(0x61, 0xe4)), { text: "aä", encoding: "Latin-1" });
  assert.deepEqual(decodeText(bytes()), { text: "", encoding: "UTF-8" });
});

test("JSON is indented", () => {
  const { lines, notice } = json('{"a":[1,{"b":null}],"c":{},"d":[ ],"e" : "x"}');
  assert.deepEqual(printed(lines), ["{", '  "a": [', "    1,", "    {", '      "b": null', "    }", "  ],", '  "c": {},', '  "d": [],', '  "e": "x"', "}"]);
  assert.equal(notice, undefined);
});

test("no digit and no escape of JSON is changed", () => {
  const text = '[9007199254740993,1.10,1E400,-0,"\\u00e4\\/\\ud83d","ä"]';
  const values = printed(json(text).lines).slice(1, -1).map((line) => line.trim());
  assert.deepEqual(values, ["9007199254740993,", "1.10,", "1E400,", "-0,", '"\\u00e4\\/\\ud83d",', '"ä"']);
});

test("formatting JSON changes nothing but the space between tokens", () => {
  let seed = 3;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below;
  const value = (depth: number): unknown => {
    const kind = random(depth > 4 ? 4 : 6);
    if (kind === 4) return Array.from({ length: random(4) }, () => value(depth + 1));
    if (kind === 5) return Object.fromEntries(Array.from({ length: random(4) }, (_, i) => [`k\u2028"${i}`, value(depth + 1)]));
    return [null, true, random(1e6) / 7, 'a "b" \\ \n ü {[,:'][kind];
  };
  for (let round = 0; round < 300; round++) {
    const one = value(0);
    const indented = JSON.stringify(one, undefined, 1 + (round % 5));
    const { lines } = json(indented);
    assert.ok(lines);
    const ranges = Array.from({ length: lines.count }, (_, i) => indented.slice(lines.starts[i], lines.ends[i]));
    assert.deepEqual(JSON.parse(ranges.join("\n")), one);
    assert.deepEqual(printed(lines).map((line) => line.trimEnd()), JSON.stringify(one, undefined, 2).split("\n").map(shownLine));
  }
});

/** Line separators are characters that can't be seen. */
const shownLine = (line: string) => line.replaceAll("\u2028", "[U+2028]");

test("what isn't JSON is shown as it is, and the page says where it ends to be JSON", () => {
  for (const [text, where] of [
    ['{"a":1,}', /line 1, column 8/],
    ["[1 2]", /line 1, column 4/],
    ["[1,\n02]", /line 2, column 2/],
    ["", /too early/],
    ['{"a"', /too early/],
    ['["a\nb"]', /line 1, column 2/],
    ['["\\x"]', /column 2/],
    ["[1]]", /column 4/],
    ["nul", /column 1/],
    ["{'a':1}", /column 2/],
    ["[}", /column 2/],
    ["{]", /column 2/],
    ["[1}", /column 3/],
  ] as const) {
    const { lines, notice } = json(text);
    assert.equal(lines, undefined, text);
    assert.match(notice ?? "", where, text);
  }
});

test("keys that are there twice are shown twice, and the page says so", () => {
  const { lines, notice } = json('{"a":1,"\\u0061":2,"b":{"a":3}}');
  assert.deepEqual(printed(lines).slice(1, 3), ['  "a": 1,', '  "\\u0061": 2,']);
  assert.match(notice ?? "", /more than once/);
  assert.equal(json('{"a":{"a":1},"b":[{"a":1},{"a":1}]}').notice, undefined);
});

test("a key that is called __proto__ is like any other", () => {
  assert.equal(json('{"__proto__":1,"constructor":2,"hasOwnProperty":3}').notice, undefined);
});

test("JSON that is made to break readers is shown as it is or cut", () => {
  assert.match(json("[".repeat(2_000_000)).notice ?? "", /nested deeper/);
  const long = "a".repeat(20_000_000);
  assert.deepEqual(json(`["${long}"]`).lines?.count, 3);
  assert.equal(json(`[${"1".repeat(5_000_000)}]`).lines?.count, 3);
  assert.equal(json(`${" ".repeat(5_000_000)}1`).lines?.count, 1);
  const { lines } = json(`[${"1,".repeat(MOST_LINES + 5)}1]`);
  assert.equal(lines?.count, MOST_LINES);
  assert.ok(lines.isCut);
});

test("XML is indented, and its texts stay what they are", () => {
  const { lines, notice } = done(formatXml(`<?xml version="1.0"?><a><b x="1 > 0" y='">'>text &amp; more</b><c/><!-- two\n  lines --><d><![CDATA[<e>]]></d> tail </a>`));
  assert.deepEqual(printed(lines), ['<?xml version="1.0"?>', "<a>", `  <b x="1 > 0" y='">'>text &amp; more</b>`, "  <c/>", "  <!-- two", "  lines -->", "  <d><![CDATA[<e>]]></d>", "  tail", "</a>"]);
  assert.equal(notice, undefined);
});

test("XML that isn't well-formed is shown, and the page says so", () => {
  for (const text of ["<a><b></a>", "</a>", "<a", "<a b='", "<<<<", "text", "<a></a></a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;"]) {
    const { lines } = done(formatXml(text));
    const kept = printed(lines).join("").replace(/\s/g, "");
    assert.equal(kept, text.replace(/\s/g, ""), text);
  }
  assert.match(done(formatXml("<a><b></a>")).notice ?? "", /well-formed/);
});

test("all ends of lines end lines, and the last one starts none", () => {
  const lines = (text: string) => printed(done(plainLines(text, "plain")));
  assert.deepEqual(lines("a\nb\r\nc\rd"), ["a", "b", "c", "d"]);
  assert.deepEqual(lines("a\n"), ["a"]);
  assert.deepEqual(lines("a\n\n"), ["a", ""]);
  assert.deepEqual(lines(""), [""]);
});

test("rows end at a space, and together they are the line", () => {
  const text = "some words of a line that is longer than a row, and averyveryverylongwordwithoutanyspaceatall";
  const lines = done(plainLines(text, "plain"));
  const layout = done(layOut(lines, 20));
  const rows = Array.from({ length: layout.count }, (_, i) => text.slice(layout.starts[i], layout.starts[i + 1]));
  assert.equal(rows.join(""), text);
  assert.ok(rows.every((row) => row.length <= 20));
  assert.equal(rows[0], "some words of a ");
  assert.equal(rowAt(layout, text.indexOf("longer")), rows.findIndex((row) => row.includes("longer")));
});

test("wide characters take two columns, and no row cuts a character in two", () => {
  const text = "😀".repeat(30) + "漢字".repeat(20);
  const layout = done(layOut(done(plainLines(text, "plain")), 20));
  for (const [i, start] of layout.starts.entries()) {
    const row = text.slice(start, layout.starts[i + 1]);
    assert.doesNotMatch(row, /\p{Surrogate}/u);
    assert.ok([...row].length <= 10);
  }
});

test("empty and short lines have one row each", () => {
  const layout = done(layOut(done(plainLines("\n\nab\n", "plain")), 80));
  assert.deepEqual([...layout.lines], [0, 1, 2]);
});

test("a row has its colours, its matches and its escapes", () => {
  const text = '{"key": "va\u202elue", "n": 1}';
  const { lines } = json(text);
  assert.ok(lines);
  const at = text.indexOf("lue");
  const segments = paintRow(lines, lines.starts[1] ?? 0, lines.ends[1] ?? 0, [{ start: at, end: at + 3, mark: "current" }]);
  assert.deepEqual(
    segments.filter(({ text }) => text !== "").map(({ text, kind, mark }) => [text, kind, mark]),
    [
      ['"key"', "key", undefined],
      [": ", "colon", undefined],
      ['"va', "string", undefined],
      ["[U+202E]", "escape", undefined],
      ["lue", "string", "current"],
      ['"', "string", undefined],
      [",", "mark", undefined],
    ],
  );
  assert.equal(lineAt(lines, at), 1);
});

test("a section of CDATA has no tags, and quotes between tags are text", () => {
  const coloured = (text: string) =>
    paintRow(done(formatXml(text)).lines, 0, text.length, []).flatMap(({ text, kind }) => (kind === undefined ? [] : [[text, kind]]));
  assert.deepEqual(coloured(`<a b="c">it's "d"</a>`), [["<a", "tag"], ["b", "attribute"], ['"c"', "string"], [">", "tag"], ["</a>", "tag"]]);
  assert.deepEqual(coloured(`<a><![CDATA[<e f="g">]]></a>`), [["<a>", "tag"], ["<![CDATA[", "comment"], ["]]>", "comment"], ["</a>", "tag"]]);
});

test("a text is found without regard to case, and as a text", () => {
  assert.deepEqual(done(findAll("a.b A.B axb", "a.B")).starts, [0, 4]);
  assert.deepEqual(done(findAll("x", "")).starts, []);
  for (const odd of ["(", "[a-", "a{2}", "\\", "$^", "-", "/", "😀"]) assert.deepEqual(done(findAll(`x${odd}`, odd)).starts, [1], odd);
});

test("a text is found across the parts in which it's searched, once", () => {
  const far = 1024 * 1024;
  const text = "-".repeat(far - 2) + "needle" + "-".repeat(far) + "needle";
  assert.deepEqual(done(findAll(text, "NEEDLE")).starts, [far - 2, 2 * far + 4]);
});

test("too many matches are cut", () => {
  const { starts, isCut } = done(findAll("a".repeat(200_000), "a"));
  assert.equal(starts.length, 100_000);
  assert.ok(isCut);
});

test("what the vault found is found in the text, though its line is cut", () => {
  const line = '{"a":"one parcel","b":"two parcel","c":"three"}';
  const text = `first parcel\n${line}\nlast`;
  const wanted = text.indexOf("two parcel") + 4;
  assert.equal(locate(text, 2, '…"b":"two parcel","c"…', '…"b":"two '.length, '…"b":"two parcel'.length), wanted);
  assert.equal(locate(text, 1, "first parcel", 6, 12), 6);
  assert.equal(locate(text, 3, "not there", 0, 3), text.lastIndexOf("last"));
  assert.equal(locate(text, 99, "not there", 0, 3), text.lastIndexOf("last"));
});

test("characters that can't be seen are shown by their numbers", () => {
  assert.equal(shown("report\u202Evaw.exe"), "report[U+202E]vaw.exe");
  assert.equal(shown("a\nb\u0000\u007f\u200b\u2066\ufeff\ud800"), "a[U+000A]b[U+0000][U+007F][U+200B][U+2066][U+FEFF][U+D800]");
  assert.equal(shown("\u{e0041}"), "[U+E0041]");
  assert.equal(shown("Größe 漢字 مرحبا 😀 é"), "Größe 漢字 مرحبا 😀 é");
  // Joiners and variation selectors make two names look alike.
  assert.equal(shown("a\u200cb\ufe0f"), "a[U+200C]b[U+FE0F]");
});

test("the name of a saved file is its own last part, and harmless", () => {
  assert.equal(fileName("calls/2026/call-1.wav"), "call-1.wav");
  assert.equal(fileName("a/..\\..\\evil:name?.wav"), "_.._evil_name_.wav");
  assert.equal(fileName("a/\u202Egnp.exe"), "_gnp.exe");
  assert.equal(fileName("a/.bashrc"), "bashrc");
  assert.equal(fileName("a/"), "member");
  assert.equal(fileName("..."), "member");
  assert.equal(fileName("CON.txt"), "_CON.txt");
  assert.equal(fileName("com1"), "_com1");
  assert.match(fileName(`${"x".repeat(500)}.json`), /^x{115}\.json$/);
});

test("XML without any line end is formatted in time that grows with its length", () => {
  const text = `<a>${"<b>c</b>text".repeat(200_000)}</a>`;
  const { lines } = done(formatXml(text));
  assert.ok(lines.starts.length > 200_000);
});
