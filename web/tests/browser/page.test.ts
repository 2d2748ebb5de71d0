// The page in a real browser, over a vault that is made up.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Locator, Page } from "playwright-core";
import { Browser } from "./support/browser.ts";

const ARCHIVE = { name: "calls.zip", content: "PK" };
const BIG = { name: "big.zip", content: "PK" };
const KEY = { name: "night.key", content: "key" };
const STRANGER = { name: "other.key", content: "stranger" };
const LOCKED = { name: "locked.key", content: "locked" };
const CERTIFICATE = { name: "recorder.crt", content: "certificate" };

/** The same page over a vault that is made up. */
const FAKE_PAGE = pathToFileURL(path.resolve(".build/fake.html")).href;

let browser: Browser;
before(async () => (browser = await Browser.start()));
after(async () => {
  await browser.close();
  await browser.remove();
});

interface OpenPage {
  readonly page: Page;
  /** Errors, refusals of the page's policy, and what hostile names would do. */
  readonly faults: readonly string[];
  readonly requests: () => readonly string[];
}

async function opened(url: string): Promise<OpenPage> {
  const page = await browser.open(url);
  const { errors, requests } = browser.traces(page);
  page.on("dialog", (dialog) => (errors.push(`dialog: ${dialog.message()}`), void dialog.dismiss()));
  return { page, faults: errors, requests: () => requests.map(({ url }) => url).filter((url) => !url.startsWith("blob:")) };
}

interface GivenFile {
  readonly name: string;
  readonly content: string;
}

async function give(page: Page, ...files: readonly GivenFile[]): Promise<void> {
  const given = files.map(({ name, content }) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(content) }));
  await page.locator("input[type=file]").first().setInputFiles(given);
}

const rowOf = (page: Page, name: string): Locator => page.getByRole("grid").getByRole("row").filter({ hasText: name });

async function started(...files: readonly GivenFile[]): Promise<OpenPage> {
  const one = await opened(FAKE_PAGE);
  if (files.length > 0) await give(one.page, ...files);
  return one;
}

async function unlocked(): Promise<OpenPage> {
  const one = await started(ARCHIVE, KEY);
  await rowOf(one.page, "call-000123.wav").waitFor();
  return one;
}

/** Without it, the browser saves a download, which a test can read. */
const withoutPicker = (page: Page) => page.evaluate(() => Reflect.deleteProperty(window, "showSaveFilePicker"));

const position = async (page: Page) => Number(await page.getByRole("slider", { name: "Position" }).getAttribute("aria-valuenow"));

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail(`it never came: ${what}`);
}

test("the first visit says what the page is, and asks nobody for anything", async () => {
  const { page, faults, requests } = await started();
  await page.getByRole("heading", { name: "Hear and read sealed calls" }).waitFor();
  await page.getByText("The key stays in this page, and is forgotten").waitFor();
  assert.deepEqual(requests(), [FAKE_PAGE]);
  assert.deepEqual(faults, []);
  await page.close();
});

test("a locked key is asked for until its passphrase is right, and the passphrase doesn't stay", async () => {
  const { page, faults } = await started(ARCHIVE, LOCKED);
  const passphrase = page.getByLabel("Passphrase");
  await passphrase.fill("wrong");
  await page.getByRole("button", { name: "Unlock", exact: true }).click();
  await page.getByRole("dialog").getByText("the passphrase is wrong").waitFor();
  assert.equal(await passphrase.inputValue(), "");
  await passphrase.fill("right");
  await passphrase.press("Enter");
  await rowOf(page, "call-000123.wav").waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.ok(!(await page.content()).includes("right</"), "it's nowhere in the page");
  assert.deepEqual(faults, []);
  await page.close();
});

test("a key that isn't unlocked now can be unlocked later", async () => {
  const { page } = await started(ARCHIVE, LOCKED);
  await page.getByRole("button", { name: "Not now" }).click();
  await page.getByRole("button", { name: "Night Desk" }).click();
  await page.getByLabel("Passphrase").fill("right");
  await page.getByLabel("Passphrase").press("Enter");
  await rowOf(page, "call-000123.wav").waitFor();
  await page.close();
});

test("names and texts out of archives are never read as HTML", async () => {
  const { page, faults } = await unlocked();
  const hostile = rowOf(page, "<img src=x onerror=alert(document.domain)>.txt");
  await hostile.click();
  await page.getByText("<img src=x onerror=alert(2)>").waitFor();
  await page.getByText("[U+202E]gnp.exe[U+0007][U+0000]").waitFor();
  await rowOf(page, "report[U+202E]vaw.exe").waitFor();
  await rowOf(page, "broken.json").click();
  await page.getByText("<script>alert(1)</script>").waitFor();
  await rowOf(page, "call-000123.xml").click();
  await page.getByText("<b>not bold</b>").waitFor();
  assert.equal(await page.locator("img, b:text('not bold'), body script ~ script").count(), 0);
  assert.deepEqual(faults, []);
  await page.close();
});

