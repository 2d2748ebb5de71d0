// Archives and keys in a real browser: what opens, and what doesn't.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { Browser } from "./support/browser.ts";
import { Scene, tone, wav } from "./support/calls.ts";
import { Player } from "./support/player.ts";

const TRANSCRIPT = '{"caller":"+49 30 901820","says":"my card number"}';

let browser: Browser;
const scene = new Scene();

/** Opens the transcript with these files, and returns what is shown. */
async function textWith(...files: readonly string[]): Promise<string> {
  const player = await Player.open(browser);
  await player.give(...files.map((file) => scene.path(file)));
  await player.openMember("call.json");
  const text = await player.text();
  assert.deepEqual(player.traces.errors, []);
  await player.close();
  return text;
}

const isTranscript = (text: string) => assert.match(text, /"caller": "\+49 30 901820"/);

before(async () => {
  scene.keygen("rsa");
  for (const curve of ["p256", "p384", "p521"]) scene.keygen(curve, "--ec", curve);
  scene.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "openssl.key", "-out", "openssl.crt", "-subj", "/CN=customer", "-days", "900");
  scene.openssl("rsa", "-traditional", "-in", "openssl.key", "-out", "pkcs1.key");
  scene.openssl("ec", "-in", "p384.key", "-out", "sec1.key");
  scene.openssl("rsa", "-in", "openssl.key", "-outform", "DER", "-out", "openssl.der");
  for (const hash of ["hmacWithSHA1", "hmacWithSHA256", "hmacWithSHA512"]) {
    scene.openssl("pkcs8", "-topk8", "-v2", "aes256", "-v2prf", hash, "-in", "openssl.key", "-out", `${hash}.key`, "-passout", "pass:correct horse");
  }
  scene.openssl("pkcs8", "-topk8", "-v2", "aes128", "-in", "p256.key", "-out", "locked-p256.key", "-passout", "pass:correct horse");
  scene.openssl("rsa", "-traditional", "-aes256", "-in", "openssl.key", "-out", "proc-type.key", "-passout", "pass:correct horse");
  scene.openssl("pkcs12", "-export", "-inkey", "openssl.key", "-in", "openssl.crt", "-out", "keys.p12", "-passout", "pass:x");
  scene.keygen("stranger");
  scene.write("calls/a/caller.wav", wav(tone(1), "pcm16"));
  scene.write("calls/a/call.json", TRANSCRIPT);
  scene.write("calls/a/notes.txt", "the caller wants the balance\n".repeat(1000));
  const recipients = ["rsa", "p256", "p384", "p521", "openssl"].flatMap((name) => ["-r", `${name}.crt`]);
  scene.callseal("pack", "-o", "calls.zip", ...recipients, "calls");
  for (const format of ["rfc4880", "cms-gcm"]) scene.callseal("pack", "--format", format, "-o", `${format}.zip`, ...recipients, "calls");
  // It is for those who have only `openssl smime`, and RSA keys.
  scene.callseal("pack", "--format", "cms", "-o", "cms.zip", "-r", "rsa.crt", "-r", "openssl.crt", "calls");
  scene.callseal("pack", "--compress", "deflate", "-o", "compressed.zip", ...recipients, "calls");
  scene.callseal("pack", "--hide-names", "-o", "hidden.zip", ...recipients, "calls");
  scene.callseal("pack", "--hide-names", "--index", "none", "-o", "numbers.zip", ...recipients, "calls");
  browser = await Browser.start();
});

after(async () => {
  await browser.close();
  await browser.remove();
  scene.remove();
});

for (const key of ["rsa", "p256", "p384", "p521", "openssl", "pkcs1", "sec1"]) {
  test(`a member opens with ${key}.key`, async () => isTranscript(await textWith("calls.zip", `${key}.key`)));
}

test("a member opens with a key in DER", async () => isTranscript(await textWith("calls.zip", "openssl.der")));

for (const archive of ["rfc4880", "compressed", "hidden", "cms-gcm"]) {
  for (const key of ["rsa", "p521"]) {
    test(`a member of ${archive}.zip opens with ${key}.key`, async () => isTranscript(await textWith(`${archive}.zip`, `${key}.key`)));
  }
}

test("a CMS member with AES-CBC is shown with a warning that it may have been altered", async () => {
  const player = await Player.open(browser);
  await player.give(scene.path("cms.zip"), scene.path("openssl.key"));
  await player.openMember("call.json");
  isTranscript(await player.text());
  assert.match(await player.problems(), /may have been altered/);
  assert.match(await player.row("call.json").innerText(), /Not authenticated/i);
  await player.close();
});

