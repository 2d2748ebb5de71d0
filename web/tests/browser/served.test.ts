// Archives that come over the network: from `callseal play`, and from a store.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { Browser } from "./support/browser.ts";
import { PROGRAM, Scene, tone, wav } from "./support/calls.ts";
import { Player } from "./support/player.ts";

let browser: Browser;
const scene = new Scene();
const ended: (() => void)[] = [];

before(async () => {
  scene.keygen("customer");
  scene.write("calls/caller.wav", wav(tone(2), "pcm16"));
  scene.write("calls/call.json", '{"says":"the balance"}');
  // Longer than what the page reads at once.
  scene.write("calls/long.wav", wav(tone(200), "pcm16"));
  scene.callseal("pack", "-o", "calls.zip", "-r", "customer.crt", "calls");
  scene.write("more/note.txt", "another archive\n");
  scene.callseal("pack", "-o", "more.zip", "-r", "customer.crt", "more");
  browser = await Browser.start();
  await Player.listen(browser);
});

after(async () => {
  for (const end of ended) end();
  await browser.close();
  await browser.remove();
  scene.remove();
});

/** Starts the server, and returns the address that it prints. */
async function play(...archives: readonly string[]): Promise<{ address: string; server: ChildProcess }> {
  const server = spawn(PROGRAM, ["play", "--no-browser", ...archives], { cwd: scene.directory, stdio: ["ignore", "pipe", "inherit"] });
  ended.push(() => server.kill());
  const address = await new Promise<string>((resolve, reject) => {
    server.stdout!.once("data", (data: Buffer) => resolve(data.toString().split("\n")[0]!));
    server.once("exit", () => reject(new Error("callseal play ended")));
  });
  return { address, server };
}

test("archives of `callseal play` open by ranges, and the key goes nowhere", async () => {
  const { address } = await play("calls.zip", "more.zip");
  const player = await Player.open(browser, address);
  await player.row("caller.wav").waitFor();
  await player.row("note.txt").waitFor();
  await player.give(scene.path("customer.key"));
  await player.openMember("call.json");
  assert.match(await player.text(), /the balance/);
  await player.openMember("caller.wav");
  await player.page.waitForFunction(() => (globalThis as unknown as { heard: { samples: number[][] } }).heard.samples.length > 0);
  const { origin } = new URL(address);
  for (const { method, url, body } of player.traces.requests) {
    if (url.startsWith("blob:")) continue;
    assert.equal(new URL(url).origin, origin, url);
    assert.equal(method, "GET");
    assert.equal(body, "");
    assert.doesNotMatch(url, /balance|caller|call\.json|customer/);
  }
  assert.deepEqual(player.traces.errors, []);
  await player.close();
});

test("an archive of `callseal play` that was closed can be opened again", async () => {
  const { address } = await play("calls.zip", "more.zip");
  const player = await Player.open(browser, address);
  await player.row("caller.wav").waitFor();
  await player.row("note.txt").waitFor();
  const again = (name: string) => player.page.getByRole("button", { name: `Open ${name} again` });
  await player.page.getByRole("tab", { name: "Archives and keys" }).click();
  await player.page.getByRole("button", { name: "Close more.zip" }).click();
  await player.page.getByRole("button", { name: "Close calls.zip" }).click();
  await again("more.zip").click();
  await player.page.getByRole("tab", { name: "Members" }).click();
  await player.row("note.txt").waitFor();
  assert.equal(await player.row("caller.wav").count(), 0);
  await player.page.getByRole("tab", { name: "Archives and keys" }).click();
  assert.equal(await again("more.zip").count(), 0);
  assert.equal(await again("calls.zip").count(), 1);
  assert.deepEqual(player.traces.errors, []);
  await player.close();
});

test("an archive that was changed under the server opens no more, and the message says so", async () => {
  scene.callseal("pack", "-o", "changing.zip", "-r", "customer.crt", "calls");
  const { address } = await play("changing.zip");
  const player = await Player.open(browser, address);
  await player.row("caller.wav").waitFor();
  await player.give(scene.path("customer.key"));
  scene.append("changing.zip", "x");
  await player.openMember("long.wav");
  assert.match(await player.problem(), /it was changed on the server since it was opened/);
  assert.deepEqual(await player.heard(), []);
  await player.close();
});

