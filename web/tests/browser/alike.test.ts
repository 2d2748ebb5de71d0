// The page's code and the program, over messages, archives and indexes that were altered at random: what
// one of them opens the other one opens, with the same bytes. No browser is needed for that.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import * as openpgp from "openpgp";
import { OpenArchive } from "../../src/archive/open_archive.ts";
import { FileSource } from "../../src/bytes/source.ts";
import { Fault } from "../../src/fault.ts";
import { readKeyFile } from "../../src/keys/key_file.ts";
import { Keyring } from "../../src/keys/keyring.ts";
import { Scene } from "./support/calls.ts";
import { zip } from "./support/zip.ts";

const scene = new Scene();
const TEXT = "the content of a call\n".repeat(20);

/** Numbers that are the same in each run (mulberry32). */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** Returns a whole number below a limit. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }
}

/** Octets that mean something somewhere. */
const TELLING = [0, 1, 2, 3, 4, 6, 8, 0x14, 0x2f, 0x30, 0x31, 0x5c, 0x80, 0xa0, 0xc1, 0xd2, 0xff];

/** Alters one or two octets at places that `at` gives. */
function altered(octets: Uint8Array, dice: Dice, at: () => number): Uint8Array {
  let result = Buffer.from(octets);
  for (let left = 1 + dice.below(2); left > 0; left--) {
    const place = Math.min(at(), result.length - 1);
    const [before, behind] = [result.subarray(0, place), result.subarray(place + 1)];
    const own = result[place]!;
    result = Buffer.concat([before, dice.of([[own ^ (1 << dice.below(8))], [dice.of(TELLING)], [dice.below(256), own], []]).reduce((all, octet) => Buffer.concat([all, Buffer.of(octet)]), Buffer.alloc(0)), behind]);
  }
  return new Uint8Array(result);
}

const sha256 = (octets: Uint8Array) => createHash("sha256").update(octets).digest("hex");

/** What came out, by its name; and what the page doesn't support and the program may. */
interface Outcome {
  readonly opened: ReadonlyMap<string, string>;
  readonly unsupported: ReadonlySet<string>;
}

