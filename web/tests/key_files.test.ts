// Files of keys: what the page reads, and what it says of those that it doesn't.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { type Bytes, concat, encodeUtf8, fromHex } from "../src/bytes/bytes.ts";
import { INTEGER, OCTET_STRING, OID, SEQUENCE, encode } from "../src/der/ber.ts";
import { Fault } from "../src/fault.ts";
import { type KeyFileItem, readKeyFile } from "../src/keys/key_file.ts";
import { type RsaKey } from "../src/keys/private_key.ts";
import { weaknessOf } from "../src/keys/public_key.ts";
import { type Pkesk } from "../src/openpgp/front.ts";
import { unlock } from "../src/openpgp/unlock.ts";

const pem = (label: string, octets: Uint8Array) => `-----BEGIN ${label}-----\n${Buffer.from(octets).toString("base64")}\n-----END ${label}-----\n`;
const read = (text: string | Uint8Array): Promise<KeyFileItem[]> => readKeyFile(typeof text === "string" ? encodeUtf8(text) : Uint8Array.from(text));

async function refused(file: string | Uint8Array): Promise<string> {
  const fault = await read(file).then(() => undefined, (error: unknown) => error);
  assert.ok(fault instanceof Fault, `${fault}`);
  return `${fault.message}; ${fault.hint}`;
}

type Make = (type: string, options?: object) => { privateKey: { export(options: object): string | Buffer } };
const generate = generateKeyPairSync as unknown as Make;
const pkcs8 = (type: string, options = {}) => generate(type, options).privateKey.export({ type: "pkcs8", format: "pem" }) as string;

test("a key that neither the page nor the program supports isn't sent to the program", async () => {
  for (const key of [pkcs8("x25519"), pkcs8("x448"), pkcs8("ec", { namedCurve: "secp256k1" })]) {
    assert.match(await refused(key), /^it has .*, which callseal doesn't support; use an RSA key, or an EC key on P-256, P-384 or P-521$/);
  }
  assert.match(await refused(pkcs8("ec", { namedCurve: "brainpoolP256r1" })), /the curve brainpoolP256r1; use the program/);
});

test("a key that can only sign is said to be one", async () => {
  for (const key of [pkcs8("ed25519"), pkcs8("ed448"), pkcs8("rsa-pss", { modulusLength: 1024 })]) assert.match(await refused(key), /can only sign, and opens nothing/);
});

/** A key as OpenSSH writes it, locked or not, as far as it is looked at. */
function openSsh(kind: string): string {
  const field = (...octets: readonly Uint8Array[]) => {
    const all = concat(...octets);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, all.length);
    return concat(length, all);
  };
  const text = (value: string) => field(encodeUtf8(value));
  const publicKey = field(text(kind), field(new Uint8Array(32)));
  const octets = concat(encodeUtf8("openssh-key-v1\0"), text("aes256-ctr"), text("bcrypt"), field(new Uint8Array(24)), Uint8Array.of(0, 0, 0, 1), publicKey);
  return pem("OPENSSH PRIVATE KEY", octets);
}

test("what can be done with an OpenSSH key depends on its kind", async () => {
  assert.match(await refused(openSsh("ssh-rsa")), /an OpenSSH key.*convert a copy/);
  assert.match(await refused(openSsh("ecdsa-sha2-nistp256")), /an OpenSSH key.*convert a copy/);
  assert.match(await refused(openSsh("ssh-ed25519")), /an Ed25519 key, which can only sign/);
  assert.match(await refused(openSsh("sk-ssh-ed25519@openssh.com")), /can only sign/);
  assert.match(await refused(pem("OPENSSH PRIVATE KEY", encodeUtf8("cut"))), /an OpenSSH key/);
});

test("an OpenPGP certificate isn't taken for a key, and other files for neither", async () => {
  assert.match(await refused(pem("PGP PUBLIC KEY BLOCK", new Uint8Array(3))), /an OpenPGP certificate.*drop your private key/);
  assert.match(await refused(pem("PGP PRIVATE KEY BLOCK", new Uint8Array(3))), /an OpenPGP key.*callseal extract -k KEY/);
  for (const first of [0x98, 0x99, 0xc6]) assert.match(await refused(Uint8Array.of(first, 0, 0)), /an OpenPGP certificate/);
  for (const first of [0x94, 0x95, 0xc5]) assert.match(await refused(Uint8Array.of(first, 0, 0)), /an OpenPGP key/);
  assert.match(await refused(Uint8Array.of(0xff, 0xd8, 0xff)), /neither a private key nor a certificate/);
});