test("when `callseal play` has ended, the page says so", async () => {
  const { address, server } = await play("calls.zip");
  const player = await Player.open(browser, address);
  await player.row("caller.wav").waitFor();
  await player.give(scene.path("customer.key"));
  server.kill();
  await new Promise((resolve) => server.once("exit", resolve));
  await player.openMember("long.wav");
  const problem = await player.problem();
  assert.match(problem, /long\.wav: it can't be fetched: the server doesn't answer/);
  assert.match(problem, /check that `callseal play` still runs/);
  await player.close();
});

/** A store that allows other pages to read ranges, and notes what it is asked for. */
function store(file: string, headers: Record<string, string> = {}): Promise<{ origin: string; asked: string[]; server: Server }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.range ?? ""}`);
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Expose-Headers", "Content-Range, ETag, Content-Length");
    response.setHeader("Access-Control-Allow-Headers", "Range, If-Match");
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (request.method === "OPTIONS") return void response.writeHead(204).end();
    const size = statSync(file).size;
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (from === undefined || to === undefined) return void response.writeHead(200).end("all of it");
    response.writeHead(206, { "Content-Range": `bytes ${from}-${to}/${size}`, "Content-Length": Number(to) - Number(from) + 1, ETag: '"one"' });
    createReadStream(file, { start: Number(from), end: Number(to) }).pipe(response);
  });
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      ended.push(() => void server.close());
      resolve({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server });
    }),
  );
}

async function withStore(origin: string, typed: string): Promise<Player> {
  scene.callseal("player", "--force", "-o", "player.html", "--origin", origin);
  const player = await Player.open(browser, `file://${scene.path("player.html")}`);
  await player.page.getByRole("textbox", { name: /address|archive/i }).first().fill(typed);
  await player.page.keyboard.press("Enter");
  return player;
}

test("one file fetches an archive from its one store by ranges", async () => {
  const { origin, asked } = await store(scene.path("calls.zip"));
  const player = await withStore(origin, `${origin}/calls/calls.zip`);
  await player.row("caller.wav").waitFor();
  await player.give(scene.path("customer.key"));
  await player.openMember("call.json");
  assert.match(await player.text(), /the balance/);
  assert.ok(asked.filter((line) => line.startsWith("GET")).every((line) => /^GET \/calls\/calls\.zip bytes=\d+-\d+$/.test(line)), asked.join("\n"));
  assert.deepEqual(player.traces.errors, []);
  await player.close();
});

test("a store that stalls keeps nobody waiting: what is cancelled or closed makes room", async () => {
  for (let i = 0; i < 9; i++) scene.write(`large/${i}.txt`, randomBytes(1024 * 1024).toString("hex"));
  scene.callseal("pack", "--compress", "none", "-o", "large.zip", "-r", "customer.crt", "large");
  let isStalled = false;
  const { origin, server } = await store(scene.path("large.zip"));
  const [answer] = server.listeners("request") as [RequestListener];
  server.removeAllListeners("request");
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    // It never answers.
    if (!isStalled || request.method === "OPTIONS") void answer(request, response);
  });
  ended.push(() => server.closeAllConnections());
  const player = await withStore(origin, `${origin}/large.zip`);
  await player.row("0.txt").waitFor();
  await player.give(scene.path("customer.key"));
  isStalled = true;
  // A browser asks a server six things at a time.
  for (let i = 0; i < 7; i++) {
    const asked = once(server, "request");
    await player.row(`${i}.txt`).dblclick();
    await asked;
    await player.page.getByRole("button", { name: "Cancel" }).click();
  }
  isStalled = false;
  await player.openMember("8.txt");
  assert.match(await player.text(), /[0-9a-f]{40}/);
  await player.close();
});

test("a store that doesn't answer ranges, or allows no other page, is named with the remedy", async () => {
  const closed = await store(scene.path("calls.zip"), { "Access-Control-Allow-Origin": "https://elsewhere.example" });
  const player = await withStore(closed.origin, `${closed.origin}/calls.zip`);
  const problem = await player.problem();
  assert.match(problem, /doesn't answer, or doesn't allow this page to read it/);
  assert.match(problem, /Access-Control-Allow-Origin/);
  await player.close();
});

test("one file without a store connects to nothing", async () => {
  scene.callseal("player", "--force", "-o", "alone.html");
  const player = await Player.open(browser, `file://${scene.path("alone.html")}`);
  await player.give(scene.path("calls.zip"), scene.path("customer.key"));
  await player.openMember("call.json");
  assert.deepEqual(player.traces.requests.filter(({ url }) => !/^(file|blob):/.test(url)), []);
  await player.close();
});