test("of a hundred thousand members, only those in view are in the document", async () => {
  const { page, faults } = await started(BIG, KEY);
  await page.getByText(/^100,000 members$/).waitFor();
  await rowOf(page, "agent-").first().waitFor();
  const grid = page.getByRole("grid");
  assert.equal(await grid.getAttribute("aria-rowcount"), "100001");
  assert.ok((await grid.getByRole("row").count()) < 60);
  await grid.focus();
  await page.keyboard.press("End");
  const last = page.locator('[aria-rowindex="100001"]');
  await last.waitFor();
  assert.equal(await last.getAttribute("aria-selected"), "true");
  assert.equal(await grid.getAttribute("aria-activedescendant"), await last.getAttribute("id"));
  await page.getByLabel("Filter by name").fill("AGENT-7/ 0041");
  await page.getByText(/^\d+ of 100,000 members$/).waitFor();
  assert.ok((await rowOf(page, "agent-7/").count()) > 0);
  assert.deepEqual(faults, []);
  await page.close();
});

test("members are filtered by kind and day, and sorted by each column", async () => {
  const { page } = await unlocked();
  await page.getByLabel("Kind").selectOption("json");
  await page.getByText("3 of 18 members").waitFor();
  await page.getByLabel("Kind").selectOption("");
  await page.getByLabel("From this day on (UTC)").fill("2026-12-01");
  await page.getByText("1 of 18 members").waitFor();
  await rowOf(page, "altered.txt").waitFor();
  await page.getByLabel("From this day on (UTC)").fill("");
  await page.getByText(/^18 members$/).waitFor();
  await page.getByRole("button", { name: "Size" }).click();
  await page.getByRole("button", { name: "Size" }).click();
  assert.equal(await page.getByRole("columnheader", { name: "Size" }).getAttribute("aria-sort"), "descending");
  assert.match((await page.getByRole("grid").getByRole("row").nth(1).textContent()) ?? "", /142 KiB/);
  await page.close();
});

test("a recording plays by one click, and is paused, sought and heard in part by keys and buttons", async () => {
  const { page, faults } = await unlocked();
  await rowOf(page, "call-000124-stereo.wav").click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await until("the sound", async () => (await position(page)) >= 1);
  await page.keyboard.press("ArrowRight");
  await until("five seconds on", async () => (await position(page)) >= 6);
  await page.keyboard.press("Shift+ArrowRight");
  await until("thirty seconds on", async () => (await position(page)) >= 36);
  await page.getByRole("radio", { name: "Left" }).check({ force: true });
  await page.getByLabel("Speed").selectOption("1.5");
  await page.getByRole("grid").focus();
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Play" }).waitFor();
  const slider = page.getByRole("slider", { name: "Position" });
  await slider.focus();
  await page.keyboard.press("PageUp");
  await page.keyboard.press("PageDown");
  await page.keyboard.press("Home");
  assert.equal(await slider.getAttribute("aria-valuetext"), "0 s of 1 min 2 s");
  await page.keyboard.press("PageUp");
  assert.equal(await slider.getAttribute("aria-valuetext"), "30 s of 1 min 2 s");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("PageDown");
  assert.equal(await slider.getAttribute("aria-valuetext"), "5 s of 1 min 2 s");
  const box = await slider.boundingBox();
  assert.ok(box);
  await page.mouse.click(box.x + box.width / 2, box.y + 20);
  assert.equal(await slider.getAttribute("aria-valuetext"), "31 s of 1 min 2 s");
  assert.deepEqual(faults, []);
  await page.close();
});

test("the sound that plays is the recording's", async () => {
  const { page } = await started();
  // What goes to the loudspeaker is listened to on its way.
  await page.evaluate(() => {
    const start = AudioBufferSourceNode.prototype.start;
    const heard: number[] = [];
    Object.assign(window, { heard });
    AudioBufferSourceNode.prototype.start = function (when = 0) {
      heard.push(this.buffer?.sampleRate ?? 0, Math.max(...(this.buffer?.getChannelData(0) ?? [])));
      start.call(this, when);
    };
  });
  await give(page, ARCHIVE, KEY);
  await rowOf(page, "call-000123.wav").click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  const heard = await page.evaluate(() => (window as unknown as { heard: number[] }).heard);
  assert.equal(heard[0], 8000);
  assert.ok((heard[1] ?? 0) > 0.05 && (heard[1] ?? 0) <= 1, String(heard));
  assert.equal(await page.locator("audio, video").count(), 0);
  await page.close();
});

