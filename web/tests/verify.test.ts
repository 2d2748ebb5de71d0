// Signed archives: the page says of them what `callseal verify` says.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { FileSource } from "../src/bytes/source.ts";
import { Fault } from "../src/fault.ts";
import { type Certificate } from "../src/keys/certificate.ts";
import { readKeyFile } from "../src/keys/key_file.ts";
import { verify } from "../src/signatures/verify.ts";
import { OpenArchive } from "../src/vault/open_archive.ts";
import { type Verdict } from "../src/vault/protocol.ts";
import { parseToml } from "./support/toml.ts";

const SIGNING = path.resolve("../testdata/vectors/signing");
/** A day on which the certificates are valid. */
const THEN = Date.parse("2030-01-02T12:00:00Z");

async function certificates(files: readonly string[]): Promise<Certificate[]> {
  const all: Certificate[] = [];
  for (const file of files) {
    for (const item of await readKeyFile(new Uint8Array(await readFile(path.join(SIGNING, file))))) {
      if (item.kind === "certificate") all.push(item.certificate);
    }
  }
  return all;
}

async function verdictOn(file: string, signers: readonly string[]): Promise<Verdict> {
  const octets = await readFile(path.join(SIGNING, file));
  const archive = await OpenArchive.open(0, file, new FileSource(new Blob([octets])));
  return verify(archive, await certificates(signers), THEN, () => undefined, new AbortController().signal);
}

for (const vector of parseToml(await readFile(path.join(SIGNING, "index.toml"), "utf8"))) {
  const file = vector["file"] as string;
  for (const signer of (vector["signers"] ?? []) as string[]) {
    // The page checks signatures of X.509 certificates.
    if (signer.endsWith(".asc")) continue;
    test(`${file}: ${vector["shows"]}: ${signer}`, async () => {
      let verdict: Verdict;
      try {
        verdict = await verdictOn(file, [signer]);
      } catch (error) {
        assert.ok(error instanceof Fault && vector["status"] !== 0, `${error}`);
        return;
      }
      const isSigned = verdict.state === "signed";
      assert.equal(isSigned, vector["status"] === 0, JSON.stringify(verdict));
      if (!isSigned) return assert.ok(verdict.problems.length > 0);
      for (const name of (vector["signed_by"] ?? []) as string[]) {
        assert.match(verdict.summary, new RegExp(`; signed by .*“${name}” on 2026-03-14T09:15:02Z`), verdict.summary);
      }
      for (const name of (vector["origin_signed_by"] ?? []) as string[]) {
        assert.match(verdict.summary, new RegExp(`what is sealed in its members was signed by .*“${name}” on `), verdict.summary);
      }
      const missing = vector["origin_missing"];
      if (missing !== undefined && missing !== 0) assert.match(verdict.summary, new RegExp(`but ${missing} entr(y|ies) that they signed`));
    });
  }
}

test("without a signer's certificate, nothing is said to be signed", async () => {
  const verdict = await verdictOn("all.zip", []);
  assert.equal(verdict.state, "claims");
  assert.match(verdict.summary, /^all\.zip: sound \(7 entries, 5\.2 KiB\); claims to be signed by “ivr-2” on 2026-03-14T09:15:02Z and “ivr-1” on .*, not checked: /);
});

test("a recipient's certificate names no signer", async () => {
  assert.equal((await verdictOn("all.zip", ["customer.crt"])).state, "claims");
});
