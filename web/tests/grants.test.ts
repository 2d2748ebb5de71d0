// Grants: each is used once for an archive, reads little of it, and stands for itself.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { OpenArchive } from "../src/archive/open_archive.ts";
import { type Bytes, hex } from "../src/bytes/bytes.ts";
import { BufferedSource, type ByteSource } from "../src/bytes/source.ts";
import { Fault } from "../src/fault.ts";
import { type Grant as Lines } from "../src/index/grant.ts";
import { type Line } from "../src/index/line.ts";
import { adviceOn, stateOf } from "../src/ui/grants.ts";
import { type ArchiveEntry } from "../src/ui/rows.ts";
import { VaultCore } from "../src/vault/core.ts";
import { type Archive, type Grant } from "../src/vault/protocol.ts";
import { zip } from "./browser/support/zip.ts";

/** Counts what is read. */
class Counting implements ByteSource {
  readonly size: number;
  reads = 0;
  octets = 0;
  most = 0;
  isBroken = false;
  #running = 0;
  readonly #octets: Uint8Array;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
    this.size = octets.length;
  }

  async read(offset: number, length: number): Promise<Bytes> {
    if (this.isBroken) throw new Fault("io", "it can't be fetched");
    this.reads++;
    this.octets += length;
    this.most = Math.max(this.most, ++this.#running);
    await new Promise(setImmediate);
    this.#running--;
    return this.#octets.slice(offset, offset + length);
  }

  forget(): void {
    [this.reads, this.octets, this.most] = [0, 0, 0];
  }
}

/** A message of so many octets, whose salt is a number. */
function message(number: number, size: number): Uint8Array {
  const octets = new Uint8Array(size);
  octets.set([0xd2, 0xff], 0);
  const view = new DataView(octets.buffer);
  view.setUint32(2, size - 6);
  octets.set([2, 9, 2, 6], 6);
  view.setUint32(10, number);
  return octets;
}

const idOf = (number: number) => hex(message(number, 64).subarray(10, 42));
const nameOf = (number: number) => `calls/${number}.wav`;

function lines(numbers: readonly number[], name = nameOf): Lines {
  const key = { cipher: 9, octets: new Uint8Array(32) };
  const line = (number: number): Line => ({ member: `${nameOf(number)}.pgp`, name: name(number), size: 1, modified: undefined, id: idOf(number), key });
  return { hidesNames: false, members: new Map(numbers.map((number) => [idOf(number), line(number)])) };
}

async function archiveOf(contents: readonly Uint8Array[]): Promise<{ source: Counting; archive: OpenArchive }> {
  const source = new Counting(zip(contents.map((content, number) => ({ name: `${nameOf(number)}.pgp`, content }))));
  const archive = await OpenArchive.open(1, "calls.zip", new BufferedSource(source));
  source.forget();
  return { source, archive };
}

const several = (count: number, size: number) => Array.from({ length: count }, (_, number) => message(number, size));

test("members that are far apart are found by their beginnings, several at the same time", async () => {
  const { source, archive } = await archiveOf(several(100, 200_000));
  await archive.useGrant(lines([3, 77]));
  assert.equal(archive.granted, 2);
  assert.equal(source.reads, 100);
  assert.ok(source.octets < 100 * 4300, `${source.octets} octets`);
  assert.ok(source.most > 1 && source.most <= 8, `${source.most} at the same time`);
});

test("members that are near each other are read together", async () => {
  const { source, archive } = await archiveOf(several(2000, 100));
  await archive.useGrant(lines([1999]));
  assert.equal(archive.granted, 1);
  assert.ok(source.reads <= 3, `${source.reads} reads`);
});

test("no more is read of what isn't a message", async () => {
  const { source, archive } = await archiveOf([new Uint8Array(1_000_000).fill(0x52), message(1, 200)]);
  await archive.useGrant(lines([1]));
  assert.equal(archive.granted, 1);
  assert.ok(source.octets < 10_000, `${source.octets} octets`);
});

test("nothing is read again for another grant, or for another key", async () => {
  const { source, archive } = await archiveOf(several(10, 200));
  const first = lines([1]);
  await archive.useGrant(first);
  source.forget();
  await archive.useGrant(first);
  await archive.useGrant(lines([2, 3]));
  assert.equal(archive.granted, 3);
  assert.equal(source.reads, 0);
});