test("the volume stays the same from one recording to the next", async () => {
  const { page } = await started();
  await page.evaluate(() => {
    const set = AudioParam.prototype.setTargetAtTime;
    const volumes: number[] = [];
    Object.assign(window, { volumes });
    AudioParam.prototype.setTargetAtTime = function (value, ...more) {
      volumes.push(value);
      return set.call(this, value, ...more);
    };
  });
  const volumes = () => page.evaluate(() => (window as unknown as { volumes: number[] }).volumes);
  await give(page, ARCHIVE, KEY);
  await rowOf(page, "call-000123.wav").click();
  const slider = page.getByRole("slider", { name: "Volume" });
  await slider.waitFor();
  assert.equal(await slider.getAttribute("aria-valuetext"), "100 %");
  await slider.fill("0.5");
  assert.equal(await slider.getAttribute("aria-valuetext"), "50 %");
  await until("half the volume", async () => (await volumes()).at(-1) === 0.25);
  const before = (await volumes()).length;
  await rowOf(page, "call-000124-stereo.wav").click();
  await until("the next recording", async () => (await volumes()).length > before);
  assert.deepEqual((await volumes()).slice(before), [0.25]);
  assert.equal(await page.getByRole("slider", { name: "Volume" }).getAttribute("aria-valuetext"), "50 %");
  await page.close();
});

test("an empty file is no error", async () => {
  const { page } = await unlocked();
  for (const [name, what] of [["empty.wav", "recording"], ["empty.txt", "text"]] as const) {
    await rowOf(page, name).click();
    await page.getByText(`The ${what} is empty (0 bytes).`).waitFor();
    assert.equal(await page.getByRole("region", { name: "Content" }).locator(".problem").count(), 0);
  }
  await page.close();
});

test("a recording that can't be played says why, and can be saved", async () => {
  const { page, faults } = await unlocked();
  for (const [name, why] of [["call-000125-gsm.wav", "its codec is GSM 6.10"], ["lying-header.wav", "its header says 65535 channels"]] as const) {
    await rowOf(page, name).click();
    await page.getByText(why).waitFor();
    await page.getByRole("button", { name: "Save …" }).waitFor();
  }
  assert.deepEqual(faults, []);
  await page.close();
});

test("JSON is shown formatted with each of its digits, and words are found in it", async () => {
  const { page } = await unlocked();
  await rowOf(page, "call-000123.json").click();
  await page.getByText("18014398509481985.10").waitFor();
  await page.getByRole("document", { name: "Text" }).focus();
  await page.keyboard.press("Control+f");
  await page.keyboard.type("PARCEL");
  await page.getByText("1 of 6").waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("2 of 6").waitFor();
  assert.equal(await page.locator("mark.m-current").textContent(), "parcel");
  await page.getByLabel("As it is").check();
  await page.getByRole("document", { name: "Text" }).focus();
  await page.keyboard.press("Home");
  await page.getByText('{"callId":18014398509481985.10,"language"').waitFor();
  await page.close();
});

test("a text that isn't JSON is shown as it is, with a warning", async () => {
  const { page } = await unlocked();
  await rowOf(page, "broken.json").click();
  await page.getByText("not valid JSON: at line 1, column 18").waitFor();
  await page.close();
});

test("what may have been altered is shown under a warning, and what was altered isn't shown", async () => {
  const { page } = await unlocked();
  await rowOf(page, "cbc-note.txt").click();
  await page.getByText("may have been altered on its way").waitFor();
  await rowOf(page, "cbc-note.txt").getByText("Not authenticated").waitFor();
  await rowOf(page, "legacy/altered.txt").click();
  await page.getByText("legacy/altered.txt: it was altered").waitFor();
  await rowOf(page, "legacy/altered.txt").getByText("Refused").waitFor();
  assert.equal(await page.getByText("may have been altered on its way").count(), 0);
  assert.equal(await page.getByRole("button", { name: "Save …" }).count(), 0);
  await page.close();
});

test("the search finds places in all transcripts, and each of them opens there", async () => {
  const { page, faults } = await unlocked();
  await page.getByRole("tab", { name: "Search" }).click();
  await page.keyboard.type("Where's my");
  await page.keyboard.press("Enter");
  await page.getByText("1 place in 1 member.").waitFor();
  await page.getByText("1 member couldn't be searched.").waitFor();
  await page.getByText("Which ones, and why").click();
  await page.getByText("legacy/altered.txt: it was altered (get it again from its source; don't trust this one)", { exact: true }).waitFor();
  await page.getByRole("option").click();
  await page.locator("mark.m-current", { hasText: "Where's my" }).waitFor();
  await page.getByLabel("Search in all transcripts").fill("([");
  await page.getByLabel("Regular expression").check();
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("not a regular expression").waitFor();
  await page.getByLabel("Search in all transcripts").fill("parcel|line");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("The first 10,000 places are shown").waitFor();
  assert.ok((await page.getByRole("option").count()) < 60);
  assert.deepEqual(faults, []);
  await page.close();
});

