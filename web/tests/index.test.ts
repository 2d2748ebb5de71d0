// The index saves private key operations, and is read by strict rules.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { FileSource } from "../src/bytes/source.ts";
import { parseFlatObject } from "../src/index/json.ts";
import { readKeyFile } from "../src/keys/key_file.ts";
import { Keyring } from "../src/keys/keyring.ts";
import { OpenArchive } from "../src/archive/open_archive.ts";

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

for (const line of [
  '{"a":1}',
  ' { "a" : "b" , "c" : true }',
  '{"a":"\\u00e9\\n\\"","b":-1.5e3}',
]) {
  test(`a line of an index is read as JSON.parse reads it: ${line}`, () => {
    assert.deepEqual(Object.fromEntries(parseFlatObject(line)!), JSON.parse(line));
  });
}

for (const line of [
  "",
  "{}",
  "[1]",
  "1",
  '{"a":1,"a":1}',
  '{"a":1,"\\u0061":2}',
  '{"a":1,}',
  '{"a":01}',
  '{"a":{"b":1}}',
  '{"a":null}',
  '{"a":"\u0001"}',
  '{"a":"\\x"}',
  "{'a':1}",
  '{"a":1} {"b":2}',
  '{"a":1}x',
  '{"a" 1}',
]) {
  test(`a line that isn't one flat object with different keys is refused: ${JSON.stringify(line)}`, () => {
    assert.equal(parseFlatObject(line), undefined);
  });
}