test("a grant that doesn't fit stands in no other one's way", async () => {
  const { archive } = await archiveOf(several(5, 200));
  const bad = lines([1], () => "another name");
  const good = lines([2]);
  for (const grant of [bad, good]) await archive.useGrant(grant);
  assert.match(archive.outcomeOf(bad)!.fault!.message, /the member that it lists as “calls\/1\.wav\.pgp” has another name/);
  assert.equal(archive.outcomeOf(good)!.members, 1);
  assert.equal(archive.granted, 1);
});

test("a grant is tried again once the server answers again", async () => {
  const { source, archive } = await archiveOf(several(5, 200_000));
  const grant = lines([2]);
  source.isBroken = true;
  await archive.useGrant(grant);
  assert.equal(archive.outcomeOf(grant)!.fault!.kind, "io");
  source.isBroken = false;
  await archive.useGrant(grant);
  assert.deepEqual([archive.outcomeOf(grant)!.fault, archive.granted], [undefined, 1]);
});

const SHARING = path.resolve("../testdata/vectors/sharing");
const read = async (file: string) => new Uint8Array(await readFile(path.join(SHARING, file)));

test("a grant that waited for its key is the same one when that comes", async () => {
  const vault = new VaultCore();
  const opened = await vault.openArchive({ kind: "file", file: new File([await read("index.zip")], "index.zip") }, "index.zip", new AbortController().signal);
  const [waiting] = await vault.addKeys("two.grant", await read("two.grant"));
  assert.ok(waiting?.kind === "grant" && waiting.members === undefined);
  assert.ok(waiting.recipients.length > 0 && waiting.recipients.every(({ isYours }) => !isYours));
  const [key, grant, ...others] = await vault.addKeys("auditor.key", await read("auditor.key"));
  assert.equal(key?.kind, "key");
  assert.deepEqual(others, []);
  assert.ok(grant?.kind === "grant" && grant.number === waiting.number && grant.members === 2);
  assert.ok(grant.recipients.some(({ isYours, label }) => isYours && label === "auditor.key"));
  assert.deepEqual((await vault.unlockArchive(opened.id)).grants, [{ grant: grant.number, members: 2 }]);
  const other = await vault.openArchive({ kind: "file", file: new File([await read("index-v1.zip")], "index-v1.zip") }, "index-v1.zip", new AbortController().signal);
  assert.deepEqual((await vault.unlockArchive(other.id)).grants, [{ grant: grant.number, members: 0 }]);
});

test("what is said of a grant leads to what is missing", () => {
  const recipients = [{ id: "0123456789ABCDEF", label: "auditor", isYours: false }, { id: "FEDCBA9876543210", label: undefined, isYours: false }];
  const waiting: Grant = { kind: "grant", number: 7, label: "two.grant", members: undefined, recipients };
  const open: Grant = { ...waiting, members: 2 };
  const archive = (name: string, members: number | undefined) =>
    ({ state: { kind: "open", archive: { name, grants: members === undefined ? [] : [{ grant: 7, members }] } as unknown as Archive } }) as ArchiveEntry;
  const opening = { state: { kind: "opening" } } as ArchiveEntry;
  assert.equal(adviceOn(waiting, [], false), undefined);
  assert.match(adviceOn(waiting, [], true)!.message, /none of the keys here opens it\. It is sealed to auditor, FEDCBA9876543210\./);
  assert.match(adviceOn(open, [], true)!.message, /drop the archive that this grant is for/);
  for (const entries of [[opening, archive("a.zip", 0)], [archive("a.zip", undefined)], [archive("a.zip", 0), archive("b.zip", 2)]]) assert.equal(adviceOn(open, entries, true), undefined);
  const elsewhere = adviceOn(open, [archive("a.zip", 0), archive("b.zip", 0)], true)!;
  assert.equal(elsewhere.message, "two.grant: it grants no member of a.zip, b.zip");
  assert.match(elsewhere.hint!, /give the archive that the grant was made for/);
  assert.match(stateOf(waiting, []), /waits for its key: it is sealed to auditor, FEDCBA9876543210\./);
  assert.equal(stateOf(open, [archive("a.zip", 0), archive("b.zip", 2)]), "It lists 2 members, and opens 2 members of b.zip.");
});
