// Large archives in a real browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { after, before, test } from "node:test";
import { Browser } from "./support/browser.ts";
import { Scene, wav } from "./support/calls.ts";
import { Player } from "./support/player.ts";
import { zip } from "./support/zip.ts";

const MEMBERS = 100_000;
const MIB = 1024 * 1024;

let browser: Browser;
const scene = new Scene();

before(async () => {
  scene.keygen("customer", "--rsa", "2048");
  browser = await Browser.start();
  await Player.listen(browser);
});

after(async () => {
  await browser.close();
  await browser.remove();
  scene.remove();
});

test("100,000 members: only those that are seen are in the page, and each can be found", async () => {
  const message = new Uint8Array([0xc1, 0x00]);
  const entries = Array.from({ length: MEMBERS }, (_, i) => ({
    name: `calls/2026-03-${String((i % 28) + 1).padStart(2, "0")}/agent-${i % 50}/call-${String(i).padStart(6, "0")}.wav.pgp`,
    content: message,
  }));
  // The count of ZIP's own record ends at 65,535.
  scene.write("many.zip", zip(entries));
  const player = await Player.open(browser);
  await player.give(scene.path("many.zip"));
  await player.page.getByText("100,000 members", { exact: true }).waitFor({ timeout: 60_000 });
  const rows = () => player.page.getByRole("row").count();
  assert.ok((await rows()) < 200, `${await rows()} rows`);
  await player.page.getByRole("grid").focus();
  await player.page.keyboard.press("End");
  await player.row("call-").last().waitFor();
  await player.filter("call-077777");
  await player.page.getByText("1 of 100,000 members").waitFor();
  await player.row("call-077777.wav").waitFor();
  await player.filter("");
  const scroller = player.page.getByRole("rowgroup").last();
  await player.page.mouse.move(300, 400);
  for (let i = 0; i < 30; i++) await player.page.mouse.wheel(0, 20_000);
  assert.ok((await scroller.evaluate((element) => element.scrollTop)) > 100_000);
  assert.ok((await rows()) < 200);
  assert.deepEqual(player.traces.errors, []);
  await player.close();
});

test("a recording of 256 MiB plays from any place, and the page takes less than 640 MiB more", async () => {
  // A-law: nine hours.
  const size = 256 * MIB;
  const header = wav(new Uint8Array(0), "alaw");
  const view = new DataView(header.buffer);
  view.setUint32(4, 36 + size, true);
  view.setUint32(40, size, true);
  const file = openSync(scene.write("long/long.wav", header), "a");
  const piece = Uint8Array.from({ length: MIB }, (_, i) => (i * 7919) % 256);
  for (let i = 0; i < 256; i++) writeSync(file, piece);
  closeSync(file);
  scene.callseal("pack", "-o", "long.zip", "-r", "customer.crt", "long");
  execFileSync("rm", ["-r", scene.path("long")]);

  const player = await Player.open(browser);
  await player.give(scene.path("long.zip"), scene.path("customer.key"));
  await player.row("long.wav").waitFor();
  browser.forgetPeak();
  const before = browser.peak();
  await player.openMember("long.wav");
  for (let i = 0; i < 3; i++) await player.page.keyboard.press("Shift+ArrowRight");
  await player.page.getByRole("slider", { name: /position/i }).focus();
  await player.page.keyboard.press("End");
  const { duration } = await player.position();
  assert.equal(duration, Math.floor(size / 8000));
  await player.playsBeyond(duration - 10);
  const more = browser.peak() - before;
  console.log(`the page takes ${Math.round(more)} MiB more for 256 MiB`);
  assert.ok(more < 640, `${more} MiB`);
  assert.deepEqual(player.traces.errors, []);
  await player.close();
});
