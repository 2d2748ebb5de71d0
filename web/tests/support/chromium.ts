// A browser for tests. It has no network but what a test gives it.
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from "playwright-core";
import path from "node:path";
import { pathToFileURL } from "node:url";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ARGUMENTS });
}

export interface OpenPage {
  readonly page: Page;
  /** What went wrong in the page: errors, refusals of its policy, dialogs. */
  readonly faults: string[];
  /** All addresses that the page asked for. */
  readonly requests: string[];
}

/** The page over a vault that is made up. */
export const FAKE_PAGE = pathToFileURL(path.resolve(".build/fake.html")).href;

export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => void (["error", "warning"].includes(message.type()) && faults.push(message.text())));
  page.on("pageerror", (error) => void faults.push(String(error)));
  page.on("dialog", (dialog) => (faults.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => void requests.push(request.url()));
  await page.goto(url);
  return { page, faults, requests };
}

export interface GivenFile {
  readonly name: string;
  readonly content: string;
}

/** Gives files to the page, as its dialog does. */
export async function give(page: Page, ...files: readonly GivenFile[]): Promise<void> {
  const given = files.map(({ name, content }) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(content) }));
  await page.locator("input[type=file]").first().setInputFiles(given);
}

/** The row of the list whose name holds a text. */
export function rowOf(page: Page, name: string): Locator {
  return page.getByRole("grid").getByRole("row").filter({ hasText: name });
}