test("a search that couldn't look into members doesn't begin with what it didn't find", async () => {
  const { page } = await unlocked();
  await page.getByRole("tab", { name: "Search" }).click();
  await page.keyboard.type("no such word");
  await page.keyboard.press("Enter");
  await page.getByText("1 member couldn't be searched. Nothing was found in the others.", { exact: true }).waitFor();
  await page.close();
});

test("without a key, a search says that it needs one, and doesn't begin", async () => {
  const { page } = await started(ARCHIVE);
  await page.getByText(/^18 members$/).waitFor();
  await page.getByRole("tab", { name: "Search" }).click();
  await page.keyboard.type("Where's my");
  await page.keyboard.press("Enter");
  await page.getByText("Drop your key first.").waitFor();
  assert.equal(await page.getByText(/Nothing was found|couldn't be searched/).count(), 0);
  await give(page, LOCKED);
  await page.getByRole("button", { name: "Not now" }).click();
  await page.getByLabel("Search in all transcripts").press("Enter");
  await page.getByText("Unlock your key first.").waitFor();
  await give(page, KEY);
  await page.getByText("Unlock your key first.").waitFor({ state: "detached" });
  await page.getByLabel("Search in all transcripts").press("Enter");
  await page.getByText("1 place in 1 member.").waitFor();
  await page.close();
});

test("a search is cancelled", async () => {
  const { page } = await unlocked();
  await page.getByRole("tab", { name: "Search" }).click();
  await page.keyboard.type("slow");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("The search was cancelled before its end.").waitFor();
  await page.close();
});

test("a signature that nobody here can prove isn't called proven", async () => {
  const { page } = await unlocked();
  await page.getByRole("tab", { name: "Archives and keys" }).click();
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByText("claims to be signed by Recorder 4 <recorder@example.com>; no certificate here shows it").waitFor();
  await page.getByText("the signer's certificate is missing").waitFor();
  assert.equal(await page.getByText("Verifying shows whether that holds").count(), 0, "the result stands in its place");
  assert.equal(await page.locator(".verdict.signed, .verdict .icon-check").count(), 0);
  await page.close();
});

test("forgetting the key takes away all that it opened", async () => {
  const { page, faults } = await started(ARCHIVE, KEY, CERTIFICATE);
  await rowOf(page, "call-000124.txt").click();
  await page.getByText("Agent: line 1,").waitFor();
  await page.getByRole("tab", { name: "Search" }).click();
  await page.keyboard.type("parcel is late");
  await page.keyboard.press("Enter");
  await page.getByText(/places in 1 member/).waitFor();
  await page.getByRole("tab", { name: "Archives and keys" }).click();
  await page.getByRole("button", { name: "Forget key" }).click();
  await page.getByRole("tab", { name: "Members" }).click();
  await rowOf(page, "000001").waitFor();
  const left = await page.evaluate(() => {
    document.querySelector("body > script")?.remove();
    return document.documentElement.outerHTML;
  });
  for (const secret of ["Agent: line", "parcel", "call-000124", "Night Desk", "(certificate, Ed25519)"]) assert.ok(!left.includes(secret), secret);
  assert.equal(await page.getByLabel("Search in all transcripts").inputValue(), "");
  assert.equal(await page.getByRole("button", { name: "Forget key" }).count(), 0);
  assert.deepEqual(faults, []);
  await page.close();
});

test("after fifteen idle minutes the key is forgotten, after a minute of warning", async () => {
  const { page } = await started();
  await page.clock.install();
  await page.reload();
  await give(page, ARCHIVE, KEY);
  await rowOf(page, "call-000123.wav").waitFor();
  await page.clock.runFor("14:05");
  await page.getByText(/It forgets your key in \d+ s/).waitFor();
  await page.getByRole("button", { name: "Keep the key" }).dispatchEvent("click");
  await page.clock.runFor("14:05");
  await page.getByText(/It forgets your key in \d+ s/).waitFor();
  await page.clock.runFor("01:00");
  await page.getByText("The page wasn't used for 15 minutes, and forgot your key.").waitFor();
  assert.equal(await rowOf(page, "call-000123.wav").count(), 0);
  await page.close();
});

test("saving says once that the file is not sealed any more, and saves each octet", async () => {
  const { page } = await unlocked();
  await withoutPicker(page);
  await rowOf(page, "cbc-note.txt").click();
  await page.getByText("This note came by CMS").waitFor();
  await page.keyboard.press("Control+s");
  await page.getByText("The saved file isn't sealed any more").waitFor();
  const first = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save it" }).click();
  const download = await first;
  assert.equal(download.suggestedFilename(), "cbc-note.txt");
  assert.equal(await readFile(await download.path(), "utf8"), "This note came by CMS with AES-CBC.");
  const second = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save …" }).click();
  await second;
  await page.close();
});

/** Opens a member, and asks for it to be saved. */
async function askedToSave(page: Page): Promise<void> {
  await rowOf(page, "cbc-note.txt").click();
  await page.getByText("This note came by CMS").waitFor();
  await page.keyboard.press("Control+s");
  await page.getByRole("button", { name: "Save it" }).waitFor();
}

test("a question about saving goes with the key, and nothing is saved then", async () => {
  const { page, faults } = await started();
  await page.clock.install();
  await page.reload();
  await withoutPicker(page);
  const downloads: string[] = [];
  page.on("download", (download) => downloads.push(download.suggestedFilename()));
  await give(page, ARCHIVE, KEY);
  await askedToSave(page);
  await page.clock.runFor("15:05");
  await page.getByText("The page wasn't used for 15 minutes, and forgot your key.").waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.keyboard.press("Enter");
  // One that is asked for now is the first one.
  await give(page, KEY);
  await askedToSave(page);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save it" }).click();
  await download;
  assert.deepEqual(downloads, ["cbc-note.txt"]);
  assert.deepEqual(faults, []);
  await page.close();
});

/** Lets the page save into a target that notes what is done with it, and that waits at one of its steps. */
const saveInto = (page: Page, waits: "pick" | "write") =>
  page.evaluate((waits) => {
    const done: string[] = [];
    const saving = { done, resolve: () => {} };
    const released = new Promise<void>((resolve) => (saving.resolve = resolve));
    const step = async (name: string) => {
      done.push(name);
      if (name === waits) await released;
    };
    const file = { write: () => step("write"), close: () => step("close"), abort: () => step("abort") };
    const picked = { createWritable: async () => (await step("create"), file) };
    Object.assign(window, { saving, showSaveFilePicker: async () => (await step("pick"), picked) });
  }, waits);

interface Saving {
  readonly saving: { readonly done: string[]; resolve(): void };
}

const savingSteps = (page: Page) => page.evaluate(() => (window as unknown as Saving).saving.done.join(" "));

for (const [waits, steps] of [["pick", "pick"], ["write", "pick create write abort"]] as const) {
  test(`what is being saved when the key is forgotten isn't saved: ${waits}`, async () => {
    const { page, faults } = await unlocked();
    await saveInto(page, waits);
    await askedToSave(page);
    await page.getByRole("button", { name: "Save it" }).click();
    await until(`it waits at ${waits}`, async () => (await savingSteps(page)).endsWith(waits));
    await page.getByRole("button", { name: "Forget key" }).click();
    await page.evaluate(() => (window as unknown as Saving).saving.resolve());
    await page.getByText("the file wasn't saved: its content was closed first").waitFor();
    assert.equal(await savingSteps(page), steps);
    assert.ok(!(await page.locator("body > :not(script)").allInnerTexts()).join("").includes("cbc-note"), "its name is forgotten");
    assert.deepEqual(faults, []);
    await page.close();
  });
}

test("once an archive isn't verified, nothing of what it showed counts", async () => {
  const { page, faults } = await started({ name: "forged.zip", content: "PK" }, ARCHIVE, KEY);
  const note = rowOf(page, "forged.zip › legacy/cbc-note.txt");
  await note.click();
  await page.getByText("This note came by CMS").waitFor();
  await note.getByText("Not authenticated").waitFor({ state: "attached" });
  await page.getByRole("tab", { name: "Search" }).click();
  await page.keyboard.type("This note came");
  await page.keyboard.press("Enter");
  await page.getByText("2 places in 2 members.").waitFor();
  await page.getByRole("tab", { name: "Archives and keys" }).click();
  await page.getByRole("article", { name: "forged.zip" }).getByRole("button", { name: "Verify" }).click();
  await page.getByText("forged.zip: it isn't verified, so nothing of it opens any more").waitFor();
  assert.equal(await page.getByRole("region", { name: "Content" }).getByText("This note came by CMS").count(), 0);
  assert.equal(await page.getByRole("button", { name: "Save …" }).count(), 0);
  await page.getByRole("tab", { name: "Members" }).click();
  await note.getByText("Not opened").waitFor({ state: "attached" });
  await page.getByRole("tab", { name: "Search" }).click();
  await page.getByText("1 place in 1 member.").waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test("what was found in an archive goes when it is closed", async () => {
  const { page } = await started(ARCHIVE, { name: "other.zip", content: "PK" }, KEY);
  await rowOf(page, "other.zip › legacy/cbc-note.txt").waitFor();
  await page.getByRole("tab", { name: "Search" }).click();
  await page.keyboard.type("This note came");
  await page.keyboard.press("Enter");
  await page.getByText("2 places in 2 members.").waitFor();
  await page.getByText("2 members couldn't be searched").waitFor();
  for (const [name, left] of [["other.zip", "1 place in 1 member."], ["calls.zip", ""]] as const) {
    await page.getByRole("tab", { name: "Archives and keys" }).click();
    await page.getByRole("button", { name: `Close ${name}` }).click();
    if (left === "") break;
    await page.getByRole("tab", { name: "Search" }).click();
    await page.getByText(left).waitFor();
    await page.getByText("1 member couldn't be searched").waitFor();
  }
  await page.getByRole("heading", { name: "Hear and read sealed calls" }).waitFor();
  assert.ok(!(await page.locator("body > :not(script)").evaluateAll((all) => all.map(({ textContent }) => textContent).join(""))).includes("This note came"));
  await page.close();
});

test("an archive that can't be opened says why, and the others stay", async () => {
  const { page } = await started(ARCHIVE, { name: "damaged.zip", content: "PK" }, { name: "notes.txt", content: "nothing" });
  await page.getByRole("alert").getByText("damaged.zip: it is no ZIP archive: its end is missing").waitFor();
  await page.getByRole("alert").getByText("notes.txt: it holds no key").waitFor();
  await page.getByText(/^18 members$/).waitFor();
  await page.close();
});

test("a new attempt takes away what the last one of its kind has said, and a key that fits takes it away, too", async () => {
  const { page } = await started(ARCHIVE, STRANGER);
  const messages = page.getByRole("alert");
  await messages.getByText("other.key: none of the archives here names it as a recipient.").waitFor();
  await give(page, { name: "damaged.zip", content: "PK" });
  await give(page, { name: "notes.txt", content: "nothing" });
  await messages.getByText("notes.txt: it holds no key").waitFor();
  await give(page, { name: "letter.txt", content: "nothing" }, { name: "list.txt", content: "nothing" });
  await messages.getByText("letter.txt: it holds no key").waitFor();
  await messages.getByText("list.txt: it holds no key").waitFor();
  assert.equal(await messages.getByText("notes.txt").count(), 0);
  await give(page, KEY);
  await rowOf(page, "call-000123.wav").waitFor();
  for (const gone of ["other.key", "letter.txt", "list.txt"]) await messages.getByText(gone).waitFor({ state: "detached" });
  assert.equal(await messages.getByText("damaged.zip: it is no ZIP archive").count(), 1);
  await page.close();
});

test("a member that can't be fetched says why once", async () => {
  const { page } = await unlocked();
  await rowOf(page, "unreadable.txt").click();
  const content = page.getByRole("region", { name: "Content" });
  await content.getByText("the server doesn't answer").waitFor();
  await content.getByText("Unknown: it can't be read.").waitFor();
  assert.equal(await content.locator(".problem").count(), 1);
  await page.close();
});

test("archives of one name are told apart wherever they are named", async () => {
  const { page } = await started(ARCHIVE);
  await page.getByText(/^18 members$/).waitFor();
  await give(page, { name: "calls.zip", content: "PK another one" });
  await page.getByText(/^36 members$/).waitFor();
  const missing = page.getByRole("alert").getByText(/^error: calls.zip( \(2\))?: legacy\/removed.txt/);
  await until("both have a message", async () => (await missing.count()) === 2);
  await page.getByLabel("Archive", { exact: true }).selectOption("calls.zip (2)");
  await page.getByText("18 of 36 members").waitFor();
  await page.getByRole("grid").getByRole("row").nth(1).click();
  await page.getByRole("region", { name: "Content" }).getByText("calls.zip (2)", { exact: true }).waitFor();
  await page.getByRole("tab", { name: "Archives and keys" }).click();
  await page.getByRole("article", { name: "calls.zip (2)" }).getByRole("button", { name: "Close calls.zip (2)" }).click();
  await page.getByRole("article", { name: "calls.zip (2)" }).waitFor({ state: "detached" });
  assert.equal(await page.getByRole("article", { name: "calls.zip" }).count(), 1);
  assert.match((await missing.textContent()) ?? "", /calls.zip: legacy/, "what is wrong with the other one is still said");
  await page.close();
});

test("what else there is of a call is one key away, from its transcript to its sound", async () => {
  const { page, faults } = await unlocked();
  await page.getByRole("tab", { name: "Search" }).click();
  await page.keyboard.type("where the parcel is late");
  await page.keyboard.press("Enter");
  await page.getByRole("option").first().click();
  await page.getByText("Agent: line 1,").waitFor();
  const others = page.getByRole("navigation", { name: "Also in this directory" }).getByRole("button");
  assert.deepEqual(await others.allTextContents(), ["call-000123.json", "call-000123.xml"]);
  await page.getByRole("tab", { name: "Members" }).click();
  assert.equal(await rowOf(page, "call-000124.txt").getAttribute("aria-selected"), "true", "the list shows where it is");
  await rowOf(page, "call-000123.wav").click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  assert.deepEqual(await others.allTextContents(), ["call-000124-stereo.wav", "call-000125-gsm.wav"]);
  await others.first().focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "call-000124-stereo.wav" }).waitFor();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "call-000124-stereo.wav", "what was opened is read out");
  assert.equal(await rowOf(page, "call-000124-stereo.wav").getAttribute("aria-selected"), "true");
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Play" }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test("a directory of very many members leads to them in the list", async () => {
  const { page } = await started(BIG, KEY);
  await rowOf(page, "agent-").first().waitFor();
  await page.getByRole("grid").focus();
  const others = page.getByRole("navigation", { name: "Also in this directory" }).getByRole("button");
  await others.first().waitFor();
  assert.equal(await others.count(), 51);
  const more = others.last();
  assert.match((await more.textContent()) ?? "", /^and \d+ more: show them in the list$/);
  await more.click();
  assert.match(await page.getByLabel("Filter by name").inputValue(), /^calls\/2026\/01\/agent-\d+\/$/);
  await page.getByText(/^\d\d of 100,000 members$/).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("role")), "grid");
  await page.close();
});

