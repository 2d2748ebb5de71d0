// Shows a text of any length, formatted or as it is.
import { decodeText } from "../text/decode.ts";
import { locate } from "../text/find.ts";
import { formatJson } from "../text/json.ts";
import { HANGING, isContinued, layOut, rowAt, type Layout } from "../text/layout.ts";
import { MOST_LINES, plainLines, type Language, type Lines } from "../text/lines.ts";
import { paintRow, type MarkedRange } from "../text/paint.ts";
import { inSlices } from "../text/slices.ts";
import { formatXml } from "../text/xml.ts";
import type { Hit, MemberKind } from "../vault/protocol.ts";
import { fill, h } from "./dom.ts";
import { FindBar } from "./findbar.ts";
import { formatCount } from "./format.ts";
import { problemView } from "./messages.ts";
import type { Viewer } from "./viewer.ts";
import { VirtualList } from "./virtual.ts";

/** The octets of the longest text. Longer ones don't fit into a string of every browser. */
const LONGEST = 256 * 1024 * 1024;
/** What a row has beside its text, in pixels. */
const MARGINS = 28;

export class TextView implements Viewer {
  readonly element = h("div", { class: "text" });
  readonly fillsHeight = true;
  readonly isPlaying = false;
  readonly #scroller = h("div", { class: "scroller", tabindex: 0, role: "document", "aria-label": "Text" });
  readonly #notices = h("div", { class: "notices" });
  readonly #asItIs = h("input", { type: "checkbox" });
  readonly #list: VirtualList;
  readonly #find: FindBar;
  readonly #closed = new AbortController();
  readonly #text: string;
  readonly #language: Language;
  #lines: Lines | undefined;
  #layout: Layout | undefined;
  #layingOut = new AbortController();
  #columns = 0;
  #hit: MarkedRange | undefined;

