// Finding places in texts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, MOST_OF_MEMBER, search } from "../src/vault/search.ts";

const query = (text: string, options: { ignoreCase?: boolean; regularExpression?: boolean } = {}) =>
  compile({ text, ignoreCase: options.ignoreCase ?? false, regularExpression: options.regularExpression ?? false });
const found = (text: string, pattern: RegExp) => search(text, pattern).matches.map(({ line, text, start, end }) => `${line}:${text.slice(start, end)}`);

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

test("a wrong expression is a fault", () => {
  assert.throws(() => query("(", { regularExpression: true }), /not a regular expression/);
});