test("a narrow window shows a file and its directory in two lines, and a wide one keeps their ends", async () => {
  const { page } = await started(BIG, KEY);
  const row = page.getByRole("grid").getByRole("row").nth(1);
  const heightOf = async (locator: Locator) => (await locator.boundingBox())?.height ?? 0;
  await rowOf(page, "agent-").first().waitFor();
  const oneLine = await heightOf(row);
  await page.getByRole("grid").focus();
  await page.keyboard.press("End");
  await page.setViewportSize({ width: 390, height: 800 });
  await until("two lines", async () => (await heightOf(row)) > oneLine);
  const twoLines = await heightOf(row);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowDown");
  const last = page.locator('[aria-rowindex="100001"]');
  await last.waitFor();
  for (const part of [".file .end", ".directory .end"]) {
    assert.ok(await last.locator(part).evaluate((element) => element.scrollWidth <= element.clientWidth), part);
  }
  assert.ok((await last.locator(".directory").boundingBox())!.y > (await last.locator(".file").boundingBox())!.y);
  const [above, below] = [await page.locator('[aria-rowindex="100000"]').boundingBox(), await last.boundingBox()];
  assert.equal(below!.y - above!.y, twoLines);
  await page.close();
});

test("the list that gets the focus by a key says a row, and the filter leads to it", async () => {
  const { page } = await unlocked();
  const grid = page.getByRole("grid");
  const active = async () => page.locator(`#${await grid.getAttribute("aria-activedescendant")}`).getByRole("gridcell").first().getAttribute("aria-label");
  await page.getByLabel("Up to this day (UTC)").focus();
  await until("the list has the focus", async () => {
    await page.keyboard.press("Tab");
    return page.evaluate(() => document.activeElement?.getAttribute("role") === "grid");
  });
  const first = await active();
  assert.match(first ?? "", /^hostile\//);
  await page.keyboard.press("ArrowDown");
  const second = await active();
  assert.notEqual(second, first);
  await page.getByLabel("Filter by name").focus();
  await page.keyboard.press("ArrowDown");
  assert.equal(await active(), second, "it's where it was");
  for (const key of ["ArrowDown", "Enter"]) {
    await page.getByLabel("Filter by name").fill(key === "Enter" ? "call-000123.json" : "cbc-note");
    await page.keyboard.press(key);
    assert.match((await active()) ?? "", key === "Enter" ? /call-000123\.json$/ : /cbc-note\.txt$/);
  }
  await page.keyboard.press("Enter");
  await page.getByText('"callId"').waitFor();
  await page.close();
});

test("a list of nothing says why right below its headings", async () => {
  const { page } = await unlocked();
  await page.getByLabel("Filter by name").fill("zzzz");
  const none = page.getByText("No member matches. Clear or change the filter.");
  await none.waitFor();
  const header = await page.getByRole("grid").getByRole("row").first().boundingBox();
  assert.ok((await none.boundingBox())!.y - header!.y - header!.height < 30);
  await page.getByLabel("Filter by name").fill("");
  await page.getByLabel("From this day on (UTC)").fill("2026-12-01");
  await page.getByLabel("Up to this day (UTC)").fill("2026-11-30");
  await page.getByText("The first date is after the second one").waitFor();
  await page.close();
});

test("the help names the keys, and speaks of members as they themselves do", async () => {
  const { page } = await unlocked();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Help" });
  await help.getByText("Only a signature that was verified says who sealed it.").waitFor();
  await help.getByText("Escape", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
  await page.close();
});

test("files that are dropped anywhere are taken", async () => {
  const { page } = await started();
  const drop = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["PK"], "calls.zip"));
    transfer.items.add(new File(["key"], "my.key"));
    return transfer;
  });
  await page.locator("body").dispatchEvent("drop", { dataTransfer: drop });
  await rowOf(page, "call-000123.wav").waitFor();
  await page.close();
});

