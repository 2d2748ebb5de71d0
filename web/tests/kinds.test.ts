// What the page takes for a text: the program's rule, with the same cases as its own tests.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isBinary } from "../src/text/binary.ts";
import { kindOf } from "../src/vault/kinds.ts";

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const utf8 = (text: string) => new TextEncoder().encode(text);
const utf16 = (text: string) => new Uint8Array(Buffer.from(`\ufeff${text}`, "utf16le"));

const TEXTS: readonly Uint8Array[] = [
  latin1("\x1b[31mcall\x1b[0m \t\x0c\x08"),
  latin1("8=FIX.4.2\x0135=call\x0110=128\x01"),
  latin1("\x02call\x03\x1a"),
  latin1("Gr\xfc\xdfe call"),
  utf8("\u0001Grüße 𝄞 call"),
  latin1("\x01 call"),
  utf16("\u0001Grüße 𝄞 call"),
  new Uint8Array(utf16("call").map((_, at, octets) => octets[at ^ 1]!)),
];

const BINARY: readonly Uint8Array[] = [
  latin1("RIFF call\n\x01\x02\xd5\xd5\x55call\n\xfe\xc3\x80"),
  latin1("call\0"),
  latin1("\x7f call \x80"),
  latin1("\x1f call \xc3\xc3"),
  latin1("\x80 call \x0e"),
  utf16("call\0"),
];

test("a text may have control characters or another encoding", () => {
  for (const text of TEXTS) {
    assert.equal(isBinary(text), false, Buffer.from(text).toString("latin1"));
    assert.equal(kindOf("17.callsre", text), "text");
  }
});

test("sound is binary though it has no zero", () => {
  for (const octets of BINARY) {
    assert.equal(isBinary(octets), true, Buffer.from(octets).toString("latin1"));
    assert.equal(kindOf("17.callsre", octets), "other");
  }
});

test("a character that is cut off where the sample of a text ends is no fault", () => {
  for (const before of [4093, 4094, 4095]) {
    assert.equal(kindOf("17.callsre", utf8(`\u0001${"x".repeat(before - 1)}𝄞`)), "text");
  }
});

test("JSON and XML are known in every encoding", () => {
  assert.equal(kindOf("17", latin1('{"name": "Zo\xeb"}')), "json");
  assert.equal(kindOf("17", latin1('<?xml version="1.0" encoding="ISO-8859-1"?><n>Zo\xeb</n>')), "xml");
  assert.equal(kindOf("17", utf16(' {"name": "Zoë"}')), "json");
});
