// Signed archives: the page says of them what `callseal verify` says.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { type Bytes, fromHex } from "../src/bytes/bytes.ts";
import { type ByteSource, FileSource } from "../src/bytes/source.ts";
import { INTEGER, OID, SEQUENCE, SET, context, encode } from "../src/der/ber.ts";
import { Fault } from "../src/fault.ts";
import { type Certificate } from "../src/keys/certificate.ts";
import { readKeyFile } from "../src/keys/key_file.ts";
import { Keyring } from "../src/keys/keyring.ts";
import { recipientsIn } from "../src/signatures/recipients.ts";
import { verify } from "../src/signatures/verify.ts";
import { OpenArchive } from "../src/archive/open_archive.ts";
import { type Verdict } from "../src/vault/protocol.ts";
import { crc32 } from "../src/zip/crc32.ts";
import { findData } from "../src/zip/entry.ts";
import { quoted } from "../src/text/quoted.ts";
import { zip } from "./browser/support/zip.ts";
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

async function verdictOn(file: string, signers: readonly string[], octets?: Uint8Array): Promise<Verdict> {
  octets ??= await readFile(path.join(SIGNING, file));
  const archive = await OpenArchive.open(0, file, new FileSource(new Blob([octets as Bytes])));
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

/** Returns an archive with one octet of one of its entries changed. */
async function edited(file: string, name: string, at: number, octet: number): Promise<Uint8Array> {
  const octets = new Uint8Array(await readFile(path.join(SIGNING, file)));
  const { source, entries } = await OpenArchive.open(0, file, new FileSource(new Blob([octets])));
  return zip(
    await Promise.all(
      entries.map(async (entry) => {
        const { start, length } = await findData(source, entry);
        const content = octets.slice(start, start + length);
        if (Buffer.from(entry.stored).toString() === name) content[at] = octet;
        return { name: entry.stored, content };
      }),
    ),
  );
}

const MANIFEST = "META-INF/callseal/manifest.p7s";
const ORIGIN = "META-INF/callseal/origin.p7s";
const UNREADABLE = /has a list that was to be signed, and its signature is missing or can't be read/;

// `callseal verify` refuses each of them.
for (const [what, file, name, at, octet, signers, fault] of [
  ["a version in the certificate that comes along is longer than what it is in", "cms-gcm.zip", MANIFEST, 67, 0x76, ["ivr-1.crt"], UNREADABLE],
  ["a key in the certificate that comes along is longer than the certificate", "shared.zip", ORIGIN, 195, 0x03, ["ivr-1.crt"], UNREADABLE],
  ["a time in the certificate that comes along is longer than what it is in", "shared-rfc4880.zip", ORIGIN, 125, 0x20, ["ivr-1.crt"], UNREADABLE],
  ["an algorithm in the certificate that comes along ends too early", "shared-signed.zip", MANIFEST, 376, 0x06, ["acme.crt"], /no signature of a signer/],
  ["the algorithm of the signature has parameters of its own", "cms-gcm.zip", MANIFEST, 1012, 0x04, ["ivr-1.crt"], /doesn't support|malformed/],
  ["a signed attribute of one of two signers is none", "shared-signed.zip", MANIFEST, 558, 0x05, ["acme.crt", "ivr-1.crt"], /the signature of “acme” is malformed: its signed attributes are not in DER/],
] as const) {
  test(`${file}: not verified if ${what}`, async () => {
    const verdict = await verdictOn(file, signers, await edited(file, name, at, octet));
    assert.equal(verdict.state, "not verified", verdict.summary);
    assert.match(verdict.problems[0]!.message, fault);
  });
}

test("without a signer's certificate, nothing is said to be signed", async () => {
  const verdict = await verdictOn("all.zip", []);
  assert.equal(verdict.state, "claims");
  assert.match(verdict.summary, /^all\.zip: sound \(7 entries, 5\.2 KiB\); claims to be signed by “ivr-2” on 2026-03-14T09:15:02Z and “ivr-1” on .*, not checked: /);
});

test("a recipient's certificate names no signer, and that is said", async () => {
  const verdict = await verdictOn("all.zip", ["customer.crt"]);
  assert.equal(verdict.state, "claims");
  assert.match(verdict.summary, /, not checked: the certificate “customer” is not for signatures: its keyUsage lacks digitalSignature$/);
  assert.deepEqual((await verdictOn("all.zip", ["customer.crt", "ivr-1.crt"])).problems, []);
});

test("a signature of a certificate that is not for signatures is named", async () => {
  const unfit = (await certificates(["ivr-2.crt"])).map((certificate) => ({ ...certificate, keyUsage: 0x20 }));
  for (const [signers, state] of [[["ivr-1.crt"], "signed"], [["acme.crt"], "not verified"]] as const) {
    const archive = await OpenArchive.open(0, "all.zip", new FileSource(new Blob([await readFile(path.join(SIGNING, "all.zip"))])));
    const verdict = await verify(archive, [...unfit, ...(await certificates(signers))], THEN, () => undefined, new AbortController().signal);
    assert.equal(verdict.state, state);
    assert.equal(verdict.problems.at(-1)?.message, "all.zip: the certificate “ivr-2” is not for signatures: its keyUsage lacks digitalSignature, so no signature of its owner holds");
  }
});

/** Answers with other bytes from some time on, as a hostile store can. */
class Changing implements ByteSource {
  readonly size: number;
  #first: Bytes;
  readonly #then: Bytes;
  fails = false;

  constructor(first: Bytes, then: Bytes) {
    this.size = first.length;
    this.#first = first;
    this.#then = then;
  }

  change(): void {
    this.#first = this.#then;
  }

  async read(offset: number, length: number): Promise<Bytes> {
    if (this.fails) throw new Fault("io", "the server answers with the status 503");
    return this.#first.slice(offset, offset + length);
  }
}

/** An archive, and the same with another member in the place of one, both of which open with the key. */
async function changing(): Promise<{ source: Changing; archive: OpenArchive; keyring: Keyring; place: number }> {
  const keyring = new Keyring();
  for (const item of await readKeyFile(new Uint8Array(await readFile(path.join(SIGNING, "customer.key"))))) {
    if (item.kind === "key") keyring.addKey({ key: item.key, label: "customer.key" });
  }
  for (const certificate of await certificates(["ivr-1.crt"])) keyring.addCertificate(certificate);
  const first = new Uint8Array(await readFile(path.join(SIGNING, "rsa.zip")));
  const archive = await OpenArchive.open(0, "rsa.zip", new FileSource(new Blob([first])));
  const place = archive.members[0]!;
  // With the checksums of an attacker, so that it's the hash that finds it.
  const then = first.slice();
  const entry = archive.entries[place]!;
  const data = await findData(archive.source, entry);
  then[data.start + data.length - 1]! ^= 1;
  const crc = crc32(then.subarray(data.start, data.start + data.length));
  const view = new DataView(then.buffer);
  view.setUint32(entry.offset + 14, crc, true);
  const source = new Changing(first, then);
  return { source, archive: await OpenArchive.open(1, "rsa.zip", source), keyring, place };
}

const verified = ({ archive, keyring }: { archive: OpenArchive; keyring: Keyring }) =>
  verify(archive, keyring.certificates, THEN, () => undefined, new AbortController().signal);

test("what opens after a signature was checked is what was signed, whatever a server sends then", async () => {
  const scene = await changing();
  const { source, archive, keyring, place } = scene;
  const verdict = await verified(scene);
  assert.equal(verdict.state, "signed");
  assert.deepEqual(verdict.withdrawn, []);
  await archive.openMember(place, keyring, () => undefined);
  source.change();
  await assert.rejects(archive.openMember(place, keyring, () => undefined), Fault);
});

test("what was opened before a signature was checked has to be what was signed", async () => {
  const scene = await changing();
  const { archive, keyring, place } = scene;
  // Whether it opens or not: what was read is noted.
  await archive.required.check(place, new TextEncoder().encode("another entry"));
  await archive.openMember(place, keyring, () => undefined);
  const verdict = await verified(scene);
  assert.equal(verdict.state, "not verified");
  assert.match(verdict.problems[0]!.message, /it wasn't what was signed when it was opened here before/);
});

test("nothing of an archive opens any more once it is found that it isn't what was signed", async () => {
  const scene = await changing();
  const { source, archive, keyring, place } = scene;
  source.change();
  const verdict = await verified(scene);
  assert.equal(verdict.state, "not verified");
  assert.deepEqual(verdict.withdrawn, [...archive.members.keys()]);
  for (const member of archive.members.filter((member) => member !== place)) await assert.rejects(archive.openMember(member, keyring, () => undefined), /no signature of a signer/);
});

test("an archive that isn't verified by one certificate opens again once another one's signature holds", async () => {
  const { archive, keyring, place } = await changing();
  const by = async (name: string) => verify(archive, await certificates([name]), THEN, () => undefined, new AbortController().signal);
  const refused = await by("ivr-2.crt");
  assert.equal(refused.state, "not verified");
  await assert.rejects(archive.openMember(place, keyring, () => undefined), { kind: "not verified" });
  const { state, withdrawn } = await by("ivr-1.crt");
  assert.deepEqual({ state, withdrawn }, { state: "signed", withdrawn: [] });
  await archive.openMember(place, keyring, () => undefined);
});

test("a server that fails while an archive is verified says nothing about the archive", async () => {
  const scene = await changing();
  const { source, archive, keyring, place } = scene;
  source.fails = true;
  await assert.rejects(verified(scene), { kind: "io" });
  source.fails = false;
  await archive.openMember(place, keyring, () => undefined);
  assert.equal((await verified(scene)).state, "signed");
});

test("a verification that is cancelled at its very end takes no effect", async () => {
  const { archive, keyring } = await changing();
  const control = new AbortController();
  const abortAtEnd = ({ done, total }: { done: number; total: number }) => {
    if (done === total) queueMicrotask(() => control.abort());
  };
  await assert.rejects(verify(archive, keyring.certificates, THEN, abortAtEnd, control.signal), { name: "AbortError" });
  assert.equal(archive.required.isSigned, false);
  assert.equal(archive.required.isRefused, false);
});

test("of thousands of faults, as many are listed as somebody reads, and all are counted", async () => {
  const sound = zip(Array.from({ length: 250 }, (_, number) => ({ name: `${number}.txt.pgp`, content: Buffer.from("sound") })));
  const damaged = Buffer.from(Buffer.from(sound).toString("latin1").replaceAll("sound", "fault"), "latin1");
  const archive = await OpenArchive.open(0, "many.zip", new FileSource(new Blob([damaged])));
  const { summary, problems, withdrawn } = await verify(archive, [], THEN, () => undefined, new AbortController().signal);
  assert.match(summary, /^many\.zip: NOT VERIFIED \(250 faults; /);
  assert.equal(problems.length, 101);
  assert.match(problems.at(-1)!.message, /^many\.zip: 150 more faults$/);
  // Nobody's signature was asked for: each member says itself that it's damaged.
  assert.deepEqual(withdrawn, []);
});

test("a name in a sentence begins and ends where it seems to, and doesn't hide the sentence", () => {
  assert.equal(quoted("ivr”. The signature holds. “"), '“ivr". The signature holds. "”');
  assert.equal(quoted("\u{1f600}".repeat(300)), `“${"\u{1f600}".repeat(200)}…”`);
});

test("an archive whose signer can't be compared with the recipients isn't said to be signed", async () => {
  // A recipient that this page can't read, behind the same signature's list.
  assert.equal(recipientsIn(new TextEncoder().encode("-----BEGIN PGP MESSAGE-----\n")), "unknown");
  assert.equal(recipientsIn(Uint8Array.of(0xc1, 0xff)), "unknown");
  assert.deepEqual(recipientsIn(new TextEncoder().encode("a note\n")), []);
  assert.deepEqual(recipientsIn(new TextEncoder().encode("hello, whatever this is\n")), []);
  assert.deepEqual(recipientsIn(new TextEncoder().encode("0;1;2\n")), []);
  // The program finds these messages, too.
  assert.equal(recipientsIn(new TextEncoder().encode("M I I B\nA A Y J K o Z I h v c N\n")), "unknown");
  const header = "Received: from there\n".repeat(100);
  assert.equal(recipientsIn(new TextEncoder().encode(`${header}Content-Type: application/pkcs7-mime\n\nMIIB\n`)), "unknown");
  const unknownVersion = Uint8Array.of(0xc1, 40, 2, ...new TextEncoder().encode("\n-----BEGIN PGP MESSAGE-----\n"));
  assert.equal(recipientsIn(unknownVersion), "unknown");
  assert.deepEqual(recipientsIn(new Uint8Array(0)), []);
});

test("whoever a message names as the recipient of an encapsulated key opens it, too", () => {
  const oid = (digits: string) => encode(OID, fromHex(digits)!);
  const number = encode(INTEGER, Uint8Array.of(0));
  const identifier = Uint8Array.of(1, 2, 3);
  const recipient = encode(SEQUENCE, number, encode(context(0, false), identifier));
  const info = encode(context(4), oid("2a864886f70d0109100d03"), recipient);
  const body = encode(SEQUENCE, number, encode(SET, info));
  const message = encode(SEQUENCE, oid("2a864886f70d010703"), encode(context(0), body));
  const certificate = { usualKeyIdentifier: identifier, keyIdentifier: undefined } as unknown as Certificate;
  const recipients = recipientsIn(message);
  assert.ok(recipients !== "unknown" && recipients.length === 1);
  assert.ok(recipients[0]!(certificate));
  assert.ok(!recipients[0]!({ ...certificate, usualKeyIdentifier: Uint8Array.of(1, 2, 4) }));
});