/** The page as a server gives it, with its setting and with what its policy lets it ask. */
async function servedAs(setting: string, ask: string, answers: Readonly<Record<string, string>>): Promise<OpenPage> {
  const page = (await readFile(".build/fake.html", "utf8")).replace('content="dropped"', `content="${setting}"`).replace("connect-src 'none'", `connect-src ${ask}`);
  await browser.context.unrouteAll();
  await browser.context.route(/^http:/, (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/play/") return route.fulfill({ contentType: "text/html", body: page });
    const body = answers[pathname];
    return body === undefined ? route.fulfill({ status: 404 }) : route.fulfill({ contentType: "application/json", body });
  });
  return opened("http://127.0.0.1:4711/play/");
}

test("the archives of a server open by themselves", async () => {
  const list = JSON.stringify({ archives: [{ name: "calls.zip", size: 5, url: "archives/0" }, { name: "big.zip", size: 6, url: "archives/1" }] });
  const { page, faults, requests } = await servedAs("served", "'self'", { "/play/archives.json": list });
  await page.getByText(/^100,018 members$/).waitFor();
  await page.getByLabel("Archive", { exact: true }).selectOption("calls.zip");
  await page.getByText("18 of 100,018 members").waitFor();
  await give(page, KEY);
  await rowOf(page, "call-000123.wav").waitFor();
  assert.deepEqual(requests(), ["http://127.0.0.1:4711/play/", "http://127.0.0.1:4711/play/archives.json"]);
  assert.deepEqual(faults, []);
  await page.close();
});