  constructor(text: string, encoding: string, kind: MemberKind) {
    this.#text = text;
    this.#language = kind === "json" || kind === "xml" ? kind : "plain";
    this.#list = new VirtualList(this.#scroller, (row) => this.#row(row));
    this.#list.onresize = () => void this.#layOut();
    this.#find = new FindBar(text, () => this.#showMatch());
    this.#asItIs.addEventListener("change", () => void this.#format());
    const choice = this.#language !== "plain" && h("label", { class: "inline" }, this.#asItIs, "As it is");
    const bar = h("div", { class: "bar" }, this.#find.element, h("span", { class: "gap" }), choice, h("span", { class: "dim" }, encoding));
    this.element.append(bar, this.#notices, this.#scroller);
    void this.#format();
  }

  key(event: KeyboardEvent): boolean {
    if (event.key !== "f" || !(event.ctrlKey || event.metaKey)) return false;
    this.#find.focus();
    return true;
  }

  close(): void {
    this.#closed.abort();
    this.#layingOut.abort();
    this.#find.close();
    this.element.replaceChildren();
  }

  /** Goes to what the search found. */
  showHit({ line, text, start, end }: Hit): void {
    const at = locate(this.#text, line, text, start, end);
    this.#hit = { start: at, end: at + (end - start), mark: "current" };
    this.#reveal(at);
  }

  async #format(): Promise<void> {
    try {
      const { lines, notice } = await this.#formatted();
      this.#lines = lines;
      const cut = lines.isCut && `only the first ${formatCount(MOST_LINES)} lines are shown; save the file to see them all`;
      const notices = [notice, cut].filter((text) => typeof text === "string");
      fill(this.#notices, ...notices.map((message) => problemView({ message, hint: undefined }, "warning")));
      this.#columns = 0;
      await this.#layOut();
    } catch (error) {
      if (!this.#closed.signal.aborted) throw error;
    }
  }

  async #formatted(): Promise<{ readonly lines: Lines; readonly notice: string | undefined }> {
    const { signal } = this.#closed;
    const asItIs = (notice?: string) => inSlices(plainLines(this.#text, "plain"), signal).then((lines) => ({ lines, notice }));
    if (this.#asItIs.checked || this.#language === "plain") return asItIs();
    if (this.#language === "xml") return inSlices(formatXml(this.#text), signal);
    const { lines, notice } = await inSlices(formatJson(this.#text), signal);
    return lines ? { lines, notice } : asItIs(notice);
  }

  async #layOut(): Promise<void> {
    const columns = this.#columnsInView();
    if (!this.#lines || columns === this.#columns || columns <= 0) return;
    this.#columns = columns;
    this.#layingOut.abort();
    this.#layingOut = new AbortController();
    const { signal } = this.#layingOut;
    const first = this.#layout?.starts[this.#list.map.range(0).first];
    try {
      this.#layout = await inSlices(layOut(this.#lines, columns), signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    this.#list.reset(this.#layout.count);
    const place = this.#hit?.start ?? first;
    if (place !== undefined) this.#reveal(place);
  }

  #columnsInView(): number {
    const probe = h("span", { class: "line probe" }, "0".repeat(100));
    this.#scroller.append(probe);
    const width = probe.getBoundingClientRect().width / 100;
    probe.remove();
    const gutter = this.#gutter() * width;
    return Math.floor((this.#scroller.clientWidth - gutter - MARGINS) / width);
  }

  /** The digits of the highest number of a line. */
  #gutter(): number {
    return String(this.#lines?.count ?? 0).length;
  }

  #showMatch(): void {
    this.#hit = undefined;
    const start = this.#find.matches.starts[this.#find.current];
    if (start === undefined) this.#list.refresh();
    else this.#reveal(start);
  }

  #reveal(offset: number): void {
    if (!this.#layout) return;
    this.#list.reveal(rowAt(this.#layout, offset), "middle");
    this.#list.refresh();
  }

  #row(row: number): HTMLElement {
    const lines = this.#lines;
    const layout = this.#layout;
    if (!lines || !layout) return h("div");
    const line = layout.lines[row] ?? 0;
    const start = layout.starts[row] ?? 0;
    const end = row + 1 < layout.count && isContinued(layout, row + 1) ? (layout.starts[row + 1] ?? start) : (lines.ends[line] ?? start);
    const continued = isContinued(layout, row);
    const number = h("span", { class: "number", "aria-hidden": "true" }, continued ? "" : String(line + 1));
    number.style.width = `${this.#gutter()}ch`;
    const segments = paintRow(lines, start, end, this.#marks(start, end)).map(({ text, kind, mark }) => {
      const classes = [kind && `t-${kind}`, mark && `m-${mark}`].filter(Boolean).join(" ");
      return classes === "" ? text : h(mark ? "mark" : "span", { class: classes }, text);
    });
    const content = h("span", { class: "words", dir: lines.language === "plain" ? "auto" : "ltr" }, ...segments);
    content.style.paddingInlineStart = `${(lines.indents[line] ?? 0) + (continued ? HANGING : 0)}ch`;
    return h("div", { class: "line" }, number, content);
  }

  #marks(start: number, end: number): MarkedRange[] {
    const { starts, ends } = this.#find.matches;
    const marks: MarkedRange[] = this.#hit ? [this.#hit] : [];
    for (let i = firstAbove(ends, start); i < starts.length && (starts[i] ?? 0) < end; i++) {
      marks.push({ start: starts[i] ?? 0, end: ends[i] ?? 0, mark: i === this.#find.current ? "current" : "match" });
    }
    return marks;
  }
}

/** The first place in an ascending list whose number is above `value`. */
function firstAbove(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Nothing, if the text is too long for a page. */
export function textView(bytes: Uint8Array, kind: MemberKind): TextView | undefined {
  if (bytes.byteLength > LONGEST) return undefined;
  const { text, encoding } = decodeText(bytes);
  return new TextView(text, encoding, kind);
}
