// Grants: each is used once for an archive, reads little of it, and stands for itself.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { OpenArchive } from "../src/archive/open_archive.ts";
import { type Bytes, encodeUtf8, hex } from "../src/bytes/bytes.ts";
import { BufferedSource, type ByteSource, FileSource } from "../src/bytes/source.ts";
import { Fault } from "../src/fault.ts";
import { type Grant as Lines, readGrant } from "../src/index/grant.ts";
import { type Line } from "../src/index/line.ts";
import { readKeyFile } from "../src/keys/key_file.ts";
import { Keyring } from "../src/keys/keyring.ts";
import { openMessage } from "../src/openpgp/message.ts";
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
  await archive.useGrant(lines([3, 77]), "a.grant");
  assert.equal(archive.granted, 2);
  assert.equal(source.reads, 100);
  assert.ok(source.octets < 100 * 4300, `${source.octets} octets`);
  assert.ok(source.most > 1 && source.most <= 8, `${source.most} at the same time`);
});

test("members that are near each other are read together", async () => {
  const { source, archive } = await archiveOf(several(2000, 100));
  await archive.useGrant(lines([1999]), "a.grant");
  assert.equal(archive.granted, 1);
  assert.ok(source.reads <= 3, `${source.reads} reads`);
});

test("no more is read of what isn't a message", async () => {
  const { source, archive } = await archiveOf([new Uint8Array(1_000_000).fill(0x52), message(1, 200)]);
  await archive.useGrant(lines([1]), "a.grant");
  assert.equal(archive.granted, 1);
  assert.ok(source.octets < 10_000, `${source.octets} octets`);
});

test("nothing is read again for another grant, or for another key", async () => {
  const { source, archive } = await archiveOf(several(10, 200));
  const first = lines([1]);
  await archive.useGrant(first, "a.grant");
  source.forget();
  await archive.useGrant(first, "a.grant");
  await archive.useGrant(lines([2, 3]), "a.grant");
  assert.equal(archive.granted, 3);
  assert.equal(source.reads, 0);
});

test("a grant that doesn't fit stands in no other one's way", async () => {
  const { archive } = await archiveOf(several(5, 200));
  const bad = lines([1], () => "another name");
  const good = lines([2]);
  for (const grant of [bad, good]) await archive.useGrant(grant, "a.grant");
  assert.match(archive.outcomeOf(bad)!.fault!.message, /the member that it lists as “calls\/1\.wav\.pgp” has another name/);
  assert.equal(archive.outcomeOf(good)!.members, 1);
  assert.equal(archive.granted, 1);
});

test("a grant is tried again once the server answers again", async () => {
  const { source, archive } = await archiveOf(several(5, 200_000));
  const grant = lines([2]);
  source.isBroken = true;
  await archive.useGrant(grant, "a.grant");
  assert.equal(archive.outcomeOf(grant)!.fault!.kind, "io");
  source.isBroken = false;
  await archive.useGrant(grant, "a.grant");
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

/** The key ID in the first packet of a message of version 1. */
const keyIdOf = (grant: Bytes) => grant.subarray(4, 12);

/** A key of the kind of the auditor's. */
const otherKey = () => encodeUtf8(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }) as string) as Bytes;

test("a grant for a hidden recipient waits for its key, also if another one of that kind is tried first", async () => {
  const hidden = await read("two-v1.grant");
  keyIdOf(hidden).fill(0);
  const vault = new VaultCore();
  await vault.addKeys("other.key", otherKey());
  const [waiting] = await vault.addKeys("two.grant", hidden);
  assert.ok(waiting?.kind === "grant" && waiting.members === undefined);
  const [, grant] = await vault.addKeys("auditor.key", await read("auditor.key"));
  assert.ok(grant?.kind === "grant" && grant.number === waiting.number && grant.members === 2);
});

test("a grant that names a key which finds no session key in it was altered", async () => {
  const altered = await read("two-v1.grant");
  altered[40]! ^= 1;
  const vault = new VaultCore();
  await vault.addKeys("auditor.key", await read("auditor.key"));
  await assert.rejects(vault.addKeys("two.grant", altered), /two\.grant: it was altered or damaged after it was sealed/);
});

test("a grant that is here already isn't kept a second time", async () => {
  const vault = new VaultCore();
  const [waiting] = await vault.addKeys("two.grant", await read("two.grant"));
  const [again] = await vault.addKeys("again.grant", await read("two.grant"));
  assert.ok(waiting?.kind === "grant" && again?.kind === "grant" && again.number === waiting.number && again.label === "again.grant");
  const [, ...grants] = await vault.addKeys("auditor.key", await read("auditor.key"));
  assert.equal(grants.length, 1);
  await assert.rejects(vault.addKeys("two.grant", await read("two.grant")), /two\.grant: it is here already, as again\.grant/);
});

