// Archives and expressions that are made to harm the page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { after, before, test } from "node:test";
import * as openpgp from "openpgp";
import { Browser } from "./support/browser.ts";
import { Scene } from "./support/calls.ts";
import { Player } from "./support/player.ts";
import { type Entry, zip } from "./support/zip.ts";
import { crc32 } from "../../src/zip/crc32.ts";

let browser: Browser;
const scene = new Scene();
let recipient: openpgp.PublicKey;

async function sealed(name: string, content: string | Uint8Array, config: Partial<openpgp.Config> = {}): Promise<Uint8Array> {
  const message = await openpgp.createMessage({ binary: Buffer.from(content), filename: name, format: "binary" });
  return openpgp.encrypt({ message, encryptionKeys: recipient, format: "binary", config: { aeadProtect: true, allowMissingKeyFlags: true, ...config } });
}

before(async () => {
  scene.keygen("customer", "--rsa", "2048");
  recipient = await openpgp.readKey({ armoredKey: scene.callseal("export", "customer.crt", "-k", "customer.key") });
  browser = await Browser.start();
});

after(async () => {
  await browser.close();
  await browser.remove();
  scene.remove();
});

async function withArchive(...entries: readonly Entry[]): Promise<Player> {
  scene.write("attack.zip", zip(entries));
  const player = await Player.open(browser);
  await player.give(scene.path("attack.zip"), scene.path("customer.key"));
  return player;
}

async function searchFor(player: Player, text: string, isExpression = false): Promise<void> {
  await player.page.getByRole("tab", { name: "Search" }).click();
  if (isExpression) await player.page.getByLabel("Regular expression").check();
  await player.page.getByRole("searchbox", { name: /search/i }).fill(text);
  await player.page.keyboard.press("Enter");
}

test("an expression that would take for ever is cancelled, and the page goes on", async () => {
  const player = await withArchive({ name: "a.txt.pgp", content: await sealed("a.txt", `${"a".repeat(40)}!`) });
  await searchFor(player, "(a+)+$", true);
  await player.page.getByRole("button", { name: "Cancel" }).click();
  await player.page.getByText("The search was cancelled before its end.").waitFor();
  await player.page.getByLabel("Regular expression").uncheck();
  await searchFor(player, "aaa!");
  await player.page.getByText("1 place in 1 member.").waitFor();
  await player.page.getByRole("tab", { name: "Members" }).click();
  await player.openMember("a.txt");
  assert.match(await player.text(), /aaaa!/);
  await player.close();
});

test("an expression that takes too long on a text fails there alone", async () => {
  const player = await withArchive(
    { name: "a.txt.pgp", content: await sealed("a.txt", `${"a".repeat(40)}!`) },
    { name: "b.txt.pgp", content: await sealed("b.txt", "aaa") },
  );
  await searchFor(player, "(a+)+$", true);
  await player.page.getByText("1 place in 1 member.").waitFor({ timeout: 30_000 });
  await player.page.getByText("Which ones, and why").click();
  await player.page.getByText(/the expression takes too long on it/).waitFor();
  await player.close();
});

test("a member can't take the path of another one by what is sealed in it", async () => {
  const player = await withArchive(
    { name: "000001.pgp", content: await sealed("calls/t.json", '{"forged":true}') },
    { name: "calls/t.json.pgp", content: await sealed("calls/t.json", '{"real":true}') },
  );
  await player.openMember("000001");
  assert.match(await player.problem(), /another member has the same path/);
  await player.openMember("t.json");
  assert.match(await player.text(), /real/);
  await player.close();
});

test("one message under several numbers opens once", async () => {
  const message = await sealed("calls/t.json", '{"real":true}');
  const player = await withArchive(...["000001", "000002", "000003"].map((name) => ({ name: `${name}.pgp`, content: message })));
  await player.openMember("000001");
  assert.match(await player.text(), /real/);
  await player.openMember("000002");
  assert.match(await player.problem(), /another member has the same path/);
  await player.close();
});

test("a member that expands to a gigabyte costs nothing before it is opened", async () => {
  // Deflated by ZIP itself: 1 GiB of zeros in 1 MiB.
  const size = 1024 * 1024 * 1024;
  const content = deflateRawSync(Buffer.alloc(size));
  const archive = Buffer.from(zip([{ name: "bomb.wav.pgp", content }]));
  const central = archive.indexOf("PK\x01\x02", 0, "latin1");
  for (const [at, place] of [[8, 22], [central + 10, central + 24]] as const) {
    archive.writeUInt16LE(8, at);
    archive.writeUInt32LE(size, place);
  }
  scene.write("bomb.zip", archive);
  const player = await Player.open(browser);
  await player.give(scene.path("bomb.zip"));
  await player.row("bomb.wav").waitFor({ timeout: 5000 });
  await player.close();
});

