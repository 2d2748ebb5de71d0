// What the page says of archives that are damaged, and of other files, in the program's words.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { OpenArchive } from "../src/archive/open_archive.ts";
import { FileSource } from "../src/bytes/source.ts";
import { Fault } from "../src/fault.ts";
import { Keyring } from "../src/keys/keyring.ts";
import { findData } from "../src/zip/entry.ts";

const SIGNING = path.resolve("../testdata/vectors/signing");
const open = (content: BlobPart) => OpenArchive.open(0, "a.zip", new FileSource(new Blob([content])));

for (const [what, content, fault] of [
  ["a private key", await readFile(path.join(SIGNING, "customer.key")), /it is a private key, not an archive/],
  ["a certificate", await readFile(path.join(SIGNING, "customer.crt")), /it is a certificate or public key, not an archive/],
  ["a message", Uint8Array.of(0xc1, 4, 3, 0, 0, 0), /it is one message, not an archive/],
  ["a message as text", "-----BEGIN PGP MESSAGE-----\n\n", /it is one message, not an archive/],
  ["a web page", "<!DOCTYPE html><p>Sign in", /it is a web page, not an archive/],
  ["a store's answer", '<?xml version="1.0"?><Error>', /it is an XML document, not an archive/],
  ["another file", "a note\n", /^not a ZIP archive$/],
  ["an empty file", "", /^the file is empty$/],
] as const) {
  test(`an archive that is ${what} is said to be that`, async () => {
    await assert.rejects(open(content as BlobPart), (error: unknown) => error instanceof Fault && fault.test(error.message) && (error.message.includes("empty") || error.hint !== undefined));
  });
}

test("a member with a wrong checksum was altered or damaged in the archive", async () => {
  const octets = new Uint8Array(await readFile(path.join(SIGNING, "rsa.zip")));
  const sound = await open(octets);
  const [place] = sound.members as [number];
  const { start } = await findData(sound.source, sound.entries[place]!);
  octets[start]! ^= 1;
  const damaged = await open(octets);
  await assert.rejects(damaged.openMember(place, new Keyring(), () => undefined), /^Fault: it was altered or damaged in the archive: the checksum is [0-9a-f]{8} instead of [0-9a-f]{8}$/);
});
