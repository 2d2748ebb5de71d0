// The controls above the list of members.
import { h } from "./dom.ts";
import { dayEnd, dayStart, wordsOf, type ArchiveEntry, type Filter } from "./rows.ts";
import type { MemberKind } from "../vault/protocol.ts";
import { KINDS } from "./words.ts";
import { shown } from "../text/escapes.ts";

const DEBOUNCE_MILLISECONDS = 60;

export class Filters {
  readonly name = h("input", { type: "search", placeholder: "Filter by name", "aria-label": "Filter by name", spellcheck: "false", autocomplete: "off" });
  readonly #kind = h("select", { "aria-label": "Kind" }, h("option", { value: "" }, "All kinds"));
  readonly #archive = h("select", { "aria-label": "Archive", hidden: true });
  readonly #from = h("input", { type: "date", "aria-label": "From this day on (UTC)", title: "From this day on (UTC)" });
  readonly #until = h("input", { type: "date", "aria-label": "Up to this day (UTC)", title: "Up to this day (UTC)" });
  readonly element: HTMLElement;
  #entries: readonly ArchiveEntry[] = [];

  /** `onleave` goes on to the list. */
  constructor(onchange: () => void, onleave: () => void) {
    for (const [kind, { word }] of Object.entries(KINDS)) this.#kind.append(h("option", { value: kind }, word));
    const dates = h("span", { class: "dates" }, this.#from, h("span", { "aria-hidden": "true" }, "–"), this.#until);
    this.element = h("div", { class: "filters", role: "search", "aria-label": "Members" }, this.name, this.#archive, this.#kind, dates);
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.element.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(onchange, DEBOUNCE_MILLISECONDS);
    });
    this.name.addEventListener("keydown", (event) => {
      if (event.isComposing || (event.key !== "ArrowDown" && event.key !== "Enter")) return;
      event.preventDefault();
      clearTimeout(timer);
      onchange();
      onleave();
    });
  }

  get value(): Filter {
    return {
      words: wordsOf(this.name.value),
      kind: this.#kind.value === "" ? undefined : (this.#kind.value as MemberKind),
      entry: this.#archive.hidden ? undefined : this.#entries[Number(this.#archive.value)],
      from: dayStart(this.#from.value),
      until: dayEnd(this.#until.value),
    };
  }

  /** One archive needs no choice. */
  setArchives(entries: readonly ArchiveEntry[]): void {
    if (entries === this.#entries) return;
    const chosen = this.#entries[Number(this.#archive.value)];
    this.#entries = entries;
    this.#archive.hidden = entries.length < 2;
    const options = entries.map((entry, i) => h("option", { value: i, selected: entry === chosen }, shown(entry.name)));
    this.#archive.replaceChildren(h("option", { value: -1 }, "All archives"), ...options);
  }

  showOnly(text: string, entry: ArchiveEntry): void {
    this.clear();
    this.name.value = text;
    if (!this.#archive.hidden) this.#archive.value = String(this.#entries.indexOf(entry));
  }

  /** What was typed may come out of a name that is to be forgotten. */
  clear(): void {
    for (const control of [this.name, this.#kind, this.#from, this.#until]) control.value = "";
    this.#archive.value = "-1";
  }
}