test("a CMS message of millions of recipients costs nothing, and is refused", async () => {
  const infos = Buffer.alloc(2 * 4_000_000);
  for (let at = 0; at < infos.length; at += 2) infos[at] = 0xa3;
  const element = (tag: number, ...parts: Buffer[]) => {
    const body = Buffer.concat(parts);
    const length = Buffer.from([0x84, 0, 0, 0, 0]);
    length.writeUInt32BE(body.length, 1);
    return Buffer.concat([Buffer.from([tag]), length, body]);
  };
  const type = Buffer.from("06092a864886f70d010703", "hex");
  const message = element(0x30, type, element(0xa0, element(0x30, Buffer.from("020100", "hex"), element(0x31, infos))));
  scene.write("many.zip", zip([{ name: "a.wav.p7m", content: message }]));
  const player = await Player.open(browser);
  await player.give(scene.path("many.zip"));
  await player.row("a.wav").waitFor({ timeout: 10_000 });
  await player.close();
});

test("a stray message isn't taken for a grant, and the key that comes is the right one", async () => {
  scene.write("stray.pgp", await sealed("stray.txt", "no grant"));
  scene.write("attack.zip", zip([{ name: "a.txt.pgp", content: await sealed("a.txt", "the content") }]));
  const player = await Player.open(browser);
  await player.give(scene.path("attack.zip"), scene.path("stray.pgp"));
  await player.page.getByText("1 grant").waitFor();
  await player.give(scene.path("customer.key"));
  assert.match(await player.problem(), /stray\.pgp: it was sealed as “stray\.txt”, not as a grant/);
  await player.openMember("a.txt");
  assert.match(await player.text(), /the content/);
  await player.close();
});

test("names of 50,000 octets are cut in their middle, and leave the page its time", async () => {
  // Each unseen character takes eight.
  const name = (number: number) => `calls/${number}${"\u0638\u200d".repeat(10_000)}${number}.txt`;
  const entries = await Promise.all(Array.from({ length: 60 }, async (_, i) => ({ name: `${name(i + 10)}.pgp`, content: await sealed("", "the content") })));
  const player = await withArchive(...entries);
  await player.openMember("33.txt");
  assert.match(await player.text(), /the content/);
  const { texts, labels } = await player.page.evaluate(() => ({
    texts: document.querySelector("main")!.textContent!.length,
    labels: [...document.querySelectorAll("[title], [aria-label]")].reduce((sum, element) => sum + (element.getAttribute("title") ?? "").length + (element.getAttribute("aria-label") ?? "").length, 0),
  }));
  assert.ok(texts < 200_000 && labels < 200_000, `${texts}, ${labels}`);
  await player.close();
});

test("a grant that expands without end is refused", async () => {
  const zeros = new Uint8Array(129 * 1024 * 1024);
  const { selfCertification } = await recipient.getPrimaryUser();
  const { zip: deflate } = openpgp.enums.compression;
  selfCertification.preferredCompressionAlgorithms = [deflate];
  const grant = await sealed("META-INF/callseal/grant", zeros, { preferredCompressionAlgorithm: deflate });
  selfCertification.preferredCompressionAlgorithms = null;
  scene.write("bomb.grant", grant);
  const player = await withArchive({ name: "a.txt.pgp", content: await sealed("a.txt", "the content") });
  await player.give(scene.path("bomb.grant"));
  assert.match(await player.problem(), /bomb\.grant: it decompresses to more than \d+ bytes/);
  await player.openMember("a.txt");
  assert.match(await player.text(), /the content/);
  await player.close();
});

test("an index whose first line is empty is refused, and the members open", async () => {
  const player = await withArchive(
    { name: "a.txt.pgp", content: await sealed("a.txt", "the content") },
    { name: "META-INF/callseal/index.pgp", content: await sealed("META-INF/callseal/index", "\n\n") },
  );
  assert.match(await player.problem(), /line 1 is not the beginning of an index/);
  await player.openMember("a.txt");
  assert.match(await player.text(), /the content/);
  await player.close();
});

test("a name of 65,000 octets is a name", async () => {
  const name = `${"n".repeat(65_000)}.txt`;
  const player = await withArchive({ name: `${name}.pgp`, content: await sealed("_CONSOLE", "the content") });
  await player.openMember("nnnn");
  assert.match(await player.text(), /the content/);
  await player.close();
});

async function verify(player: Player): Promise<string> {
  await player.page.getByRole("tab", { name: "Archives and keys" }).click();
  await player.page.getByRole("button", { name: "Verify", exact: true }).click();
  const verdict = await player.page.locator(".verdict").innerText();
  await player.page.getByRole("tab", { name: "Members" }).click();
  return verdict;
}

