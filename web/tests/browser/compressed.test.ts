// Compressed recordings in a real browser: they play, and none of them takes the page with it.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import decoder from "worker:../../src/decoder/worker.ts";
import { Browser } from "./support/browser.ts";
import { Scene } from "./support/calls.ts";
import { constantFlac } from "./support/flac.ts";
import { endlessHeaders, silence } from "./support/ogg.ts";
import { Player } from "./support/player.ts";

/** A second of a tone at half of the full scale, and what the page says of it. */
const TONES = [
  { name: "tone.mp3", rate: 16_000, says: "MP3, 16 kHz, mono, 1 s" },
  { name: "tone.opus", rate: 48_000, says: "Opus, 48 kHz, mono, 1 s" },
  { name: "tone.ogg", rate: 16_000, says: "Vorbis, 16 kHz, mono, 1 s" },
  { name: "tone.aac", rate: 16_000, says: "AAC, 16 kHz, mono, 1 s" },
  { name: "tone.flac", rate: 8_000, says: "FLAC, 8 kHz, stereo, 1 s" },
] as const;

const recording = (name: string) => readFileSync(`tests/recordings/${name}`);

let browser: Browser;
const scene = new Scene();

before(async () => {
  scene.keygen("customer");
  for (const { name } of TONES) scene.write(`calls/${name}`, recording(name));
  scene.write("calls/hours.flac", constantFlac(3000));
  scene.write("calls/cut.flac", Buffer.concat([constantFlac(1).subarray(0, 42), Buffer.alloc(100)]));
  scene.write("calls/two.opus", Buffer.concat([...silence(1, 2), ...silence(2, 3)]));
  scene.write("calls/endless.opus", endlessHeaders(500));
  scene.write("calls/film.m4a", Buffer.concat([Buffer.from("\0\0\0\x1cftypM4A ", "latin1"), Buffer.alloc(100)]));
  scene.callseal("pack", "-o", "calls.zip", "-r", "customer.crt", "calls");
  browser = await Browser.start();
  await Player.listen(browser);
});

after(async () => {
  await browser.close();
  await browser.remove();
  scene.remove();
});

async function withArchive(): Promise<Player> {
  const player = await Player.open(browser);
  await player.give(scene.path("calls.zip"), scene.path("customer.key"));
  await player.row("tone.mp3").waitFor();
  return player;
}

async function playing(name: string): Promise<Player> {
  const player = await withArchive();
  await player.openMember(name);
  return player;
}

/** The page's workers: the vault, and the decoder while there is one. */
async function workers(player: Player, count: number): Promise<void> {
  for (let tries = 0; tries < 200 && player.page.workers().length !== count; tries++) await player.page.waitForTimeout(50);
  assert.equal(player.page.workers().length, count);
}

/** The amplitude of a tone in the middle of a second, and how much there is beside it. */
function tone(samples: readonly number[], frequency: number, rate: number): { amplitude: number; rest: number } {
  const middle = samples.slice(Math.floor(0.3 * rate), Math.floor(0.8 * rate));
  const phase = (i: number) => (2 * Math.PI * frequency * i) / rate;
  const part = (wave: (phase: number) => number) => (2 / middle.length) * middle.reduce((sum, sample, i) => sum + sample * wave(phase(i)), 0);
  const [sine, cosine] = [part(Math.sin), part(Math.cos)];
  const rest = middle.reduce((sum, sample, i) => sum + (sample - sine * Math.sin(phase(i)) - cosine * Math.cos(phase(i))) ** 2, 0);
  return { amplitude: Math.hypot(sine, cosine), rest: Math.sqrt(rest / middle.length) };
}

function assertTone(samples: readonly number[], frequency: number, amplitude: number, rate: number): void {
  const found = tone(samples, frequency, rate);
  assert.ok(Math.abs(found.amplitude - amplitude) < 0.03, `its amplitude is ${found.amplitude}`);
  assert.ok(found.rest < 0.03, `beside the tone there is ${found.rest}`);
}

for (const { name, rate, says } of TONES) {
  test(`${name} plays, and what is heard is the tone that it was made of`, async () => {
    const player = await playing(name);
    await player.page.getByText(says, { exact: true }).waitFor();
    await player.page.getByRole("button", { name: "Play", exact: true }).waitFor({ timeout: 20_000 });
    const [first, second] = await player.heard();
    assert.ok(Math.abs(first!.length - rate) < 0.1 * rate, `${first!.length} samples`);
    assertTone(first!, 440, 0.5, rate);
    if (name === "tone.flac") assertTone(second!, 880, 0.25, rate);
    // Nothing is left of the decoder, and it broke no rule of the page.
    await workers(player, 1);
    assert.deepEqual(player.traces.errors, []);
    await player.close();
  });
}

