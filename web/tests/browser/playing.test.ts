// Recordings in a real browser: what is given to the loudspeaker is what was recorded.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Browser } from "./support/browser.ts";
import { Scene, tone, wav } from "./support/calls.ts";
import { alawToLinear, mulawToLinear } from "./support/g711.ts";
import { Player } from "./support/player.ts";

/** All 256 codes again and again. */
const CODES = Uint8Array.from({ length: 8000 }, (_, i) => i % 256);
const TONE = tone(2);

let browser: Browser;
const scene = new Scene();

before(async () => {
  scene.keygen("customer");
  scene.write("calls/pcm.wav", wav(TONE, "pcm16"));
  scene.write("calls/alaw.wav", wav(CODES, "alaw"));
  scene.write("calls/mulaw.wav", wav(CODES, "mulaw"));
  scene.write("calls/long.wav", wav(tone(120), "pcm16"));
  for (const format of ["auto", "rfc4880", "cms-gcm"]) {
    scene.callseal("pack", "--format", format, "-o", `${format}.zip`, "-r", "customer.crt", "calls");
  }
  browser = await Browser.start();
  await Player.listen(browser);
});

after(async () => {
  await browser.close();
  await browser.remove();
  scene.remove();
});

async function playing(name: string, archive = "auto.zip"): Promise<Player> {
  const player = await Player.open(browser);
  await player.give(scene.path(archive), scene.path("customer.key"));
  await player.openMember(name);
  return player;
}

/** Waits until all of a recording was given to the loudspeaker. */
async function heardOf(player: Player, length: number): Promise<number[]> {
  await player.page.waitForFunction(
    (length) => ((globalThis as unknown as { heard: { samples: number[][] } }).heard.samples[0]?.length ?? 0) >= length,
    length,
    { timeout: 30_000 },
  );
  return (await player.heard())[0]!.slice(0, length);
}

const near = (heard: readonly number[], expected: readonly number[]) => {
  assert.equal(heard.length, expected.length);
  const worst = heard.reduce((worst, sample, i) => Math.max(worst, Math.abs(sample - expected[i]!)), 0);
  assert.ok(worst < 1e-6, `they differ by ${worst}`);
};

for (const archive of ["auto.zip", "rfc4880.zip", "cms-gcm.zip"]) {
  test(`a recording plays, and its samples are those of the file: ${archive}`, async () => {
    const player = await playing("pcm.wav", archive);
    near(await heardOf(player, TONE.length), Array.from(TONE, (sample) => sample / 32768));
    assert.deepEqual(player.traces.errors, []);
    await player.close();
  });
}

for (const [name, decode] of [
  ["alaw.wav", alawToLinear],
  ["mulaw.wav", mulawToLinear],
] as const) {
  test(`all codes of ${name} are decoded as ITU-T G.711 says`, async () => {
    const player = await playing(name);
    near(await heardOf(player, CODES.length), Array.from(CODES, (code) => decode(code) / 32768));
    await player.close();
  });
}

test("the time advances while it plays, and stands still when it is paused", async () => {
  const player = await playing("long.wav");
  await player.playsBeyond(2);
  assert.equal((await player.position()).duration, 120);
  await player.page.getByRole("button", { name: "Pause" }).click();
  const { position } = await player.position();
  await player.page.waitForTimeout(1500);
  assert.equal((await player.position()).position, position);
  await player.close();
});

test("the keyboard seeks, pauses and changes the speed", async () => {
  const player = await playing("long.wav");
  await player.page.keyboard.press("Space");
  await player.page.getByRole("button", { name: "Play", exact: true }).waitFor();
  const { position } = await player.position();
  const isAt = async (expected: number) => {
    const now = (await player.position()).position;
    assert.ok(Math.abs(now - expected) <= 1, `${now}, not ${expected}`);
  };
  await player.page.keyboard.press("Shift+ArrowRight");
  await isAt(position + 30);
  await player.page.keyboard.press("ArrowLeft");
  await isAt(position + 25);
  await player.page.keyboard.press("]");
  assert.equal(await player.page.getByLabel("Speed").inputValue(), "1.25");
  await player.page.keyboard.press("Space");
  await player.playsBeyond(position + 27);
  await player.close();
});

test("a click on the waveform plays from there", async () => {
  const player = await playing("long.wav");
  await player.page.getByRole("button", { name: "Pause" }).click();
  const waveform = player.page.getByRole("slider", { name: /position/i });
  const box = (await waveform.boundingBox())!;
  await player.page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  const { position } = await player.position();
  assert.ok(position >= 59 && position <= 61, `${position}`);
  await player.page.getByRole("button", { name: "Play", exact: true }).click();
  await player.playsBeyond(62);
  await player.close();
});

test("at twice the speed, a recording has half as many samples, of the same pitch", async () => {
  const player = await playing("long.wav");
  await player.page.getByLabel("Speed").selectOption("2");
  await player.page.evaluate(() => ((globalThis as unknown as { heard: { samples: number[][] } }).heard.samples = []));
  await player.openMember("pcm.wav");
  await player.page.waitForFunction(() => document.querySelector(".player .time")!.textContent === "0:02 / 0:02", undefined, { timeout: 20_000 });
  const samples = (await player.heard())[0]!;
  assert.ok(Math.abs(samples.length - TONE.length / 2) < 0.1 * TONE.length, `${samples.length}`);
  // A tone of 440 Hz goes through zero 880 times a second.
  const crossings = samples.filter((sample, i) => i > 0 && sample < 0 !== samples[i - 1]! < 0).length;
  const pitch = (crossings / 2) * (8000 / samples.length);
  assert.ok(Math.abs(pitch - 440) < 15, `${pitch} Hz`);
  await player.close();
});

test("what is saved is the file, byte for byte", async () => {
  const player = await playing("pcm.wav");
  // The test can't answer the dialog for a file, so that the page falls back to a download.
  await player.page.evaluate(() => delete (globalThis as { showSaveFilePicker?: unknown }).showSaveFilePicker);
  await player.page.getByRole("button", { name: /^Save/ }).click();
  const download = player.page.waitForEvent("download");
  await player.page.getByRole("dialog").getByRole("button", { name: "Save it" }).click();
  const file = await download;
  assert.equal(file.suggestedFilename(), "pcm.wav");
  assert.deepEqual(readFileSync(await file.path()), readFileSync(scene.path("calls/pcm.wav")));
  await player.close();
});
