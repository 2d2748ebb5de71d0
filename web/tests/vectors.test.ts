// The test vectors of every version: what the page opens has the same bytes as with the program, and
// what the program refuses the page refuses, too.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { type Bytes } from "../src/bytes/bytes.ts";
import { FileSource } from "../src/bytes/source.ts";
import { beginsCms, openCms } from "../src/cms/message.ts";
import { Fault } from "../src/fault.ts";
import { readGrant } from "../src/index/grant.ts";
import { readKeyFile } from "../src/keys/key_file.ts";
import { Keyring } from "../src/keys/keyring.ts";
import { openMessage } from "../src/openpgp/message.ts";
import { OpenArchive } from "../src/archive/open_archive.ts";
import { parseToml, type Table } from "./support/toml.ts";

const VECTORS = path.resolve("../testdata/vectors");

const read = async (file: string): Promise<Bytes> => new Uint8Array(await readFile(file));
const sha256 = (octets: Uint8Array) => createHash("sha256").update(octets).digest("hex");

/** What the page doesn't support, and says so: the program does. */
const isUnsupported = (error: unknown) => error instanceof Fault && error.kind === "unsupported";

async function keyringOf(file: string, passphrase: string | undefined): Promise<Keyring> {
  const keyring = new Keyring();
  for (const item of await readKeyFile(await read(file))) {
    if (item.kind === "key") keyring.addKey({ key: item.key, label: "key" });
    if (item.kind === "locked") {
      const items = await readKeyFile(await item.key.unlock(passphrase ?? ""));
      for (const inner of items) if (inner.kind === "key") keyring.addKey({ key: inner.key, label: "key" });
    }
  }
  return keyring;
}

/** Opens an archive as the program does with these arguments. */
async function openArchive(file: string, keyring: Keyring, options: readonly string[]): Promise<{ members: Map<string, string>; faults: Map<string, unknown> }> {
  const archive = await OpenArchive.open(0, file, new FileSource(new Blob([await read(file)])));
  const grant = options[options.indexOf("--grant") + 1];
  if (options.includes("--grant")) {
    const octets = await read(path.join(path.dirname(file), grant!));
    const size = octets.length;
    const { literal } = await openMessage(octets, keyring, () => undefined);
    await archive.useGrant(readGrant(literal.content, size), grant!);
    if (archive.granted === 0) throw new Fault("no key", "the archive has none of the granted members");
  } else if (!options.includes("--ignore-index")) {
    await archive.openIndex(keyring);
  }
  const members = new Map<string, string>();
  const faults = new Map<string, unknown>();
  for (const place of archive.members) {
    try {
      const { path: opened, content } = await archive.openMember(place, keyring, () => undefined);
      members.set(opened, sha256(content));
    } catch (error) {
      if (error instanceof Fault && error.message.startsWith("the grant doesn't list")) continue;
      faults.set(archive.paths.of(place), error);
    }
  }
  return { members, faults };
}

async function openFile(file: string, keyring: Keyring): Promise<string> {
  const octets = await read(file);
  if (beginsCms(octets)) return sha256((await openCms(octets, keyring, () => undefined)).content);
  return sha256((await openMessage(octets, keyring, () => undefined)).literal.content);
}

/** Opens what a vector names with one key, and compares. Returns whether it opened. */
async function check(directory: string, vector: Table, key: string): Promise<boolean> {
  const file = path.join(directory, vector["file"] as string);
  const status = vector["status"] as number;
  let keyring: Keyring;
  try {
    keyring = await keyringOf(path.join(directory, key), vector["passphrase"] as string | undefined);
  } catch (error) {
    assert.ok(error instanceof Fault, `${file}: ${key}: ${error}`);
    assert.ok(isUnsupported(error) || status === 4, `${file}: ${key}: ${error}`);
    return false;
  }
  if (file.endsWith(".zip")) {
    const expected = (vector["members"] ?? {}) as Record<string, string>;
    try {
      const { members, faults } = await openArchive(file, keyring, (vector["arguments"] ?? []) as string[]);
      for (const [name, hash] of members) assert.equal(hash, expected[name], `${file}: ${key}: ${name}`);
      for (const fault of faults.values()) assert.ok(fault instanceof Fault, `${file}: ${key}: ${fault}`);
      for (const name of Object.keys(expected)) {
        assert.ok(members.has(name) || isUnsupported(faults.get(name)), `${file}: ${key}: ${name}: ${faults.get(name)}`);
      }
      return members.size > 0;
    } catch (error) {
      assert.ok(error instanceof Fault, `${file}: ${key}: ${error}`);
      assert.ok(status !== 0 || isUnsupported(error), `${file}: ${key}: ${error}`);
      return false;
    }
  }
  try {
    assert.equal(await openFile(file, keyring), vector["sha256"], `${file}: ${key}`);
    return true;
  } catch (error) {
    assert.ok(error instanceof Fault, `${file}: ${key}: ${error}`);
    assert.ok(status !== 0 || isUnsupported(error), `${file}: ${key}: ${error}`);
    return false;
  }
}

const directories = (await readdir(VECTORS, { withFileTypes: true })).filter((entry) => entry.isDirectory());
for (const { name } of directories) {
  const directory = path.join(VECTORS, name);
  const vectors = parseToml(await readFile(path.join(directory, "index.toml"), "utf8"));
  let opened = 0;
  for (const vector of vectors) {
    const keys = (vector["keys"] ?? []) as string[];
    // The page has no such option: its limit is 1 GiB.
    if (((vector["arguments"] ?? []) as string[]).includes("--max-member-size")) continue;
    for (const key of keys) {
      test(`${name}: ${vector["file"]}: ${vector["shows"]}: ${key}`, async () => {
        if (await check(directory, vector, key)) opened++;
      });
    }
    const fingerprint = vector["fingerprint"] as string | undefined;
    if (fingerprint !== undefined) {
      test(`${name}: ${vector["file"]}: has its fingerprint`, async () => {
        try {
          const [item] = await readKeyFile(await read(path.join(directory, vector["file"] as string)));
          assert.ok(item?.kind === "certificate");
          assert.equal(item.certificate.fingerprint.toUpperCase(), fingerprint);
        } catch (error) {
          assert.ok(isUnsupported(error) , `${error}`);
        }
      });
    }
  }
  // Else a fault that refuses everything would pass.
  test(`${name}: many of them open`, () => assert.ok(opened >= 10, `${opened} opened`));
}
