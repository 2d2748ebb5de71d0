// Finding places in texts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, MOST_OF_MEMBER, type Pattern, search } from "../src/vault/search.ts";

const query = (text: string, options: { ignoreCase?: boolean; regularExpression?: boolean } = {}) =>
  compile({ text, ignoreCase: options.ignoreCase ?? false, regularExpression: options.regularExpression ?? false });
const found = (text: string, pattern: Pattern) => search(text, pattern).matches.map(({ line, text, start, end }) => `${line}:${text.slice(start, end)}`);

test("all places of a line are found, and lines are counted from 1", () => {
  assert.deepEqual(found('{"a":"balance","b":"balance"}\r\nno\nbalance', query("balance")), ["1:balance", "1:balance", "3:balance"]);
});

test("a text is searched for as it is, unless it is a regular expression", () => {
  assert.deepEqual(found("1.50 1x50", query("1.50")), ["1:1.50"]);
  assert.deepEqual(found("1.50 1x50", query("1.50", { regularExpression: true })), ["1:1.50", "1:1x50"]);
  assert.deepEqual(found("Zoë ZOË", query("zoë", { ignoreCase: true })), ["1:Zoë", "1:ZOË"]);
});

test("a long line is cut around each place", () => {
  const [hit] = search(`${"a".repeat(500)}balance${"b".repeat(500)}`, query("balance")).matches;
  assert.equal(hit!.text.slice(hit!.start, hit!.end), "balance");
  assert.ok(hit!.text.length < 300 && hit!.text.startsWith("…") && hit!.text.endsWith("…"));
});

test("an expression that matches nothing at all ends", () => {
  assert.equal(search("ab", query("x*", { regularExpression: true })).matches.length, 3);
});

test("the places of one member have a limit, which is said", () => {
  const { matches, isCut } = search("a".repeat(100_000), query("a"));
  assert.deepEqual([matches.length, isCut], [MOST_OF_MEMBER, true]);
  assert.equal(search("a".repeat(MOST_OF_MEMBER), query("a")).isCut, false);
});

test("a place anywhere in a long line is found", () => {
  for (const length of [65_530, 65_536, 1_048_570]) {
    assert.deepEqual(found(`${"x".repeat(length)}refund please${"y".repeat(100)}`, query("refund please")), ["1:refund please"]);
  }
});

test("a text as it is found where the expression of it is found line by line", () => {
  const pieces = ["refund", "re", "fund", "REFUND", " ", "\n", "\r\n", "\r", "x".repeat(150), "é", "\u{1f4de}"];
  let state = 7;
  for (let round = 0; round < 500; round++) {
    let text = "";
    for (let piece = 0; piece < 30; piece++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      text += pieces[(state >>> 16) % pieces.length]!;
    }
    for (const word of ["refund", "e", "fund\r", "re\nfund", "\u{1f4de}"]) {
      for (const ignoreCase of [false, true]) {
        assert.deepEqual(search(text, query(word, { ignoreCase })), search(text, query(word, { ignoreCase, regularExpression: true })), JSON.stringify({ text, word }));
      }
    }
  }
});

test("a word behind millions of empty lines is found in its line", () => {
  assert.deepEqual(found(`${"\n".repeat(20_000_000)}a refund`, query("refund")), ["20000001:refund"]);
});

test("a wrong expression is a fault", () => {
  assert.throws(() => query("(", { regularExpression: true }), /not a regular expression/);
});
