// Panels of which one is shown (the tabs of the ARIA practices).
import { h } from "./dom.ts";

export interface Tab {
  readonly name: string;
  readonly panel: HTMLElement;
  onshow(): void;
}

export class Tabs {
  readonly element: HTMLElement;
  readonly #tabs: readonly { readonly tab: Tab; readonly button: HTMLButtonElement }[];

  constructor(label: string, tabs: readonly Tab[]) {
    this.#tabs = tabs.map((tab, i) => {
      const id = `tab-${i}`;
      const button = h("button", { type: "button", role: "tab", id, "aria-controls": `panel-${i}` }, tab.name);
      Object.assign(tab.panel, { id: `panel-${i}`, role: "tabpanel" });
      tab.panel.setAttribute("aria-labelledby", id);
      button.addEventListener("click", () => this.show(i));
      return { tab, button };
    });
    const bar = h("div", { class: "tabs", role: "tablist", "aria-label": label }, ...this.#tabs.map(({ button }) => button));
    bar.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (step === 0) return;
      event.preventDefault();
      const next = (this.#shown + step + tabs.length) % tabs.length;
      this.show(next);
      this.#tabs[next]?.button.focus();
    });
    this.element = h("section", { class: "list", "aria-label": label }, bar, ...tabs.map(({ panel }) => panel));
    this.show(0);
  }

  get #shown(): number {
    return this.#tabs.findIndex(({ tab }) => !tab.panel.hidden);
  }

  show(index: number): void {
    this.#tabs.forEach(({ tab, button }, i) => {
      tab.panel.hidden = i !== index;
      button.setAttribute("aria-selected", String(i === index));
      button.tabIndex = i === index ? 0 : -1;
    });
    this.#tabs[index]?.tab.onshow();
  }
}