test("a grant lists no more members than fit into its file", () => {
  const line = (number: number) => JSON.stringify({ member: `${number}.pgp`, name: `${number}`, size: 1, id: `${number}`.padStart(64, "0"), "session-key": `7:${"0".repeat(32)}` });
  const text = encodeUtf8([`{"callseal-index":1,"members":100}`, ...Array.from({ length: 100 }, (_, number) => line(number))].join("\n") + "\n");
  assert.equal(readGrant(text, 4800).members.size, 100);
  assert.throws(() => readGrant(text, 4700), /line 99 lists one more of too many members/);
});

async function keyringOf(file: string): Promise<Keyring> {
  const keyring = new Keyring();
  for (const item of await readKeyFile(await read(file))) if (item.kind === "key") keyring.addKey({ key: item.key, label: file });
  return keyring;
}

const openVector = async (file: string) => OpenArchive.open(1, file, new FileSource(new Blob([await read(file)])));

async function grantOf(file: string): Promise<Lines> {
  const octets = await read(file);
  const { length } = octets;
  const { literal } = await openMessage(octets, await keyringOf("auditor.key"), () => undefined);
  return readGrant(literal.content, length);
}

/** The same grant with false session keys, of a cipher that is supported here or isn't. */
function falsified({ hidesNames, members }: Lines, cipher: number): Lines {
  const falseKey = (line: Line): Line => ({ ...line, key: { cipher, octets: new Uint8Array(32) } });
  return { hidesNames, members: new Map([...members].map(([id, line]) => [id, falseKey(line)])) };
}

for (const version of ["", "-v1"]) {
  for (const cipher of [9, 10]) {
    test(`a false grant stands in the way of no other one, and of no key (index${version}.zip, cipher ${cipher})`, async () => {
      const good = await grantOf(`two${version}.grant`);
      const bad = falsified(good, cipher);
      for (const grants of [{ good, bad }, { bad, good }]) {
        const archive = await openVector(`index${version}.zip`);
        for (const [label, grant] of Object.entries(grants)) await archive.useGrant(grant, `${label}.grant`);
        const places = archive.members.filter((place) => archive.listed(place) !== undefined);
        assert.equal(places.length, 2);
        for (const place of places) assert.ok((await archive.openMember(place, new Keyring(), () => undefined)).isAuthentic);
      }
      const archive = await openVector(`index${version}.zip`);
      await archive.useGrant(bad, "bad.grant");
      const keyring = await keyringOf("customer.key");
      for (const place of archive.members) assert.ok((await archive.openMember(place, keyring, () => undefined)).isAuthentic);
      assert.equal(archive.granted, 0);
    });
  }
}

test("a grant whose session key opens nothing is named, and not the archive", async () => {
  const archive = await openVector("index.zip");
  await archive.useGrant(falsified(await grantOf("two.grant"), 9), "bad.grant");
  const place = archive.members.find((place) => archive.listed(place) !== undefined)!;
  for (const file of ["auditor.key", "auditor.key"]) {
    await assert.rejects(archive.openMember(place, await keyringOf(file), () => undefined), (error) => {
      assert.ok(error instanceof Fault && error.kind === "altered");
      assert.equal(error.message, "neither the session key in “bad.grant” nor a key here opens it");
      assert.match(error.hint!, /without that grant/);
      return true;
    });
  }
});

test("a member that its own recipient opens has no name from a false grant", async () => {
  const [expected, archive] = [await openVector("hidden-names-alone.zip"), await openVector("hidden-names-alone.zip")];
  const keyring = await keyringOf("customer.key");
  const members = new Map<string, Line>();
  for (const place of archive.members) {
    const { id } = await archive.beginning(place);
    members.set(id, { member: "000001.pgp", name: "false/name", size: 1, modified: undefined, id, key: { cipher: 9, octets: new Uint8Array(32) } });
  }
  await archive.useGrant({ hidesNames: true, members }, "bad.grant");
  for (const place of archive.members) {
    const { path } = await expected.openMember(place, keyring, () => undefined);
    assert.equal(archive.paths.of(place), "false/name");
    assert.equal((await archive.openMember(place, keyring, () => undefined)).path, path);
    assert.equal(archive.paths.of(place), path);
  }
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
