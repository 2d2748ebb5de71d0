// The page for people who don't see it, or use no mouse: the rules of WCAG 2.2 that a program can check.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import type { AxeResults } from "axe-core";
import { Browser } from "./support/browser.ts";
import { Scene, tone, wav } from "./support/calls.ts";
import { Player } from "./support/player.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const scene = new Scene();

before(() => {
  scene.keygen("customer");
  scene.openssl("pkcs8", "-topk8", "-v2", "aes256", "-in", "customer.key", "-out", "locked.key", "-passout", "pass:x");
  scene.write("calls/a.wav", wav(tone(3), "pcm16"));
  scene.write("calls/call.json", '{"says":"the balance"}');
  scene.callseal("pack", "-o", "calls.zip", "-r", "customer.crt", "calls");
  scene.callseal("pack", "--format", "cms", "-o", "cms.zip", "-r", "customer.crt", "calls");
});

after(() => scene.remove());

async function assertAccessible(player: Player, state: string): Promise<void> {
  const results = await player.page.evaluate(
    async (source) => {
      // The page's own policy keeps scripts from being added to it.
      (0, eval)(source);
      return (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      });
    },
    AXE,
  );
  assert.ok(results.passes.length > 10, `${results.passes.length} rules were tried`);
  const found = results.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(found, [], state);
}

for (const dark of [false, true]) {
  for (const width of [1280, 390]) {
    test(`no rule is broken in any state: ${dark ? "dark" : "light"}, ${width} pixels wide`, async () => {
      const browser = await Browser.start({ dark, width, bypassPolicy: true });
      try {
        const player = await Player.open(browser);
        await assertAccessible(player, "at first");
        await player.give(scene.path("calls.zip"), scene.path("locked.key"));
        await player.page.getByRole("dialog").waitFor();
        await assertAccessible(player, "the passphrase");
        await player.page.getByRole("dialog").getByLabel("Passphrase").fill("x");
        await player.page.keyboard.press("Enter");
        await player.row("a.wav").waitFor();
        await assertAccessible(player, "the list");
        await player.openMember("a.wav");
        await assertAccessible(player, "a recording");
        await player.openMember("call.json");
        await assertAccessible(player, "a transcript");
        await player.page.getByRole("tab", { name: "Search" }).click();
        await player.page.getByRole("searchbox", { name: /search/i }).fill("balance");
        await player.page.keyboard.press("Enter");
        await player.page.getByRole("option").first().waitFor();
        await assertAccessible(player, "what was found");
        await player.page.getByRole("tab", { name: "Archives and keys" }).click();
        await assertAccessible(player, "archives and keys");
        await player.give(scene.path("cms.zip"), scene.path("calls/a.wav"));
        await player.page.locator(".problem").first().waitFor();
        await assertAccessible(player, "an error");
        await player.close();
      } finally {
        await browser.close();
        await browser.remove();
      }
    });
  }
}