async function byPage(archive: Uint8Array, keyring: Keyring): Promise<Outcome> {
  const opened = new Map<string, string>();
  const unsupported = new Set<string>();
  try {
    const open = await OpenArchive.open(0, "a.zip", new FileSource(new Blob([archive as BlobPart])));
    await open.openIndex(keyring);
    for (const place of open.members) {
      try {
        const { path: name, content } = await open.openMember(place, keyring, () => undefined);
        opened.set(name, sha256(content));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (error.kind === "unsupported") unsupported.add(open.paths.of(place));
      }
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  return { opened, unsupported };
}

function byProgram(archive: Uint8Array, key: string): ReadonlyMap<string, string> {
  const file = scene.write("altered.zip", archive);
  const out = scene.path("out");
  rmSync(out, { recursive: true, force: true });
  scene.tries("extract", "-q", "--try-all-keys", "-C", "out", file, "-k", key);
  let names: string[];
  try {
    names = readdirSync(out, { recursive: true, encoding: "utf8" });
  } catch {
    return new Map();
  }
  const files = names.filter((name) => statSync(path.join(out, name)).isFile());
  return new Map(files.map((name) => [name, sha256(readFileSync(path.join(out, name)))]));
}

/** Returns how many members both have opened. */
async function compare(what: string, archive: Uint8Array, key: string): Promise<number> {
  const { opened, unsupported } = await byPage(archive, await keyringOf(key));
  const program = byProgram(archive, key);
  for (const name of new Set([...opened.keys(), ...program.keys()])) {
    if (!unsupported.has(name)) assert.equal(opened.get(name), program.get(name), `${what}: ${name}`);
  }
  return opened.size;
}

async function keyringOf(file: string): Promise<Keyring> {
  const keyring = new Keyring();
  for (const item of await readKeyFile(new Uint8Array(readFileSync(scene.path(file))))) {
    if (item.kind === "key") keyring.addKey({ key: item.key, label: file });
  }
  return keyring;
}

before(() => {
  scene.keygen("rsa", "--rsa", "2048");
  scene.keygen("ec", "--ec", "p256");
  // Beside its certificate, a key opens for the program only what names that.
  for (const name of ["rsa", "ec"]) scene.write(`alone/${name}.key`, readFileSync(scene.path(`${name}.key`)));
  scene.write("a.txt", TEXT);
});

after(() => scene.remove());

for (const [key, format] of [["rsa", "rfc9580"], ["rsa", "rfc4880"], ["rsa", "cms"], ["rsa", "cms-gcm"], ["ec", "rfc9580"], ["ec", "rfc4880"], ["ec", "cms-gcm"]] as const) {
  test(`altered messages open or are refused as by the program: ${format} to ${key}`, async () => {
    scene.callseal("seal", "-q", "--force", "--format", format, "-r", `${key}.crt`, "-o", "message", "a.txt");
    const message = new Uint8Array(readFileSync(scene.path("message")));
    const isCms = format.startsWith("cms");
    const front = isCms ? 700 : 150;
    const dice = new Dice(1);
    const ending = isCms ? "p7m" : "pgp";
    const all = Array.from({ length: 150 }, (_, number) => {
      const content = number === 0 ? message : altered(message, dice, () => dice.below(dice.below(4) === 0 ? message.length : front));
      return { name: `${number}/a.txt.${ending}`, content };
    });
    const both = await compare(format, zip(all), `alone/${key}.key`);
    // The one that wasn't altered, if no other one.
    assert.ok(both >= 1, `${both} opened`);
  });
}

test("altered archives open or are refused as by the program", async () => {
  scene.write("calls/d/b.txt", "another call\n");
  scene.write("calls/é.txt", TEXT);
  scene.callseal("pack", "-q", "--index", "none", "-o", "calls.zip", "-r", "ec.crt", "calls");
  const archive = new Uint8Array(readFileSync(scene.path("calls.zip")));
  const directory = Buffer.from(archive).indexOf("PK\x01\x02", 0, "latin1");
  const locals = [0, Buffer.from(archive).indexOf("PK\x03\x04", 4, "latin1")];
  const dice = new Dice(2);
  let both = 0;
  for (let number = 0; number < 80; number++) {
    const at = () => (dice.below(2) === 0 ? dice.of(locals) + dice.below(60) : directory + dice.below(archive.length - directory));
    both += await compare(`${number}`, number === 0 ? archive : altered(archive, dice, at), "alone/ec.key");
  }
  assert.ok(both > 10, `${both} opened`);
});

test("altered indexes hold or are refused as by the program", async () => {
  const recipient = await openpgp.readKey({ armoredKey: scene.callseal("export", "ec.crt", "-k", "ec.key") });
  const sealed = async (name: string, text: string | Uint8Array): Promise<Uint8Array> => {
    const message = await openpgp.createMessage({ binary: Buffer.from(text), filename: name, format: "binary" });
    return openpgp.encrypt({ message, encryptionKeys: recipient, format: "binary", config: { aeadProtect: true, allowMissingKeyFlags: true } as openpgp.Config });
  };
  const member = { name: "a.txt.pgp", content: await sealed("a.txt", TEXT) };
  const keyring = await keyringOf("ec.key");
  const line = `{"member":"a.txt.pgp","name":"a.txt","size":440,"modified":"2026-03-14T09:26:53Z","id":"${"0".repeat(64)}","session-key":"9:${"0F".repeat(32)}"}`;
  const text = new TextEncoder().encode(`{"callseal-index":1,"members":1}\n${line}\n`);
  const dice = new Dice(3);
  let held = 0;
  for (let number = 0; number < 60; number++) {
    const content = number === 0 ? text : altered(text, dice, () => dice.below(text.length));
    const archive = zip([member, { name: "META-INF/callseal/index.pgp", content: await sealed("META-INF/callseal/index", content) }]);
    const open = await OpenArchive.open(0, "a.zip", new FileSource(new Blob([archive as BlobPart])));
    await open.openIndex(keyring);
    const isOpened = open.index.state === "opened" && open.missing.length === 0;
    const byProgram = scene.tries("list", "-q", scene.write("altered.zip", archive), "-k", scene.path("ec.key"));
    assert.equal(isOpened, byProgram, `${number}: ${JSON.stringify(Buffer.from(content).toString("latin1"))}`);
    held += Number(isOpened);
  }
  assert.ok(held > 2, `${held} held`);
});
