// What must not leave the page: keys, passphrases and what was opened. All requests are recorded, and
// the browser's profile is searched.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Browser } from "./support/browser.ts";
import { Scene, tone, wav } from "./support/calls.ts";
import { Player } from "./support/player.ts";

/** Words that stand in no other file. */
const SECRET = "zirkonblau-4711-plaintext";
const PASSPHRASE = "quittengelb-0815-passphrase";
/** Samples that stand in no other file, and how Web Audio has them. */
const MARK = Int16Array.from({ length: 32 }, (_, i) => 9001 - 373 * i);
const MARK_AS_FLOATS = Float32Array.from(MARK, (sample) => sample / 32768);

const scene = new Scene();
let keyText = "";
let keyOctets: Buffer;

before(() => {
  scene.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "plain.key", "-out", "customer.crt", "-subj", "/CN=customer", "-days", "900");
  scene.openssl("pkcs8", "-topk8", "-v2", "aes256", "-in", "plain.key", "-out", "customer.key", "-passout", `pass:${PASSPHRASE}`);
  keyText = readFileSync(scene.path("plain.key"), "utf8").split("\n")[5]!;
  keyOctets = Buffer.from(keyText, "base64");
  scene.write("calls/call.json", `{"says":"${SECRET}"}`);
  const recording = tone(3);
  recording.set(MARK, 500);
  scene.write("calls/caller.wav", wav(recording, "pcm16"));
  scene.callseal("pack", "--hide-names", "-o", "calls.zip", "-r", "customer.crt", "calls");
});

after(() => scene.remove());

/** Texts as browsers store them. */
const texts = (...all: readonly string[]) => all.flatMap((text) => [Buffer.from(text), Buffer.from(text, "utf16le")]);

const octets = (samples: Int16Array | Float32Array) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);

/** Unlocks the key, reads, plays and searches. */
async function use(player: Player, files: readonly string[]): Promise<void> {
  await player.give(...files.map((file) => scene.path(file)));
  await player.unlock(PASSPHRASE);
  await player.openMember("call.json");
  assert.match(await player.text(), new RegExp(SECRET));
  await player.openMember("caller.wav");
  await player.playsBeyond(1);
  await player.page.getByRole("tab", { name: "Search" }).click();
  await player.page.getByRole("searchbox", { name: /search/i }).fill("zirkonblau");
  await player.page.keyboard.press("Enter");
  await player.page.getByText("zirkonblau").first().waitFor();
}

test("the page asks for nothing over a network, violates no policy, stores nothing, and leaves nothing in the profile", async () => {
  const browser = await Browser.start();
  try {
    const player = await Player.open(browser);
    await use(player, ["calls.zip", "customer.key"]);
    assert.deepEqual(
      player.traces.requests.filter(({ url }) => !url.startsWith("file:") && !url.startsWith("blob:")),
      [],
    );
    assert.deepEqual(player.traces.errors, []);
    const stored = await player.page.evaluate(async () => ({
      local: Object.keys(localStorage),
      session: Object.keys(sessionStorage),
      cookies: document.cookie,
      databases: await indexedDB.databases(),
    }));
    assert.deepEqual(stored, { local: [], session: [], cookies: "", databases: [] });
    await player.close();
    // Chromium writes some of its state only at its end.
    await browser.close();
    const secrets = [...texts(SECRET, PASSPHRASE, keyText, "zirkonblau"), keyOctets, octets(MARK), octets(MARK_AS_FLOATS)];
    assert.deepEqual(browser.filesWith(...secrets), []);
    // Each of them would be found.
    for (const secret of secrets) {
      const file = path.join(browser.profile, "Default", "planted");
      writeFileSync(file, Buffer.concat([Buffer.from("before"), secret, Buffer.from("after")]));
      assert.deepEqual(browser.filesWith(...secrets), [file]);
    }
  } finally {
    await browser.remove();
  }
});

test("the page can ask for nothing: neither a request, nor an image, nor a script from elsewhere", async () => {
  const browser = await Browser.start();
  try {
    const player = await Player.open(browser);
    const refused = ["connect-src", "img-src", "script by Trusted Types", "frame-src", "style-src-elem", "innerHTML by Trusted Types"];
    const failed = await player.page.evaluate(async (refused) => {
      const violations: string[] = [];
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => violations.push(effectiveDirective));
      await fetch("http://127.0.0.1:9/").catch(() => undefined);
      new Image().src = "http://127.0.0.1:9/a.png";
      navigator.sendBeacon("http://127.0.0.1:9/");
      for (const [name, property] of [["script", "src"], ["iframe", "src"]] as const) {
        const element = document.createElement(name);
        try {
          element[property] = "http://127.0.0.1:9/" as never;
          document.body.append(element);
        } catch {
          violations.push(`${name} by Trusted Types`);
        }
      }
      const style = document.createElement("style");
      style.textContent = "body { background: url(http://127.0.0.1:9/) }";
      document.body.append(style);
      try {
        document.body.innerHTML = "<b></b>";
      } catch {
        violations.push("innerHTML by Trusted Types");
      }
      for (let tries = 0; tries < 100 && !refused.every((directive) => violations.includes(directive)); tries++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return violations;
    }, refused);
    for (const directive of refused) assert.ok(failed.includes(directive), `${directive} is missing in ${failed}`);
    await player.close();
  } finally {
    await browser.close();
    await browser.remove();
  }
});

test("“Forget key” clears what is shown, and nothing opens any more without the key", async () => {
  const browser = await Browser.start();
  try {
    const player = await Player.open(browser);
    await use(player, ["calls.zip", "customer.key"]);
    await player.page.getByRole("button", { name: "Forget key" }).click();
    await player.page.getByRole("tab", { name: "Members" }).click();
    await player.row("000001").waitFor();
    const body = await player.page.locator("body").innerText();
    for (const shown of ["zirkonblau", "caller.wav", "call.json", "customer.key"]) assert.equal(body.includes(shown), false, shown);
    assert.equal(await player.page.locator(".player, .text").count(), 0);
    assert.equal(player.page.workers().length, 1);
    await player.openMember("000001");
    assert.match(await player.problem(), /no private key is here/);
    await player.close();
  } finally {
    await browser.close();
    await browser.remove();
  }
});

test("after 15 idle minutes the page forgets the key, and says so; use and playing keep it", async () => {
  const browser = await Browser.start();
  try {
    const page = await browser.context.newPage();
    await page.close();
    const player = await Player.open(browser);
    await player.page.clock.install();
    await player.page.reload();
    await use(player, ["calls.zip", "customer.key"]);
    await player.page.getByRole("tab", { name: "Members" }).click();
    // The recording of 3 seconds ends. The sound has a clock of its own.
    await player.page.getByRole("button", { name: "Play", exact: true }).waitFor();
    await player.page.clock.runFor(14 * 60_000);
    await player.row("caller.wav").waitFor();
    await player.page.mouse.move(100, 100);
    await player.page.mouse.move(200, 200);
    await player.page.clock.runFor(14 * 60_000);
    assert.equal(await player.row("caller.wav").count(), 1);
    await player.page.clock.runFor(2 * 60_000);
    await player.page.getByText(/wasn't used for 15 minutes, and forgot your key/).waitFor();
    await player.row("000001").waitFor();
    await player.close();
  } finally {
    await browser.close();
    await browser.remove();
  }
});
