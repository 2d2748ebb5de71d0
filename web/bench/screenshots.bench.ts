// Takes the pictures of the documents, and others to be looked at: screenshots.bench.ts DIRECTORY

import { mkdirSync } from "node:fs";
import path from "node:path";
import { Browser } from "../tests/browser/support/browser.ts";
import { Scene, wav } from "../tests/browser/support/calls.ts";
import { Player } from "../tests/browser/support/player.ts";

const directory = process.argv[2] ?? ".build/screenshots";
mkdirSync(directory, { recursive: true });

/** Something like speech: syllables with pauses between them, two people in turn. */
function conversation(seconds: number): Int16Array {
  const samples = new Int16Array(8000 * seconds);
  let state = 7;
  const random = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32;
  for (let at = 0; at < samples.length; ) {
    const length = Math.floor(800 + 2400 * random());
    const loud = random() < 0.18 ? 0 : 2000 + 9000 * random();
    const pitch = (Math.floor(at / 40_000) % 2 === 0 ? 110 : 200) * (0.9 + 0.2 * random());
    for (let i = 0; i < length && at < samples.length; i++, at++) {
      const shape = Math.sin((Math.PI * i) / length);
      const voice = Math.sin((2 * Math.PI * pitch * i) / 8000) + 0.5 * Math.sin((2 * Math.PI * 3.1 * pitch * i) / 8000);
      samples[at] = loud * shape * (0.6 * voice + 0.3 * (random() - 0.5));
    }
  }
  return samples;
}

const scene = new Scene();
try {
  scene.keygen("vendor");
  scene.keygen("customer");
  scene.keygen("ivr-1", "--sign");
  const says = ["What can I do for you?", "I want to know my balance.", "Which account is it?", "The one that ends in 42."];
  for (let day = 14; day < 20; day++) {
    for (let call = 0; call < 4; call++) {
      const name = `calls/2026-03-${day}/agent-${17 + call}/20260${3}${day}-0${call + 9}1502-0${100 + day * 4 + call}`;
      scene.write(`${name}/caller.wav`, wav(conversation(24 + 7 * call), "pcm16"));
      const turns = Array.from({ length: 12 }, (_, i) => ({ at: 3.2 * i, who: i % 2 === 0 ? "agent" : "caller", says: says[i % 4], confidence: 0.91 + i / 200 }));
      scene.write(`${name}/transcript.json`, JSON.stringify({ call: 100 + day * 4 + call, language: "en-GB", turns }));
      scene.write(`${name}/recognition.xml`, `<?xml version="1.0"?><result grammar="balance"><interpretation confidence="0.94"><input>my balance</input></interpretation></result>`);
    }
  }
  scene.callseal("pack", "--sign", "ivr-1.key", "-o", "calls-2026-03.zip", "-r", "customer.crt", "-r", "vendor.crt", "calls");
  scene.callseal("pack", "--format", "cms", "-o", "old.zip", "-r", "customer.crt", "calls/2026-03-14");

  for (const [name, options] of [
    ["light", {}],
    ["dark", { dark: true }],
    ["narrow", { width: 390, height: 844 }],
  ] as const) {
    const browser = await Browser.start(options);
    const player = await Player.open(browser);
    const shoot = (what: string) => player.page.screenshot({ path: path.join(directory, `${name}-${what}.png`) });
    await shoot("1-start");
    await player.give(scene.path("calls-2026-03.zip"));
    await player.row("caller.wav").first().waitFor();
    await shoot("2-without-key");
    await player.give(scene.path("vendor.key"), scene.path("customer.crt"), scene.path("ivr-1.crt"));
    await player.page.getByText("The key is in the memory of this page").waitFor();
    await player.row("caller.wav").nth(2).click();
    await player.page.locator(".player").waitFor();
    await player.page.waitForTimeout(4000);
    await shoot("3-recording");
    await player.row("transcript.json").first().click();
    await player.page.locator(".text").waitFor();
    await shoot("4-transcript");
    await player.page.getByRole("tab", { name: "Search" }).click();
    await player.page.getByRole("searchbox", { name: /search/i }).fill("balance");
    await player.page.keyboard.press("Enter");
    await player.page.getByText(/places in/).waitFor();
    await shoot("5-search");
    await player.page.getByRole("tab", { name: "Archives and keys" }).click();
    await player.page.getByRole("button", { name: /Verify|Check/ }).first().click();
    await player.page.getByText(/signed by/).first().waitFor();
    await player.page.waitForTimeout(500);
    await shoot("6-verified");
    await player.give(scene.path("old.zip"), scene.path("calls/2026-03-14/agent-17/20260314-091502-0156/transcript.json"));
    await player.page.waitForTimeout(500);
    await player.page.getByRole("tab", { name: "Members" }).click();
    await shoot("7-error");
    await browser.close();
    await browser.remove();
  }
} finally {
  scene.remove();
}