/** A locked key with these numbers for the derivation. */
function locked(rounds: number, ...keyLength: readonly number[]): Bytes {
  // As short as can be: with a zero in front if the first bit is set.
  const digits = (value: number) => value.toString(16).padStart(2 * (Math.floor(Math.log2(value || 1) / 8) + 1), "0");
  const number = (value: number) => encode(INTEGER, fromHex(/^[89a-f]/.test(digits(value)) ? `00${digits(value)}` : digits(value))!);
  const oid = (digits: string) => encode(OID, fromHex(digits)!);
  const prf = encode(SEQUENCE, oid("2a864886f70d0209"));
  const parameters = encode(SEQUENCE, encode(OCTET_STRING, new Uint8Array(16)), number(rounds), ...keyLength.map(number), prf);
  const derivation = encode(SEQUENCE, oid("2a864886f70d01050c"), parameters);
  const cipher = encode(SEQUENCE, oid("60864801650304012a"), encode(OCTET_STRING, new Uint8Array(16)));
  const scheme = encode(SEQUENCE, oid("2a864886f70d01050d"), encode(SEQUENCE, derivation, cipher));
  return encode(SEQUENCE, scheme, encode(OCTET_STRING, new Uint8Array(32)));
}

test("rounds that nobody would wait for are refused before they are made", async () => {
  assert.equal((await read(locked(10_000_000)))[0]?.kind, "locked");
  assert.match(await refused(locked(10_000_001)), /too many rounds/);
  assert.match(await refused(locked(0)), /malformed/);
});

test("the length of a locked key's key is that of its cipher", async () => {
  assert.equal((await read(locked(2048, 32)))[0]?.kind, "locked");
  assert.match(await refused(locked(2048, 16)), /malformed/);
});

test("an RSA key that can't be relied on is no key", async () => {
  assert.match(await refused(pkcs8("rsa", { modulusLength: 1016 })), /has an RSA key of 1016 bits, and at least 1024/);
  const key = (modulus: Bytes, ...exponent: readonly number[]) => ({ kind: "rsa", modulus, exponent: Uint8Array.from(exponent) }) as const;
  const modulus = new Uint8Array(256).fill(0xff);
  assert.equal(weaknessOf(key(modulus, 1, 0, 1)), undefined);
  for (const exponent of [[1], [2], [1, 0], new Array<number>(9).fill(0xff)]) assert.match(weaknessOf(key(modulus, ...exponent))!, /public exponent/);
  assert.match(weaknessOf(key(concat(modulus.subarray(1), Uint8Array.of(0xfe)), 3))!, /modulus/);
  assert.match(weaknessOf(key(modulus.subarray(1), 3), 2048)!, /2040 bits, and at least 2048/);
});

test("a number of OpenPGP has as many bits as it says", async () => {
  const [item] = await read(pkcs8("rsa", { modulusLength: 1024 }));
  assert.ok(item?.kind === "key" && item.key.kind === "rsa");
  let asked = 0;
  const key: RsaKey = { ...item.key, raw: () => (asked++, undefined) };
  const open = (...sealed: readonly number[]) => unlock({ version: 3, recipient: "", algorithm: 1, sealed: Uint8Array.from(sealed) } satisfies Pkesk, key);
  for (const [bits, ...octets] of [[9, 1, 0], [8, 0x80], [1, 1]] as const) {
    await open(0, bits, ...octets);
    assert.equal(asked, 1, `${bits}`);
    asked = 0;
  }
  for (const [bits, ...octets] of [[10, 1, 0], [8, 0x7f], [7, 0x80], [16, 0, 0x80], [2, 1]] as const) {
    await open(0, bits, ...octets);
    assert.equal(asked, 0, `${bits}`);
  }
});