test("a small file that becomes hours of eight channels plays its beginning, says so, and leaves the page its memory", async () => {
  const player = await playing("hours.flac");
  await player.page.getByText(/only the first 1 h 9 min \d+ s are played: the whole is too long for the page's memory/).waitFor({ timeout: 120_000 });
  await player.page.getByText("save it to hear it all").waitFor();
  await workers(player, 1);
  assert.ok(browser.peak() < 1024, `${browser.peak()} MiB`);
  await player.openMember("tone.mp3");
  await player.close();
});

test("a recording that the page doesn't play can be saved", async () => {
  const player = await playing("film.m4a");
  assert.match(await player.problem(), /film.m4a can't be played: .*its format is none that this page knows.*save it, and play it with another program/s);
  await player.page.getByRole("button", { name: /^Save/ }).waitFor();
  await player.close();
});

test("a file that holds nothing but a header can't be played, but saved", async () => {
  const player = await playing("cut.flac");
  assert.match(await player.problem(), /cut.flac can't be played: .*save it, and play it with another program/s);
  await player.page.getByRole("button", { name: /^Save/ }).waitFor();
  await player.close();
});

test("a recording that another one follows in the file says that it isn't all", async () => {
  const player = await playing("two.opus");
  await player.page.getByText("only the first 2 s are played: the file holds another stream of sound").waitFor();
  await player.page.getByText("save it to hear it all").waitFor();
  await player.close();
});

test("a small file whose headers go on to its end is refused, and leaves the page its memory", async () => {
  const player = await playing("endless.opus");
  assert.match(await player.problem(), /endless.opus can't be played: it is damaged.*save it, and play it with another program/s);
  assert.ok(browser.peak() < 1024, `${browser.peak()} MiB`);
  await player.close();
});

for (const [how, leave] of [
  ["it is closed", (player) => player.page.getByRole("button", { name: "Close the member" }).click()],
  ["another one is chosen", (player) => player.openMember("tone.ogg")],
  ["the key is forgotten", (player) => player.page.getByRole("button", { name: "Forget key" }).click()],
] as const satisfies readonly (readonly [string, (player: Player) => Promise<unknown>])[]) {
  test(`the decoder of a recording ends when ${how}`, async () => {
    const player = await withArchive();
    await player.page.evaluate(holdBack, 1);
    await player.openMember("hours.flac");
    await player.page.getByText(/so far: \d+ % is decoded/).waitFor();
    assert.equal(player.page.workers().length, 2);
    await leave(player);
    await workers(player, 1);
    await player.close();
  });
}

test("a file that makes the decoder hang can be cancelled and closed, and the page goes on", async () => {
  const player = await withArchive();
  await player.page.evaluate(holdBack, 0);
  const content = player.page.getByRole("region", { name: "Content" });
  const open = async () => {
    await player.row("tone.mp3").dblclick();
    await content.getByText("Decoding").waitFor();
    await workers(player, 2);
  };
  await open();
  // What hangs can be saved.
  await content.getByRole("button", { name: /^Save/ }).waitFor();
  await content.getByRole("button", { name: "Cancel" }).click();
  await content.getByRole("button", { name: "Play", exact: true }).waitFor();
  assert.equal(await content.getByRole("button", { name: /^Save/ }).count(), 0);
  await workers(player, 1);
  await open();
  await content.getByRole("button", { name: "Close the member" }).click();
  await workers(player, 1);
  await player.close();
});

/** The page hears only so many chunks of what is decoded, or nothing: so it isn't at its end before the test is. */
function holdBack(most: number): void {
  const DECODED = new Set(["format", "chunk", "end", "problem"]);
  const { set } = Object.getOwnPropertyDescriptor(Worker.prototype, "onmessage")!;
  Object.defineProperty(Worker.prototype, "onmessage", {
    set(listener: (event: MessageEvent) => void) {
      let chunks = 0;
      set!.call(this, (event: MessageEvent) => {
        if (event.data.kind === "chunk") chunks++;
        if (most > 0 ? chunks <= most : !DECODED.has(event.data.kind)) listener.call(this, event);
      });
    },
  });
}

test("no damaged file makes the decoder hang or fail otherwise than in words", async () => {
  // Decoders are for secure contexts, which files are.
  const page = await browser.open(`file://${scene.write("empty.html", "<!doctype html>")}`);
  for (const { name } of TONES) {
    const outcomes = await page.evaluate(decodeDamaged, { code: decoder, bytes: [...recording(name)], seeds: 60 });
    assert.deepEqual(outcomes.filter((outcome) => outcome !== "end" && outcome !== "problem"), [], name);
    // Damage of all kinds was tried.
    assert.ok(new Set(outcomes).size === 2, `${name}: ${outcomes}`);
  }
  await page.close();
});

/** Runs in the page. Each seed gives another damage; the worker of each has to come to an end. */
async function decodeDamaged({ code, bytes, seeds }: { code: string; bytes: number[]; seeds: number }): Promise<string[]> {
  const url = URL.createObjectURL(new Blob([code]));
  const outcomes: string[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    let state = seed;
    const random = (below: number) => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % below;
    let damaged = Uint8Array.from(bytes);
    for (let times = random(20); times >= 0; times--) {
      // Most of the structure is at the start.
      const at = random(2) ? random(damaged.length) : random(200);
      const kind = random(5);
      if (kind === 0) damaged[at] = random(256);
      if (kind === 1) damaged.fill(0xff, at, at + 4);
      if (kind === 2) damaged.fill(0, at, at + 4);
      if (kind === 3) damaged.copyWithin(at, random(damaged.length));
      if (kind === 4 && times === 0) damaged = damaged.slice(0, at + 1);
    }
    const worker = new Worker(url);
    outcomes.push(
      await new Promise<string>((resolve) => {
        const timer = setTimeout(() => resolve(`seed ${seed} hangs`), 20_000);
        const end = (outcome: string) => (clearTimeout(timer), resolve(outcome));
        worker.onerror = ({ message }) => end(`seed ${seed}: ${message}`);
        worker.onmessage = ({ data }) => {
          if (data.kind === "end" || data.kind === "problem") end(data.kind);
        };
        worker.postMessage(damaged, [damaged.buffer]);
      }),
    );
    worker.terminate();
  }
  return outcomes;
}

test("each recording of the tests is played by one", () => {
  assert.deepEqual(readdirSync("tests/recordings").filter((name) => name !== "README.md").sort(), TONES.map(({ name }) => name).sort());
});