/** Puts a message in the place of another one of its length, with checksums that are right. */
function replaced(archive: Buffer, before: Uint8Array, after: Uint8Array): Buffer {
  const sums = [before, after].map((content) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(crc32(content));
    return sum.toString("latin1");
  });
  const octets = archive.toString("latin1").replaceAll(sums[0]!, sums[1]!);
  return Buffer.from(octets.replace(Buffer.from(before).toString("latin1"), () => Buffer.from(after).toString("latin1")), "latin1");
}

test("a member that was replaced before the archive was verified isn't shown any more after it", async () => {
  scene.keygen("ivr", "--sign");
  const before = await sealed("calls/a.txt", "the true text");
  let after: Uint8Array;
  // The number of an RSA ciphertext is shorter now and then.
  do after = await sealed("calls/a.txt", "a false text."); while (after.length !== before.length);
  scene.write("plain.zip", zip([{ name: "calls/a.txt.pgp", content: before }, { name: "calls/b.txt.pgp", content: await sealed("calls/b.txt", "another text") }]));
  scene.callseal("sign", "plain.zip", "-o", "signed.zip", "--sign", "ivr.key");
  scene.write("replaced.zip", replaced(readFileSync(scene.path("signed.zip")), before, after));
  const player = await Player.open(browser);
  await player.give(scene.path("replaced.zip"), scene.path("customer.key"), scene.path("ivr.crt"));
  await player.openMember("a.txt");
  assert.match(await player.text(), /a false text/);
  await searchFor(player, "false");
  await player.page.getByText("1 place in 1 member.").waitFor();
  assert.match(await verify(player), /NOT VERIFIED \(1 fault; .*calls\/a\.txt: it was altered or replaced/s);
  assert.match(await player.problem(), /replaced\.zip: it isn't verified, so nothing of it opens any more/);
  assert.match(await player.row("a.txt").innerText(), /Not opened/);
  assert.doesNotMatch(await player.page.content(), /false text/);
  await player.row("b.txt").dblclick();
  await player.page.getByText("no signature of a signer whose certificate is here holds").waitFor();
  await player.close();
});

test("a name that a grant gives to a member is gone once a signature shows that nothing confirms it", async () => {
  scene.keygen("signer", "--sign");
  const data = crypto.getRandomValues(new Uint8Array(32));
  const message = await openpgp.encrypt({
    message: await openpgp.createMessage({ binary: Buffer.from("a harmless text"), filename: "", format: "binary" }),
    encryptionKeys: recipient,
    sessionKey: { data, algorithm: "aes256", aeadAlgorithm: "ocb" },
    format: "binary",
    config: { aeadProtect: true, allowMissingKeyFlags: true },
  });
  scene.write("number.zip", zip([{ name: "000001.pgp", content: message }, { name: "b.txt.pgp", content: await sealed("./b.txt", "another text") }]));
  scene.callseal("sign", "number.zip", "-o", "number-signed.zip", "--sign", "signer.key");
  const lines = [
    { "callseal-index": 1, members: 1, "hidden-names": true },
    { member: "000001.pgp", name: "calls/confession.txt", size: 15, id: saltOf(message), "session-key": `9:${Buffer.from(data).toString("hex")}` },
  ];
  scene.write("names.grant", await sealed("META-INF/callseal/grant", lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
  const player = await Player.open(browser);
  await player.give(scene.path("number-signed.zip"), scene.path("customer.key"));
  await player.give(scene.path("names.grant"), scene.path("signer.crt"));
  await player.openMember("b.txt");
  await player.openMember("confession.txt");
  assert.match(await player.row("confession.txt").innerText(), /Unaltered/);
  assert.match(await verify(player), /signed by “signer”/);
  assert.match(await player.problem(), /1 member had been opened under a name that nothing sealed and signed confirms/);
  assert.match(await player.row("confession.txt").innerText(), /Not opened/);
  assert.match(await player.row("b.txt").innerText(), /Unaltered/);
  assert.doesNotMatch(await player.page.locator("main").innerText(), /a harmless text/);
  await player.row("confession.txt").dblclick();
  await player.page.getByText("its name is from an index or a grant, and nothing that was sealed and signed confirms it").waitFor();
  await player.close();
});

/** The salt of a message's encrypted data (RFC 9580, section 5.13.2). */
function saltOf(message: Uint8Array): string {
  // The packet of 18 begins behind that of its recipient, whose length has two octets.
  const view = new DataView(message.buffer, message.byteOffset);
  const recipientLength = (message[1]! - 192) * 256 + message[2]! + 192;
  const start = 3 + recipientLength;
  assert.equal(view.getUint8(start), 0xc0 | 18);
  const length = view.getUint8(start + 1);
  const body = start + (length < 192 ? 2 : length < 224 ? 3 : 6);
  return Buffer.from(message.subarray(body + 4, body + 36)).toString("hex");
}