test("a server without a list says so, and files can be dropped", async () => {
  const { page } = await servedAs("served", "'self'", {});
  await page.getByText("the list of archives can't be read: the server answers 404").waitFor();
  await give(page, ARCHIVE);
  await page.getByText(/^18 members$/).waitFor();
  await page.close();
});

test("archives of a store open by their address, and others are refused", async () => {
  const { page } = await servedAs("from https://store.example", "https://store.example", {});
  const address = page.getByLabel("Address of an archive");
  await address.first().fill("https://other.example/calls.zip");
  await address.first().press("Enter");
  await page.getByText("https://other.example/calls.zip isn't an address below https://store.example/").waitFor();
  await address.first().fill("https://store.example/damaged.zip");
  await address.first().press("Enter");
  await page.getByText("damaged.zip: it is no ZIP archive").waitFor();
  assert.equal(await page.getByText("isn't an address below").count(), 0);
  await address.first().fill("https://store.example/2026/calls.zip");
  await address.first().press("Enter");
  await page.getByText(/^18 members$/).waitFor();
  await page.getByRole("tab", { name: "Archives and keys" }).click();
  await page.getByRole("tabpanel").getByLabel("Address of an archive").waitFor();
  assert.equal(await page.getByText("damaged.zip").count(), 0);
  await page.getByRole("button", { name: "Close calls.zip" }).click();
  await page.getByRole("heading", { name: "Hear and read sealed calls" }).waitFor();
  await page.close();
});

