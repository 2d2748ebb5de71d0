// The index saves private key operations, and is read by strict rules.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { encodeUtf8 } from "../src/bytes/bytes.ts";
import { FileSource } from "../src/bytes/source.ts";
import { Fault } from "../src/fault.ts";
import { readIndex } from "../src/index/index.ts";
import { readKeyFile } from "../src/keys/key_file.ts";
import { Keyring } from "../src/keys/keyring.ts";
import { OpenArchive } from "../src/archive/open_archive.ts";
import { type Entry } from "../src/zip/entry.ts";
import { parseToml } from "./support/toml.ts";

const SHARING = path.resolve("../testdata/vectors/sharing");

test("one private key operation opens an archive that has an index", async () => {
  const [item] = await readKeyFile(new Uint8Array(await readFile(path.join(SHARING, "customer.key"))));
  assert.ok(item?.kind === "key");
  let operations = 0;
  const { key } = item;
  const counting = key.kind === "rsa"
    ? { ...key, raw: (sealed: Uint8Array) => (operations++, key.raw(sealed)) }
    : { ...key, agree: (point: Uint8Array<ArrayBuffer>) => (operations++, key.agree(point)) };
  const keyring = new Keyring();
  keyring.addKey({ key: counting, label: "customer.key" });
  const archive = await OpenArchive.open(0, "index.zip", new FileSource(new Blob([await readFile(path.join(SHARING, "index.zip"))])));
  await archive.openIndex(keyring);
  for (const place of archive.members) await archive.openMember(place, keyring, () => undefined);
  assert.ok(archive.members.length > 2);
  assert.equal(operations, 1);
});

const ID = "0123456789abcdef".repeat(4);
const KEY = `9:${"0F".repeat(32)}`;
const HEAD = '{"callseal-index":1,"members":1}';
const LINE = '{"member":"a.txt.pgp","name":"a.txt","size":1,"id":"ID","session-key":"KEY"}';
const ENTRIES = [{ stored: encodeUtf8("a.txt.pgp"), path: "a.txt" }] as unknown as readonly Entry[];

for (const { shows, head = HEAD, line = LINE, text = `${head}\n${line}\n`, holds } of parseToml(await readFile("../testdata/index_lines.toml", "utf8"))) {
  test(`${shows}: ${holds ? "holds" : "is refused"}, as by the program`, () => {
    const octets = encodeUtf8((text as string).replaceAll('"ID"', `"${ID}"`).replaceAll('"KEY"', `"${KEY}"`));
    const read = () => readIndex(octets, ENTRIES);
    if (holds) read();
    else assert.throws(read, Fault);
  });
}

test("the length of a line and of a name has its end", () => {
  const line = LINE.replace("ID", ID).replace("KEY", KEY);
  const read = (line: string) => readIndex(encodeUtf8(`${HEAD}\n${line}\n`), ENTRIES);
  const room = 1024 * 1024 - line.length - 1;
  assert.equal(read(" ".repeat(room) + line).listed.size, 1);
  assert.throws(() => read(" ".repeat(room + 1) + line), /line 2 doesn't end, or is too long/);
  const named = (name: string) => line.replace("a.txt.pgp", "b.pgp").replace('"a.txt"', `"${name}"`);
  assert.equal(read(named(`${"é".repeat(32_765)}x`)).missing.length, 1);
  assert.throws(() => read(named("é".repeat(32_766))), /line 2 has an unsafe name/);
});
