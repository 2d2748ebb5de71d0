// Archives from strangers in a real browser: nothing plays or shows that isn't what was sealed, and
// nothing of it is taken for a part of the page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import * as openpgp from "openpgp";
import { Browser } from "./support/browser.ts";
import { Scene, tone, wav } from "./support/calls.ts";
import { Player } from "./support/player.ts";
import { type Entry, zip } from "./support/zip.ts";

const RECORDING = wav(tone(1), "pcm16");

let browser: Browser;
const scene = new Scene();
let recipient: openpgp.PublicKey;

/** Seals a content as OpenPGP.js does, under any name. */
async function sealed(name: string, content: Uint8Array | string): Promise<Uint8Array> {
  const binary = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const message = await openpgp.createMessage({ binary, filename: name, format: "binary" });
  return openpgp.encrypt({ message, encryptionKeys: recipient, format: "binary", config: { aeadProtect: true, allowMissingKeyFlags: true } });
}

before(async () => {
  scene.keygen("customer", "--rsa", "2048");
  const certificate = scene.callseal("export", "customer.crt", "-k", "customer.key");
  recipient = await openpgp.readKey({ armoredKey: certificate });
  scene.write("a.wav", RECORDING);
  for (const format of ["auto", "rfc4880", "cms-gcm"]) scene.callseal("seal", "--format", format, "-r", "customer.crt", "-o", `a.${format}`, "a.wav");
  browser = await Browser.start();
  await Player.listen(browser);
});

after(async () => {
  await browser.close();
  await browser.remove();
  scene.remove();
});

/** Opens the page with an archive of these entries, and the key. */
async function withArchive(...entries: readonly Entry[]): Promise<Player> {
  scene.write("hostile.zip", zip(entries));
  const player = await Player.open(browser);
  await player.give(scene.path("hostile.zip"), scene.path("customer.key"));
  return player;
}

/** Nothing was played, nothing is shown, and the page did nothing that it must not do. */
async function assertNothing(player: Player): Promise<void> {
  assert.deepEqual(await player.heard(), []);
  assert.equal(await player.page.locator(".player, .text").count(), 0);
  assert.deepEqual(player.traces.errors, []);
}

for (const [format, ending] of [["auto", "pgp"], ["rfc4880", "pgp"], ["cms-gcm", "p7m"]] as const) {
  test(`one bit flipped in each of 50 places of a message: nothing plays, and the message says why: ${format}`, async () => {
    const message = new Uint8Array(readFileSync(scene.path(`a.${format}`)));
    // From behind the recipients to the end: what precedes belongs to them.
    const start = 700;
    const places = Array.from({ length: 50 }, (_, i) => start + Math.floor((i * (message.length - 1 - start)) / 49));
    const entries = places.map((place, i) => {
      const content = message.slice();
      content[place]! ^= 1 << (i % 8);
      return { name: `place-${i}-/a.wav.${ending}`, content };
    });
    const player = await withArchive(...entries);
    for (const i of places.keys()) {
      await player.filter(`place-${i}-`);
      await player.openMember(`place-${i}-`);
      const problem = await player.problem();
      assert.match(problem, /it was altered or damaged after it was sealed|it is malformed|it is truncated|neither an OpenPGP nor a CMS|which is not supported|something follows/, `${i}: ${problem}`);
      await assertNothing(player);
    }
    await player.close();
  });
}

test("a truncated archive is refused with what to do", async () => {
  const whole = zip([{ name: "a.wav.pgp", content: new Uint8Array(readFileSync(scene.path("a.auto"))) }]);
  scene.write("cut.zip", whole.subarray(0, whole.length - 30));
  const player = await Player.open(browser);
  await player.give(scene.path("cut.zip"), scene.path("customer.key"));
  const problem = await player.problem();
  assert.match(problem, /cut\.zip: the ZIP archive is incomplete, or something was appended to it/);
  assert.match(problem, /get the archive again/);
  // It isn't there, and another one can be given.
  await player.page.getByRole("region", { name: "Start" }).waitFor();
  await player.close();
});