test("all of it works from the keyboard", async () => {
  const { page } = await unlocked();
  await page.keyboard.press("/");
  await page.keyboard.type("call-000123.json");
  await page.getByText("1 of 18 members").waitFor();
  await until("the list has the focus", async () => {
    await page.keyboard.press("Tab");
    return page.evaluate(() => document.activeElement?.getAttribute("role") === "grid");
  });
  await page.keyboard.press("ArrowDown");
  await page.getByRole("heading", { name: "call-000123.json" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByText('"callId"').waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Help" }).waitFor();
  await page.keyboard.press("Escape");
  await page.close();
});

test("every control has a name", async () => {
  const { page } = await unlocked();
  await rowOf(page, "call-000124-stereo.wav").click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLInputElement>("button, input:not([hidden]), select, [role=slider], [role=grid], [role=tabpanel], section")]
      .filter((element) => !element.ariaLabel && !element.getAttribute("aria-labelledby") && !element.textContent?.trim() && !element.labels?.length)
      .map((element) => element.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(nameless, []);
  await page.close();
});

test("a window of 320 pixels needs no scrolling to the side", async () => {
  const { page } = await unlocked();
  await page.setViewportSize({ width: 320, height: 700 });
  for (const name of ["call-000124-stereo.wav", "call-000123.json", "lying-header.wav"]) {
    await page.getByLabel("Filter by name").fill(name);
    await page.getByText("1 of 18 members").waitFor();
    await page.getByRole("grid").getByRole("row").nth(1).click();
    await page.getByRole("button", { name: "Save …" }).waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 320), name);
  }
  await page.close();
});
