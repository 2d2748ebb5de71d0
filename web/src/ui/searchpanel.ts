// Searches the transcripts of all archives.
import { shown } from "../text/escapes.ts";
import type { Hit, SearchProgress, SearchQuery } from "../vault/protocol.ts";
import { ChoosableList } from "./choosable.ts";
import { cutName } from "./cut.ts";
import { fill, h } from "./dom.ts";
import { Failures, MOST_LISTED, type Failure } from "./failures.ts";
import { counted, formatCount } from "./format.ts";
import { hitParts, Hits, MOST_HITS, type HitRow } from "./hits.ts";
import { icon } from "./icons.ts";
import { noteView, problemView } from "./messages.ts";
import { progressView, type ProgressView } from "./progress.ts";
import { archiveAmong, nameAmong, type ArchiveEntry, type Row } from "./rows.ts";
import { isCancelled, problemOf, type Session } from "./session.ts";
import { KINDS } from "./words.ts";

/** In pixels, and in characters. */
const NARROW = 480;
const BEFORE_IF_NARROW = 8;
const END_OF_NAME = 36;
const END_IF_NARROW = 22;
const REDRAW_MILLISECONDS = 120;

export class SearchPanel {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #query = h("input", { type: "search", placeholder: "Search in all transcripts", "aria-label": "Search in all transcripts", required: true, spellcheck: "false", autocomplete: "off" });
  readonly #ignoreCase = h("input", { type: "checkbox", checked: true });
  readonly #regular = h("input", { type: "checkbox" });
  readonly #progress = h("div", {});
  readonly #summary = h("p", { class: "count", role: "status" });
  readonly #advice = h("div", { role: "status" });
  readonly #problems = h("div", { role: "alert" });
  readonly #failureList = h("ul", { class: "failures" });
  readonly #failureCount = h("summary", {});
  readonly #failed: HTMLDetailsElement;
  readonly #listbox: HTMLElement;
  readonly #list: ChoosableList;
  #hits = new Hits();
  #failures = new Failures();
  #searched = 0;
  #rows: HitRow[] = [];
  /** Members of which only the first places are shown. */
  #cut = 0;
  #leftOut = 0;
  #running = new AbortController();
  #redraw: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, onopen: (row: Row, hit: Hit) => void) {
    this.#session = session;
    this.#failed = h("details", { class: "failed", hidden: true }, this.#failureCount, this.#failureList);
    this.#listbox = h("div", { class: "scroller hits", role: "listbox", "aria-label": "Found", tabindex: 0 });
    this.#list = new ChoosableList({
      focus: this.#listbox,
      scroller: this.#listbox,
      prefix: "hit",
      make: (index) => this.#row(index),
      canBeActive: (index) => this.#rows[index]?.kind === "hit",
      onactive: () => {},
      onchoose: (index) => {
        const chosen = this.#rows[index];
        const row = chosen && session.current(chosen.row);
        if (row && chosen.kind === "hit") onopen(row, chosen.hit);
      },
    });
    const form = h(
      "form",
      { class: "filters", role: "search", "aria-label": "Transcripts" },
      this.#query,
      h("button", { type: "submit", class: "primary" }, icon("search"), "Search"),
      h("label", { class: "inline" }, this.#ignoreCase, "Ignore case"),
      h("label", { class: "inline" }, this.#regular, "Regular expression"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#search({ text: this.#query.value, ignoreCase: this.#ignoreCase.checked, regularExpression: this.#regular.checked });
    });
    this.element = h("div", { class: "members" }, form, this.#advice, this.#problems, this.#progress, this.#summary, this.#failed, this.#listbox);
    session.changes.add(({ what }) => {
      if (what === "rows") this.#follow();
      // The key that was asked for is here.
      if (what === "keys" && session.keys.length > 0) fill(this.#advice);
      if (what !== "forgotten") return;
      this.#running.abort();
      // What it ends with isn't said.
      this.#running = new AbortController();
      this.#query.value = "";
      this.#clear();
    });
    this.#clear();
  }

  focus(): void {
    this.#query.focus();
  }

  async #search(query: SearchQuery): Promise<void> {
    this.#running.abort();
    const running = (this.#running = new AbortController());
    this.#clear();
    const { keys, locked } = this.#session;
    if (keys.length === 0) {
      // Else it would look as if nothing was in there.
      fill(this.#advice, noteView("key", locked.length > 0 ? "Unlock your key first." : "Drop your key first."));
      return;
    }
    const view = progressView("Searching", () => running.abort(), "members");
    fill(this.#progress, view.element);
    let ending = "";
    try {
      await this.#session.vault.search(query, undefined, (progress) => this.#take(progress, view, running), running.signal);
    } catch (error) {
      // Another search has begun, or the key was forgotten.
      if (this.#running !== running) return;
      if (!isCancelled(error)) {
        fill(this.#problems, problemView(problemOf(error)));
        fill(this.#progress);
        return;
      }
      if (!this.#hits.isFull) ending = " The search was cancelled before its end.";
    }
    if (this.#running !== running) return;
    fill(this.#progress);
    this.#draw();
    this.#summary.textContent = this.#summed() + ending;
  }

  #take({ searched, total, hits, cut, leftOut, failed }: SearchProgress, view: ProgressView, running: AbortController): void {
    view.update({ done: searched, total });
    for (const hit of hits) {
      const row = this.#rowOf(hit);
      // A member may have been read before it was known that it isn't what was signed.
      if (row && this.#session.standing(row)) this.#hits.add(row, hit);
    }
    this.#searched = searched;
    this.#cut += cut;
    this.#leftOut = leftOut;
    for (const failure of failed) {
      const row = this.#rowOf(failure);
      if (row) this.#failures.add({ row, problem: failure.problem });
    }
    this.#redraw ??= setTimeout(() => this.#draw(), REDRAW_MILLISECONDS);
    if (this.#hits.isFull) running.abort();
  }

  #rowOf({ archive, member }: { readonly archive: number; readonly member: number }): Row | undefined {
    const entry = this.#session.archives.find(({ state }) => state.kind === "open" && state.archive.id === archive);
    return entry?.rows[member];
  }

  /** Archives are closed, and members get other names or turn out not to be what was signed. */
  #follow(): void {
    const before = this.#hits.count + this.#failures.total;
    if (before === 0) return;
    this.#hits.follow((row) => this.#session.standing(row));
    this.#failures.follow(this.#session.archives);
    this.#draw();
    const left = this.#hits.count + this.#failures.total;
    // It isn't summed up yet while it runs.
    if (left < before && this.#summary.textContent !== "") this.#summary.textContent = left === 0 ? "" : this.#summed();
  }

  #summed(): string {
    const { count, members, isFull } = this.#hits;
    if (isFull) return `The first ${formatCount(MOST_HITS)} places are shown, and the search ended there. Search for more than that.`;
    const cut = this.#cut === 0 ? "" : `Only the first 1,000 places are shown of ${counted(this.#cut, "member")}.`;
    const leftOut = this.#leftOut === 0 ? "" : `${counted(this.#leftOut, "recording, large file or file that is no text", "recordings, large files or files that are no texts")} ${this.#leftOut === 1 ? "wasn't" : "weren't"} searched.`;
    const found = count === 0 ? "" : `${counted(count, "place")} in ${counted(members, "member")}.`;
    return [found, this.#failureSummed(), cut, leftOut].filter((part) => part !== "").join(" ");
  }

  /** Nobody may take for searched what wasn't. */
  #failureSummed(): string {
    const { total } = this.#failures;
    const foundNone = this.#hits.count === 0;
    if (total === 0) return foundNone ? "Nothing was found." : "";
    return `${counted(total, "member")} couldn't be searched.` + (foundNone && this.#searched > total ? " Nothing was found in the others." : "");
  }

  #draw(): void {
    clearTimeout(this.#redraw);
    this.#redraw = undefined;
    const active = this.#rows[this.#list.active];
    this.#rows = this.#hits.rows();
    this.#list.reset(this.#rows.length, this.#rows.findIndex((row) => row.kind === "hit" && active?.kind === "hit" && row.hit === active.hit));
    this.#listbox.hidden = this.#rows.length === 0;
    const { total, listed } = this.#failures;
    this.#failed.hidden = total === 0;
    const more = total > MOST_LISTED ? ` (the first ${MOST_LISTED})` : "";
    this.#failureCount.textContent = `Which ones, and why${more}`;
    fill(this.#failureList, ...listed.map((failure) => failureView(failure, this.#session.archives)));
  }

  #clear(): void {
    this.#hits = new Hits();
    this.#failures = new Failures();
    this.#searched = this.#cut = this.#leftOut = 0;
    fill(this.#advice);
    fill(this.#problems);
    fill(this.#progress);
    this.#summary.textContent = "";
    this.#list.reset(0, -1);
    this.#draw();
  }

  get #isNarrow(): boolean {
    return this.#listbox.clientWidth < NARROW;
  }

  #row(index: number): HTMLElement {
    const found = this.#rows[index];
    if (!found) return h("div");
    if (found.kind === "member") {
      const { row, count } = found;
      const name = nameAmong(this.#session.archives, row);
      return h("div", { class: "hit member", role: "presentation", title: name }, icon(KINDS[row.kind].icon), cutName(name, "name", this.#isNarrow ? END_IF_NARROW : END_OF_NAME), h("span", { class: "dim" }, formatCount(count)));
    }
    const { hit, row } = found;
    const { before, match, after } = hitParts(hit, this.#isNarrow ? BEFORE_IF_NARROW : undefined);
    return h(
      "div",
      { class: "hit", role: "option", "aria-label": `${nameAmong(this.#session.archives, row)}, line ${hit.line}${hit.isUnauthenticated ? ", not authenticated" : ""}: ${shown(hit.text)}`, "aria-setsize": this.#hits.count },
      h("span", { class: "number" }, String(hit.line)),
      hit.isUnauthenticated && h("span", { class: "unauthenticated", title: "Not authenticated: it may have been altered on its way" }, icon("warning")),
      h("span", { class: "found" }, shown(before), h("mark", {}, shown(match)), shown(after)),
    );
  }
}

/** The message has the member's name. */
function failureView({ row, problem: { message, hint } }: Failure, archives: readonly ArchiveEntry[]): HTMLElement {
  return h("li", {}, archiveAmong(archives, row.entry), shown(message), hint !== undefined && ` (${shown(hint)})`);
}
