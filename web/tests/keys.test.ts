// Keys that nobody uses: they are refused before anything is computed with them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { type Bytes } from "../src/bytes/bytes.ts";
import { BIT_STRING, Element, INTEGER, SEQUENCE, encode } from "../src/der/ber.ts";
import { fromPkcs1 } from "../src/keys/private_key.ts";
import { bitLength, toBigInt } from "../src/keys/numbers.ts";
import { keyKind, parsePublicKey, weaknessOf } from "../src/keys/public_key.ts";

const number = (...octets: Uint8Array[]) => encode(INTEGER, Uint8Array.of(0), ...octets);
const EXPONENT = encode(INTEGER, Uint8Array.of(1, 0, 1));
const RSA = encode(SEQUENCE, encode(6, Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01)), encode(5));

/** The public key of an RSA modulus. */
const rsa = (modulus: Bytes, exponent: Bytes = EXPONENT) =>
  parsePublicKey(Element.whole(encode(SEQUENCE, RSA, encode(BIT_STRING, Uint8Array.of(0), encode(SEQUENCE, number(modulus), exponent)))));

/** A number of so many octets, all of whose bits are 1. */
const ones = (length: number) => new Uint8Array(length).fill(255);

test("an RSA key has from 1024 to 16,384 bits, as with the program", () => {
  assert.equal(weaknessOf(rsa(ones(128))), undefined);
  assert.equal(weaknessOf(rsa(ones(2048))), undefined);
  assert.equal(weaknessOf(rsa(ones(127))), "has an RSA key of 1016 bits, and at least 1024 (at most 16384) are needed");
  assert.match(weaknessOf(rsa(ones(2049)))!, /an RSA key of 16392 bits/);
  // This takes no time, however long the number is.
  assert.equal(keyKind(rsa(ones(3 * 1024 * 1024))), "RSA, 25165824 bits");
});

test("an RSA key has a modulus and an exponent that can be those of one", () => {
  const even = ones(128);
  even[127] = 254;
  assert.match(weaknessOf(rsa(even))!, /an unusable modulus/);
  for (const exponent of [encode(INTEGER, Uint8Array.of(1)), encode(INTEGER, Uint8Array.of(4)), number(ones(9))]) {
    assert.match(weaknessOf(rsa(ones(128), exponent))!, /an unusable public exponent/);
  }
});

test("no number of a private RSA key is longer than its modulus", async () => {
  const pem = await readFile(path.resolve("../testdata/vectors/0.1.0/rsa.key"), "latin1");
  const der = new Uint8Array(Buffer.from(pem.replaceAll(/-----[^\n]*-----/g, ""), "base64"));
  const key = Element.whole(der).children()[2]!.content;
  const numbers = Element.whole(key.slice()).children().map(({ encoded }) => encoded);
  await fromPkcs1(encode(SEQUENCE, ...numbers));
  for (let place = 3; place < numbers.length; place++) {
    const longer = numbers.with(place, number(ones(64 * 1024)));
    await assert.rejects(fromPkcs1(encode(SEQUENCE, ...longer)), /a number of the RSA key is longer than its modulus/);
  }
});

test("a number has a value and a length", () => {
  assert.equal(toBigInt(Uint8Array.of(0, 1, 0, 255)), 0x100ffn);
  assert.equal(toBigInt(new Uint8Array(0)), 0n);
  assert.deepEqual([[0], [1], [0, 128], [1, 0]].map((octets) => bitLength(Uint8Array.from(octets))), [0, 1, 8, 9]);
});