for (const key of ["hmacWithSHA1", "hmacWithSHA256", "hmacWithSHA512", "locked-p256"]) {
  test(`a locked key opens with its passphrase, and with no other: ${key}.key`, async () => {
    const player = await Player.open(browser);
    await player.give(scene.path("calls.zip"), scene.path(`${key}.key`));
    const dialog = player.page.getByRole("dialog");
    await dialog.getByLabel("Passphrase").fill("wrong horse");
    await dialog.getByRole("button", { name: "Unlock" }).click();
    await dialog.getByRole("alert").filter({ hasText: "the passphrase is wrong" }).waitFor();
    assert.equal(await dialog.getByLabel("Passphrase").inputValue(), "");
    await player.unlock("correct horse");
    await player.openMember("call.json");
    isTranscript(await player.text());
    await player.close();
  });
}

for (const [file, error, hint] of [
  ["proc-type.key", /proc-type\.key: it is locked in the old way of PEM/, /openssl pkcs8 -topk8/],
  ["keys.p12", /keys\.p12: it is a PKCS#12 keystore/, /openssl pkcs12 -legacy -aes256 -in FILE -nocerts/],
  ["calls/a/notes.txt", /notes\.txt: it holds neither a private key nor a certificate/, /drop a key in PEM/],
] as const) {
  test(`a file of another kind is named, with the remedy: ${file}`, async () => {
    const player = await Player.open(browser);
    await player.give(scene.path("calls.zip"), scene.path(file));
    const problem = await player.problem();
    assert.match(problem, error);
    assert.match(problem, hint);
    await player.close();
  });
}

test("a wrong key opens nothing, and the message says why", async () => {
  const player = await Player.open(browser);
  await player.give(scene.path("calls.zip"), scene.path("stranger.key"));
  await player.page.getByText("stranger.key: none of the archives here names it as a recipient.").waitFor();
  await player.openMember("call.json");
  assert.match(await player.problem(), /calls\/a\/call\.json: none of the keys here opens it/);
  assert.equal(await player.page.locator(".text").count(), 0);
  await player.close();
});

test("the error that a key is missing goes when the key comes", async () => {
  const player = await Player.open(browser);
  await player.give(scene.path("calls.zip"));
  await player.openMember("call.json");
  assert.match(await player.problem(), /no private key is here/);
  await player.give(scene.path("rsa.key"));
  await player.page.getByRole("region", { name: "Content" }).getByRole("button", { name: "Open" }).click();
  await player.page.locator(".text").waitFor();
  isTranscript(await player.text());
  await player.close();
});

test("a certificate instead of a key is named as what it is", async () => {
  const player = await Player.open(browser);
  await player.give(scene.path("calls.zip"), scene.path("openssl.crt"));
  await player.page.getByText("customer is a certificate: it gives recipients and signers their names. To open members, drop a private key.").waitFor();
  await player.close();
});

test("a member asks for the key that is there and locked", async () => {
  const player = await Player.open(browser);
  await player.give(scene.path("calls.zip"), scene.path("hmacWithSHA256.key"));
  await player.page.getByRole("dialog").getByRole("button", { name: "Not now" }).click();
  await player.openMember("call.json");
  assert.match(await player.problem(), /“hmacWithSHA256\.key” is locked/);
  await player.close();
});

test("without a key, the list is there, and opening asks for the key", async () => {
  const player = await Player.open(browser);
  await player.give(scene.path("calls.zip"));
  await player.openMember("call.json");
  assert.match(await player.problem(), /it is sealed, and no private key is here/);
  await player.close();
});

test("hidden names show with a key that opens the index, and not before", async () => {
  const player = await Player.open(browser);
  await player.give(scene.path("hidden.zip"));
  await player.row("000001").waitFor();
  await player.give(scene.path("rsa.key"));
  await player.row("caller.wav").waitFor();
  assert.equal(await player.row("000001").count(), 0);
  await player.close();
});

test("what else is in a directory shows as the hidden names become known, one by one", async () => {
  const player = await Player.open(browser);
  await player.give(scene.path("numbers.zip"), scene.path("rsa.key"));
  const others = player.page.getByRole("navigation", { name: "Also in this directory" }).getByRole("button");
  const heading = player.page.getByRole("region", { name: "Content" }).getByRole("heading");
  const known: string[] = [];
  for (const number of ["000001", "000002", "000003"]) {
    await player.row(number).dblclick();
    await heading.filter({ hasText: /\./ }).waitFor();
    await player.shown().first().waitFor();
    assert.deepEqual((await others.allTextContents()).sort(), [...known].sort());
    known.push((await heading.textContent())!);
  }
  assert.equal(new Set(known).size, 3);
  assert.deepEqual(player.traces.errors, []);
  await player.close();
});

test("archives of one name that are given at once are told apart", async () => {
  for (const directory of ["one", "two"]) {
    scene.write(`${directory}/${directory}/call.json`, TRANSCRIPT);
    mkdirSync(scene.path("from", directory), { recursive: true });
    scene.callseal("pack", "-o", `from/${directory}/day.zip`, "-r", "rsa.crt", directory);
  }
  const player = await Player.open(browser);
  await player.give(scene.path("from/one/day.zip"), scene.path("from/two/day.zip"));
  await player.page.getByText("2 members", { exact: true }).waitFor();
  const choices = player.page.getByLabel("Archive", { exact: true }).getByRole("option");
  assert.deepEqual(await choices.allTextContents(), ["All archives", "day.zip", "day.zip (2)"]);
  await player.close();
});

test("a certificate gives a recipient its name", async () => {
  const player = await Player.open(browser);
  await player.give(scene.path("calls.zip"), scene.path("rsa.key"), scene.path("openssl.crt"));
  await player.openMember("call.json");
  const content = player.page.getByRole("region", { name: "Content" });
  await content.getByText("About this member").click();
  await content.getByText("customer").first().waitFor();
  await player.close();
});

test("a grant opens what it lists, and nothing else, whether its key is there before or after it", async () => {
  scene.callseal("grant", "calls.zip", "calls/a/call.json", "-r", "stranger.crt", "-k", "rsa.key", "-o", "one.grant");
  for (const files of [
    ["calls.zip", "stranger.key", "one.grant"],
    ["calls.zip", "one.grant", "stranger.key"],
  ]) {
    const player = await Player.open(browser);
    for (const file of files) await player.give(scene.path(file));
    await player.openMember("call.json");
    isTranscript(await player.text());
    await player.openMember("notes.txt");
    assert.match(await player.problem(), /the grant doesn't list it/);
    await player.close();
  }
});

test("a grant stands in the page once, and says what it waits for and what it opens", async () => {
  scene.callseal("grant", "calls.zip", "calls/a/call.json", "-r", "stranger.crt", "-k", "rsa.key", "-o", "said.grant");
  scene.write("other/note.txt", "a note\n");
  scene.callseal("pack", "-o", "other.zip", "-r", "rsa.crt", "other");
  const player = await Player.open(browser);
  const says = (text: string | RegExp) => player.page.getByText(text).first().waitFor();
  await player.give(scene.path("p256.key"));
  await says("p256.key");
  await player.give(scene.path("said.grant"));
  await says(/said\.grant: none of the keys here opens it\. It is sealed to [0-9A-F]{40}\./);
  await player.give(scene.path("stranger.key"));
  await says("said.grant: drop the archive that this grant is for.");
  await player.give(scene.path("other.zip"));
  await says(/said\.grant: it grants no member of other\.zip/);
  await player.give(scene.path("calls.zip"));
  await player.page.getByRole("tab", { name: "Archives and keys" }).click();
  await says("It lists 1 member, and opens 1 member of calls.zip.");
  const rows = player.page.getByRole("listitem").filter({ hasText: "said.grant (grant)" });
  assert.equal(await rows.count(), 1);
  // What it says stands under its name, as the fingerprints of keys do.
  const left = async (part: string) => (await rows.locator(part).boundingBox())!.x;
  assert.equal(await left(".dim"), await left(".name"));
  assert.deepEqual(player.traces.errors, []);
  await player.close();
});

test("signatures are checked against a signer's certificate, in the words of verify", async () => {
  scene.keygen("ivr", "--sign");
  scene.callseal("pack", "--sign", "ivr.key", "-o", "signed.zip", "-r", "rsa.crt", "calls");
  const player = await Player.open(browser);
  await player.give(scene.path("signed.zip"));
  await player.page.getByRole("tab", { name: "Archives and keys" }).click();
  await player.page.getByRole("button", { name: /Verify|Check/ }).click();
  await player.page.getByText(/claims to be signed by “ivr” on .*, not checked/).first().waitFor();
  await player.give(scene.path("ivr.crt"));
  await player.page.getByRole("button", { name: /Verify|Check/ }).click();
  await player.page.getByText(/sound \(6 entries, .*\); signed by “ivr” on 20/).first().waitFor();
  await player.close();
});
