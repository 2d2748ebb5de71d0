// Whose keys are tried on a CMS message: those that it names, as with the program.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { FileSource } from "../src/bytes/source.ts";
import { readKeyFile } from "../src/keys/key_file.ts";
import { Keyring } from "../src/keys/keyring.ts";
import { OpenArchive } from "../src/archive/open_archive.ts";

const SIGNING = path.resolve("../testdata/vectors/signing");

/** Opens the first member of an archive of CMS messages with these keys and certificates. */
async function open(...files: string[]): Promise<string> {
  const keyring = new Keyring();
  for (const file of files) {
    for (const item of await readKeyFile(new Uint8Array(await readFile(path.join(SIGNING, file))))) {
      if (item.kind === "key") keyring.addKey({ key: item.key, label: file });
      if (item.kind === "certificate") keyring.addCertificate(item.certificate);
    }
  }
  const archive = await OpenArchive.open(0, "cms-gcm.zip", new FileSource(new Blob([await readFile(path.join(SIGNING, "cms-gcm.zip"))])));
  const { content } = await archive.openMember(archive.members[0]!, keyring, () => undefined);
  return Buffer.from(content).toString();
}

test("a key whose certificate is named opens the message", async () => {
  assert.notEqual(await open("customer.key", "customer.crt"), "");
});

test("a key without its certificate isn't tried, and the message asks for that", async () => {
  await assert.rejects(open("customer.key"), {
    kind: "no key",
    message: /^it names none of the keys here, but a certificate with the serial number [0-9a-f]+$/,
    hint: /^drop the certificate of your key into the page as well/,
  });
});

test("a key isn't tried for the certificate of another one", async () => {
  await assert.rejects(open("vendor.key", "vendor.crt", "customer.crt"), { kind: "no key", hint: /^drop the key of one of its recipients/ });
});
