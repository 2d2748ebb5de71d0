// What an archive may cost before it is known what it holds.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { type Bytes } from "../src/bytes/bytes.ts";
import { type ByteSource, FileSource } from "../src/bytes/source.ts";
import { readKeyFile } from "../src/keys/key_file.ts";
import { Keyring } from "../src/keys/keyring.ts";
import { OpenArchive } from "../src/archive/open_archive.ts";
import { InOrder } from "../src/vault/in_order.ts";
import { searchMembers } from "../src/vault/member_search.ts";
import { type SearchProgress } from "../src/vault/protocol.ts";
import { recipientsOf } from "../src/vault/recipients.ts";
import { findData } from "../src/zip/entry.ts";
import { deflatedZip } from "./support/deflated.ts";

const SIGNING = path.resolve("../testdata/vectors/signing");
const MIB = 1024 * 1024;

async function keyring(): Promise<Keyring> {
  const keyring = new Keyring();
  for (const item of await readKeyFile(new Uint8Array(await readFile(path.join(SIGNING, "customer.key"))))) {
    if (item.kind === "key") keyring.addKey({ key: item.key, label: "customer.key" });
  }
  return keyring;
}

const opened = (octets: Bytes) => OpenArchive.open(0, "a.zip", new FileSource(new Blob([octets])));

async function search(archive: OpenArchive): Promise<SearchProgress[]> {
  const progress: SearchProgress[] = [];
  const nothing = { match: async () => ({ matches: [], isCut: false }) };
  await searchMembers([archive], await keyring(), nothing, (step) => progress.push(step), new AbortController().signal);
  return progress;
}

test("a search doesn't inflate what is larger than any text that it searches", async () => {
  const archive = await opened(deflatedZip([{ name: "a.txt.pgp", content: new Uint8Array(256 * MIB) }]));
  const [{ failed }] = (await search(archive)) as [SearchProgress];
  assert.match(failed[0]!.problem.message, /it is larger than 183 MiB/);
});

test("what isn't named as a text is left out of a search by what it inflates to", async () => {
  const archive = await opened(deflatedZip([{ name: "a.callsre.pgp", content: new Uint8Array(17 * MIB) }]));
  assert.deepEqual((await search(archive)).map(({ leftOut, total }) => [leftOut, total]), [[1, 0]]);
});

test("what is opened by a search and turns out to be no text counts as left out", async () => {
  const contents = ["Gr\xfc\xdfe", "8=FIX.4.2\x0135=call\x01", "ID3 is what it is about", "ID3\x04\0\0", "\x01\xd5\xd5\x55", ""];
  const archive = {
    id: 1,
    members: [...contents.keys()],
    entries: contents.map(({ length }) => ({ size: length, storedSize: length })),
    closing: new AbortController().signal,
    paths: { of: (place: number) => `${place}.callsre` },
    openMember: async (place: number) => ({ path: `${place}.callsre`, content: new Uint8Array(Buffer.from(contents[place]!, "latin1")), isAuthentic: true }),
  } as unknown as OpenArchive;
  const searched: string[] = [];
  const matching = { match: async (content: Bytes) => (searched.push(Buffer.from(content).toString("latin1")), { matches: [], isCut: false }) };
  let last: SearchProgress | undefined;
  await searchMembers([archive], new Keyring(), matching, (progress) => (last = progress), new AbortController().signal);
  assert.deepEqual(searched.sort(), [contents[0]!, contents[1]!, contents[2]!, ""].sort());
  assert.deepEqual([last?.total, last?.searched, last?.leftOut], [6, 6, 2]);
});

test("an index isn't inflated beyond what an index can be", async () => {
  const archive = await opened(deflatedZip([{ name: "META-INF/callseal/index.pgp", content: new Uint8Array(256 * MIB) }]));
  await archive.openIndex(await keyring());
  assert.ok(archive.index.state === "closed");
  assert.match(archive.index.fault!.message, /it is larger than 37 MiB/);
});

test("the recipients of a message show, whether ZIP deflated it or not", async () => {
  const octets = new Uint8Array(await readFile(path.join(SIGNING, "cms-gcm.zip")));
  const plain = await opened(octets);
  const place = plain.members[0]!;
  const entry = plain.entries[place]!;
  const { start, length } = await findData(plain.source, entry);
  const deflated = await opened(deflatedZip([{ name: entry.stored, content: octets.slice(start, start + length) }]));
  const expected = await recipientsOf(plain, place, new Keyring());
  assert.match(expected[0]!.id, /^serial [0-9A-F]+ of customer$/);
  assert.deepEqual(await recipientsOf(deflated, 0, new Keyring()), expected);
});

test("what is read of an archive ends when it is closed", async () => {
  const octets = new Uint8Array(await readFile(path.join(SIGNING, "rsa.zip")));
  let isStalled = false;
  const source: ByteSource = {
    size: octets.length,
    read: async (offset, length, signal) => {
      if (!isStalled) return octets.slice(offset, offset + length);
      return new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason as Error)));
    },
  };
  const archive = await OpenArchive.open(0, "a.zip", source);
  isStalled = true;
  const opening = archive.openMember(archive.members[0]!, await keyring(), () => undefined);
  archive.close();
  await assert.rejects(opening, /the archive was closed/);
});

test("what is found is reported in order, also if the first member takes longest", async () => {
  const archive = await opened(new Uint8Array(await readFile(path.join(SIGNING, "rsa.zip"))));
  let [reported, calls] = [() => {}, 0];
  const firstReport = new Promise<void>((resolve) => (reported = resolve));
  const matching = {
    async match() {
      const number = calls++;
      if (number === 0) await firstReport;
      return { matches: [{ line: 1, text: `${number}`, start: 0, end: 1 }], isCut: false };
    },
  };
  const members: number[] = [];
  const onProgress = ({ hits }: SearchProgress) => {
    members.push(...hits.map(({ member }) => member));
    reported();
  };
  await searchMembers([archive], await keyring(), matching, onProgress, new AbortController().signal);
  assert.ok(calls > 1, `${calls}`);
  assert.deepEqual(members, Array.from({ length: calls }, (_, number) => number));
});

test("results come in order, and those that are far ahead wait", async () => {
  const results = new InOrder<string[]>(3, (hits) => hits.length);
  assert.deepEqual(results.put(1, ["b", "b"]), []);
  await results.room();
  assert.deepEqual(results.put(2, ["c", "c"]), []);
  let hasRoom = false;
  const room = results.room().then(() => (hasRoom = true));
  await Promise.resolve();
  assert.equal(hasRoom, false);
  assert.deepEqual(results.put(0, []), [[], ["b", "b"], ["c", "c"]]);
  await room;
});
