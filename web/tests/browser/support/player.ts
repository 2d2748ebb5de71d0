// The page, as somebody uses it: by what is written on it and read out from it.

import path from "node:path";
import { type Locator, type Page } from "playwright-core";
import { type Browser, type Traces } from "./browser.ts";

const PAGE = `file://${path.resolve(process.env["PLAYER"] ?? "player.html")}`;

/** What was given to the loudspeaker. */
interface Heard {
  readonly samples: number[][];
}

export class Player {
  readonly page: Page;
  readonly #browser: Browser;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
  }

  static async open(browser: Browser, url = PAGE): Promise<Player> {
    return new Player(browser, await browser.open(url));
  }

  get traces(): Traces {
    return this.#browser.traces(this.page);
  }

  /** Gives the page files, as dropping them does, and waits until it has read them. */
  async give(...files: readonly string[]): Promise<void> {
    await this.page.locator('input[type="file"]').first().setInputFiles([...files]);
    await this.page.locator('main[aria-busy="false"]').waitFor({ state: "attached", timeout: 60_000 });
  }

  /** Unlocks the key that the page asks for. */
  async unlock(passphrase: string): Promise<void> {
    const dialog = this.page.getByRole("dialog");
    await dialog.getByLabel("Passphrase").fill(passphrase);
    await dialog.getByRole("button", { name: "Unlock" }).click();
    await dialog.waitFor({ state: "detached" });
  }

  /** The list's row of a member. */
  row(name: string): Locator {
    return this.page.getByRole("row").filter({ hasText: name });
  }

  /** Leaves members in the list whose names hold a text. */
  async filter(text: string): Promise<void> {
    await this.page.getByRole("searchbox", { name: "Filter by name" }).fill(text);
  }

  /** Opens a member, and waits for its content or an error. */
  async openMember(name: string): Promise<void> {
    await this.row(name).dblclick();
    await this.shown().first().waitFor({ timeout: 60_000 });
  }

  /** The player, the text or the error. */
  shown(): Locator {
    const content = this.page.getByRole("region", { name: "Content" });
    return content.locator('.player, .text, [role="alert"], .problem, p.dim:has-text("content of")');
  }

  /** The errors that are shown, with their hints. */
  async problems(): Promise<string> {
    return (await this.page.locator(".problem").allInnerTexts()).join("\n");
  }

  async problem(): Promise<string> {
    await this.page.locator(".problem").first().waitFor({ timeout: 30_000 });
    return this.problems();
  }

  /** The text that is shown. */
  async text(): Promise<string> {
    return this.page.getByRole("region", { name: "Content" }).locator(".text").innerText();
  }

  /** Waits until it plays at this second or later. */
  async playsBeyond(second: number): Promise<void> {
    await this.page.waitForFunction(
      (second) => {
        const parts = document.querySelector(".player .time")?.textContent?.split(" / ")[0]?.split(":") ?? [];
        return parts.reduce((sum, part) => sum * 60 + Number(part), 0) >= second;
      },
      second,
      { timeout: 60_000 },
    );
  }

  /** Seconds and seconds of the position: "0:01 / 0:02". */
  async position(): Promise<{ position: number; duration: number }> {
    const text = await this.page.locator(".player .time").innerText();
    const seconds = (part: string) => part.split(":").reduce((sum, number) => sum * 60 + Number(number), 0);
    const [position, duration] = text.split("/").map((part) => seconds(part.trim()));
    return { position: position!, duration: duration! };
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  /** Notes what is given to the loudspeaker from now on. Before the page is loaded. */
  static async listen(browser: Browser): Promise<void> {
    await browser.context.addInitScript(() => {
      const heard: Heard = { samples: [] };
      (globalThis as unknown as { heard: Heard }).heard = heard;
      const start = AudioBufferSourceNode.prototype.start;
      AudioBufferSourceNode.prototype.start = function (...parameters) {
        const { buffer } = this;
        if (buffer !== null) {
          for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
            (heard.samples[channel] ??= []).push(...buffer.getChannelData(channel));
          }
        }
        return start.apply(this, parameters);
      };
    });
  }

  /** Returns the samples that were given to the loudspeaker. */
  async heard(): Promise<number[][]> {
    return this.page.evaluate(() => (globalThis as unknown as { heard: Heard }).heard.samples);
  }
}
