// A real Chromium with a profile of its own, which notes everything that it must not do.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type BrowserContext, type Page, chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Chromium is: Debian's, or another one by the environment. */
const EXECUTABLE = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** What the page did, besides what one sees. */
export interface Traces {
  /** The method and address of each request, and its body. */
  readonly requests: { readonly method: string; readonly url: string; readonly body: string; readonly headers: Record<string, string> }[];
  /** What was printed to the console as an error: violations of the Content Security Policy among them. */
  readonly errors: string[];
}

export class Browser {
  readonly context: BrowserContext;
  readonly profile: string;
  readonly #traces = new WeakMap<Page, Traces>();

  private constructor(context: BrowserContext, profile: string) {
    this.context = context;
    this.profile = profile;
  }

  static async start(options: { width?: number; height?: number; dark?: boolean; bypassPolicy?: boolean } = {}): Promise<Browser> {
    const profile = await mkdtemp(path.join(tmpdir(), "callseal-player-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: EXECUTABLE,
      args: ARGUMENTS,
      headless: true,
      acceptDownloads: true,
      bypassCSP: options.bypassPolicy ?? false,
      viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
      colorScheme: options.dark === true ? "dark" : "light",
    });
    return new Browser(context, profile);
  }

  /** Opens an address in a new tab. */
  async open(url: string): Promise<Page> {
    const page = await this.context.newPage();
    const traces: Traces = { requests: [], errors: [] };
    this.#traces.set(page, traces);
    page.on("request", (request) =>
      traces.requests.push({ method: request.method(), url: request.url(), body: request.postData() ?? "", headers: request.headers() }),
    );
    page.on("console", (message) => {
      if (message.type() === "error") traces.errors.push(message.text());
    });
    page.on("pageerror", (error) => traces.errors.push(String(error)));
    await page.goto(url);
    return page;
  }

  traces(page: Page): Traces {
    return this.#traces.get(page)!;
  }

  /** Ends it. The profile stays, to be searched. */
  async close(): Promise<void> {
    await this.context.close();
  }

  /** Returns the files of the profile that hold one of these octets. */
  filesWith(...needles: readonly Buffer[]): string[] {
    const files = readdirSync(this.profile, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = files.map(({ parentPath, name }) => path.join(parentPath, name));
    return paths.filter((file) => {
      const content = readFileSync(file);
      return needles.some((needle) => content.includes(needle));
    });
  }

  /** Counts the most memory that a page takes anew. */
  forgetPeak(): void {
    for (const pid of this.#renderers()) writeFileSync(`/proc/${pid}/clear_refs`, "5");
  }

  /** Returns the most memory that one of its pages has taken since then, in MiB. */
  peak(): number {
    const peaks = this.#renderers().map((pid) => /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    return Math.max(...peaks.map((kib) => Number(kib) / 1024));
  }

  /** The processes of this browser that show pages. */
  #renderers(): string[] {
    return readdirSync("/proc").filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return command.includes("--type=renderer") && command.includes(this.profile);
      } catch {
        return false;
      }
    });
  }

  async remove(): Promise<void> {
    await rm(this.profile, { recursive: true, force: true });
  }
}