test("a member that was cut short plays nothing", async () => {
  const message = new Uint8Array(readFileSync(scene.path("a.auto")));
  const player = await withArchive({ name: "a.wav.pgp", content: message.subarray(0, message.length - 40) });
  await player.openMember("a.wav");
  assert.match(await player.problem(), /it is truncated|it was altered/);
  await assertNothing(player);
  await player.close();
});

test("names are shown as text, whatever they are", async () => {
  const names = [
    "<img src=x onerror=alert(1)>.txt",
    '"><script>alert(1)</script>.txt',
    "javascript:alert(1).txt",
    "&lt;b&gt;.txt",
    "\u202etxt.exe.txt",
    "{{7*7}}${7*7}.txt",
    "a".repeat(5000) + ".txt",
  ];
  const entries = await Promise.all(names.map(async (name) => ({ name: `${name}.pgp`, content: await sealed(name, `<img src=x onerror=alert(2)> of ${name.slice(0, 20)}`) })));
  const player = await withArchive(...entries);
  let dialogs = 0;
  player.page.on("dialog", (dialog) => (dialogs++, void dialog.dismiss()));
  await player.row("<img src=x onerror=alert(1)>").waitFor();
  assert.equal(await player.page.locator("img, iframe, object, embed, link[rel=stylesheet]").count(), 0);
  // A direction mark would turn the name around.
  assert.equal((await player.page.locator("body").innerText()).includes("\u202e"), false);
  await player.openMember("<img src=x onerror=alert(1)>");
  assert.match(await player.text(), /<img src=x onerror=alert\(2\)> of/);
  assert.equal(await player.page.locator("img").count(), 0);
  assert.equal(dialogs, 0);
  assert.deepEqual(player.traces.errors, []);
  await player.close();
});

test("unsafe names are listed, and their members don't open", async () => {
  const message = new Uint8Array(readFileSync(scene.path("a.auto")));
  const player = await withArchive(
    { name: "../../etc/passwd.wav.pgp", content: message },
    { name: "/etc/shadow.wav.pgp", content: message },
    { name: "a\u0007bell.wav.pgp", content: message },
  );
  for (const [name, fault] of [["passwd", /a parent component/], ["shadow", /an absolute path/], ["bell", /a control character/]] as const) {
    await player.openMember(name);
    assert.match(await player.problem(), fault);
    await assertNothing(player);
  }
  await player.close();
});

test("recordings with hostile headers never crash the page", async () => {
  const view = (change: (view: DataView, octets: Uint8Array) => void) => {
    const octets = RECORDING.slice();
    change(new DataView(octets.buffer), octets);
    return octets;
  };
  const recordings: Record<string, Uint8Array> = {
    "zero-rate": view((v) => v.setUint32(24, 0, true)),
    "huge-rate": view((v) => v.setUint32(24, 0xffffffff, true)),
    "no-channels": view((v) => v.setUint16(22, 0, true)),
    "many-channels": view((v) => v.setUint16(22, 65535, true)),
    "zero-bits": view((v) => v.setUint16(34, 0, true)),
    "many-bits": view((v) => v.setUint16(34, 65535, true)),
    "zero-align": view((v) => v.setUint16(32, 0, true)),
    "huge-data": view((v) => v.setUint32(40, 0xffffffff, true)),
    "huge-riff": view((v) => v.setUint32(4, 0xffffffff, true)),
    "huge-format": view((v) => v.setUint32(16, 0xfffffff0, true)),
    gsm: view((v) => v.setUint16(20, 49, true)),
    "unknown-codec": view((v) => v.setUint16(20, 0xbeef, true)),
    "no-data": RECORDING.slice(0, 36),
    "header-alone": RECORDING.slice(0, 12),
    "mp3-of-nothing": new TextEncoder().encode("ID3\u0004\u0000\u0000\u0000\u0000\u0000\u0000not an MP3"),
    "ogg-of-nothing": new TextEncoder().encode("OggS not an Ogg at all"),
  };
  const entries = await Promise.all(Object.entries(recordings).map(async ([name, octets]) => ({ name: `${name}.wav.pgp`, content: await sealed(`${name}.wav`, octets) })));
  const player = await withArchive(...entries);
  for (const name of Object.keys(recordings)) {
    await player.openMember(`${name}.wav`);
    await player.page.getByRole("button", { name: "Close the member" }).click();
  }
  assert.deepEqual(player.traces.errors, []);
  await player.close();
});

