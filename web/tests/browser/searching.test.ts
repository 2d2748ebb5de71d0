// Searching through the transcripts of archives in a real browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser } from "./support/browser.ts";
import { Scene, tone, wav } from "./support/calls.ts";
import { Player } from "./support/player.ts";

const CALLS = 400;

let browser: Browser;
const scene = new Scene();

before(async () => {
  scene.keygen("customer");
  scene.keygen("stranger");
  for (let i = 0; i < CALLS; i++) {
    const says = i % 100 === 7 ? "I want a REFUND, please" : "the balance";
    scene.write(`calls/${i}/call.json`, `{\n  "number": ${i},\n  "says": "${says}"\n}\n`);
  }
  scene.write("calls/7/utf16.txt", Buffer.from("\ufeffein Refund für Zoë\r\n", "utf16le"));
  scene.write("calls/7/latin1.callsre", Buffer.from("ein Refund f\xfcr Zo\xeb in Latin-1\n", "latin1"));
  scene.write("calls/7/orders", "8=FIX.4.2\x0135=refund\x0110=128\x01");
  scene.write("calls/7/sound", Buffer.from("\x01\xd5\xd5\x55refund\xfe", "latin1"));
  scene.write("calls/7/caller.wav", wav(tone(1), "pcm16"));
  scene.callseal("pack", "-o", "calls.zip", "-r", "customer.crt", "calls");
  browser = await Browser.start();
});

after(async () => {
  await browser.close();
  await browser.remove();
  scene.remove();
});

async function searching(text: string, key = "customer.key"): Promise<Player> {
  const player = await Player.open(browser);
  await player.give(scene.path("calls.zip"), scene.path(key));
  await player.row("call.json").first().waitFor();
  await player.page.getByRole("tab", { name: "Search" }).click();
  await player.page.getByRole("searchbox", { name: /search/i }).fill(text);
  await player.page.keyboard.press("Enter");
  return player;
}

test("each line with the word is found, in every encoding, and opens at its place", async () => {
  const player = await searching("refund");
  const hits = player.page.getByRole("option");
  await player.page.getByText(/REFUND/).first().waitFor();
  await player.page.getByText(/ein Refund für Zoë$/).waitFor();
  await player.page.getByText("7 places in 7 members. 2 recordings, large files or files that are no texts weren't searched.").waitFor();
  assert.equal(await hits.filter({ hasText: /refund/i }).count(), 7);
  await player.page.getByText(/ein Refund für Zoë in Latin-1/).waitFor();
  await hits.filter({ hasText: "REFUND" }).first().click();
  await player.page.locator(".text").waitFor();
  assert.match(await player.text(), /I want a REFUND/);
  await hits.filter({ hasText: "FIX.4.2" }).first().click();
  await player.page.getByRole("heading", { name: "orders" }).waitFor();
  await player.page.locator(".text").waitFor();
  assert.match(await player.text(), /8=FIX\.4\.2\[U\+0001\]35=refund/);
  assert.deepEqual(player.traces.errors, []);
  await player.close();
});

test("a key that opens nothing isn't taken for texts without the word", async () => {
  const player = await searching("refund", "stranger.key");
  await player.page.getByText("404 members couldn't be searched. 1 recording, large file or file that is no text wasn't searched.", { exact: true }).waitFor();
  await player.page.getByText("Which ones, and why (the first 100)").click();
  await player.page.getByText("calls/0/call.json: none of the keys here opens it (drop the key of one of its recipients into the page)", { exact: true }).waitFor();
  await player.close();
});

test("what isn't found is said to be searched to the end", async () => {
  const player = await searching("no such word anywhere");
  await player.page.getByText("Nothing was found.").waitFor();
  await player.close();
});
