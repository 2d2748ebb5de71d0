// Distinguished names: the page reads and compares them as the program does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bytes, encodeUtf8, fromHex } from "../src/bytes/bytes.ts";
import { Element, OID, SEQUENCE, SET, encode } from "../src/der/ber.ts";
import { type Certificate } from "../src/keys/certificate.ts";
import { isSameName, nameText } from "../src/keys/distinguished_name.ts";
import { describe, namesCertificate } from "../src/keys/named.ts";

const UTF8 = 0x0c;
const PRINTABLE = 0x13;
const LATIN1 = 0x14;
const BMP = 0x1e;

/** Object identifiers as they are encoded. */
const TYPES = { CN: "550403", O: "55040a", OU: "55040b", DC: "0992268993f22c640119", strange: "550463" };

type Attribute = readonly [type: keyof typeof TYPES, tag: number, value: string | Bytes];

const attribute = ([type, tag, value]: Attribute) =>
  encode(SEQUENCE, encode(OID, fromHex(TYPES[type])!), encode(tag, typeof value === "string" ? encodeUtf8(value) : value));
const name = (...attributes: readonly Attribute[]): Bytes => encode(SEQUENCE, ...attributes.map((one) => encode(SET, attribute(one))));
const text = (encoded: Bytes) => nameText(Element.whole(encoded));

test("a name is its first common name, else all of it", () => {
  assert.equal(text(name(["O", UTF8, "Acme"], ["CN", UTF8, "first"], ["CN", UTF8, "last"])), "first");
  assert.equal(text(name(["O", UTF8, "Acme"], ["OU", UTF8, "IVR"], ["DC", 0x16, "example"])), "O=Acme, OU=IVR, DC=example");
  assert.equal(text(name(["CN", UTF8, " "], ["CN", UTF8, "last"])), "CN= , CN=last");
  assert.equal(text(name(["strange", UTF8, "x"], ["O", UTF8, Uint8Array.of(0xff)])), "UNDEF=x");
  assert.equal(text(name()), "certificate without a subject");
});

test("a name is read in the encoding that it says", () => {
  assert.equal(text(name(["CN", BMP, Uint8Array.of(0, 0x4b, 0, 0xf6)])), "Kö");
  assert.equal(text(name(["CN", LATIN1, Uint8Array.of(0x4b, 0xf6)])), "Kö");
});

test("a very long name is cut off", () => {
  assert.equal(text(name(["CN", UTF8, "é".repeat(100)])), "é".repeat(100));
  assert.equal(text(name(["CN", UTF8, "é".repeat(101)])), `${"é".repeat(100)}…`);
});

test("two names are the same whatever their encoding, their case and their white space", () => {
  const own = name(["O", UTF8, "Acme  Ltd"], ["CN", UTF8, "ivr-1"]);
  assert.ok(isSameName(own, name(["O", PRINTABLE, " acme ltd "], ["CN", PRINTABLE, "IVR-1"])));
  assert.ok(!isSameName(own, name(["CN", PRINTABLE, "IVR-1"], ["O", PRINTABLE, "acme ltd"])));
  assert.ok(!isSameName(own, name(["O", UTF8, "AcmeLtd"], ["CN", UTF8, "ivr-1"])));
  assert.ok(!isSameName(name(["CN", UTF8, "É"]), name(["CN", UTF8, "é"])));
  assert.ok(!isSameName(name(["CN", UTF8, Uint8Array.of(0xff)]), name(["CN", UTF8, Uint8Array.of(0xfe)])));
});

test("a serial number is the same with or without leading zeros", () => {
  const issuer = name(["CN", UTF8, "ivr-1"]);
  const certificate = { issuer, serial: Uint8Array.of(0x12), keyIdentifier: undefined } as unknown as Certificate;
  const named = (...serial: readonly number[]) => ({ kind: "issuer", issuer, serial: Uint8Array.from(serial) }) as const;
  assert.ok(namesCertificate(named(0, 0, 0x12), certificate));
  assert.ok(!namesCertificate(named(0xff, 0x12), certificate));
  assert.equal(describe(named(0, 0x92)), "serial 92 of ivr-1");
});
