// Watches for use of the page, counts down in the last minute, and then forgets the key.
import { button, fill, h } from "./dom.ts";
import { icon } from "./icons.ts";
import { IdleClock } from "./idle.ts";
import type { Session } from "./session.ts";

const USE = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "scroll", "input"] as const;

export class IdleWatch {
  readonly element = h("div", { class: "countdown", hidden: true });
  readonly #clock = new IdleClock(Date.now());
  readonly #seconds = h("b", {});
  readonly #session: Session;
  readonly #isPlaying: () => boolean;

  constructor(session: Session, isPlaying: () => boolean) {
    this.#session = session;
    this.#isPlaying = isPlaying;
    for (const name of USE) addEventListener(name, () => this.#used(), { capture: true, passive: true });
    setInterval(() => this.#look(), 1000);
  }

  #used(): void {
    // A key that should be gone isn't kept by the hand that wakes the computer.
    this.#look();
    this.#clock.used(Date.now());
    this.element.hidden = true;
  }

  #look(): void {
    const now = Date.now();
    if (!this.#session.hasSecrets || this.#isPlaying()) this.#clock.used(now);
    const state = this.#clock.look(now);
    if (state.kind === "over") {
      this.#clock.used(now);
      this.element.hidden = true;
      this.#session.forget("idle");
    } else if (state.kind === "warned") {
      this.#warn(state.seconds);
    }
  }

  #warn(seconds: number): void {
    this.#seconds.textContent = `${seconds} s`;
    if (!this.element.hidden) return;
    this.element.hidden = false;
    // The number changes each second: a screen reader hears the sentence once.
    const text = h("p", {}, "The page isn't used. It forgets your key in ", this.#seconds, ".");
    fill(this.element, icon("key"), text, h("span", { class: "unseen", role: "alert" }, "The page forgets your key in one minute."), button("Keep the key", () => this.#used()));
  }
}