test("JSON, XML and texts of any kind are shown and never run", async () => {
  const texts: Record<string, string> = {
    "deep.json": "[".repeat(100_000) + "]".repeat(100_000),
    "double.json": '{"caller":"Ann","caller":"Bob"}',
    "proto.json": '{"__proto__":{"polluted":true},"constructor":1}',
    "number.json": '{"id":12345678901234567890,"amount":1.10}',
    "script.json": '{"says":"</script><script>alert(1)</script>"}',
    "broken.json": '{"says":',
    "entity.xml": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "script.xml": '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
    "deep.xml": "<a>".repeat(50_000),
    "long.txt": "x".repeat(3_000_000),
    "nul.txt": "a\u0000b\u001b[31mc",
  };
  const entries = await Promise.all(Object.entries(texts).map(async ([name, text]) => ({ name: `${name}.pgp`, content: await sealed(name, text) })));
  const player = await withArchive(...entries);
  for (const name of Object.keys(texts)) {
    await player.openMember(name);
    if (name === "number.json") assert.match(await player.text(), /12345678901234567890/);
    if (name === "double.json") assert.match(await player.text(), /Ann[\s\S]*Bob/);
    await player.page.getByRole("button", { name: "Close the member" }).click();
  }
  assert.equal(await player.page.evaluate(() => "polluted" in {}), false);
  assert.equal(await player.page.locator("svg script, iframe").count(), 0);
  assert.deepEqual(player.traces.errors, []);
  await player.close();
});

test("an index that lists a key twice, or a member twice, is refused, and members open by their own recipients", async () => {
  const key = "9:" + "00".repeat(32);
  const line = (member: string, extra = "") => `{"member":"${member}.pgp","name":"${member}","size":1${extra},"id":"${"0".repeat(64)}","session-key":"${key}"}\n`;
  const indexes: Record<string, [string, RegExp]> = {
    "a key twice": ['{"callseal-index":1,"members":1}\n' + line("a.txt", ',"size":2'), /line 2 is malformed/],
    "a member twice": ['{"callseal-index":1,"members":2}\n' + line("a.txt") + line("a.txt"), /line 3 lists a member again/],
    "another key": ['{"callseal-index":1,"members":1}\n' + line("a.txt", ',"evil":true'), /line 2 is malformed/],
    "too few lines": ['{"callseal-index":1,"members":7}\n' + line("a.txt"), /it says that it lists 7 members, but lists 1/],
    "another version": ['{"callseal-index":2,"members":1}\n' + line("a.txt"), /line 1 is not the beginning of an index/],
    "no JSON": ["<html>", /line 1 doesn't end/],
  };
  for (const [what, [text, fault]] of Object.entries(indexes)) {
    const player = await withArchive(
      { name: "a.txt.pgp", content: await sealed("a.txt", "the content") },
      { name: "META-INF/callseal/index.pgp", content: await sealed("META-INF/callseal/index", text) },
    );
    assert.match(await player.problem(), fault, what);
    await player.openMember("a.txt");
    assert.match(await player.text(), /the content/);
    await player.close();
  }
});

test("a false index opens nothing that it has no key for", async () => {
  const index = `{"callseal-index":1,"members":1}\n{"member":"a.txt.pgp","name":"a.txt","size":1,"id":"${"0".repeat(64)}","session-key":"9:${"00".repeat(32)}"}\n`;
  const player = await withArchive(
    { name: "a.txt.pgp", content: await sealed("a.txt", "the content") },
    { name: "META-INF/callseal/index.pgp", content: await sealed("META-INF/callseal/index", index) },
  );
  await player.row("a.txt").waitFor();
  await player.openMember("a.txt");
  assert.match(await player.problem(), /it was replaced: the session key in the index doesn't open it/);
  await assertNothing(player);
  await player.close();
});

test("a member that was moved to another name isn't shown", async () => {
  const player = await withArchive({ name: "harmless.txt.pgp", content: await sealed("other.txt", "what is sealed as other.txt") });
  await player.openMember("harmless.txt");
  assert.match(await player.problem(), /it was sealed as “other\.txt”: it was moved or swapped/);
  await assertNothing(player);
  await player.close();
});
