// What is known of one member: where it is from, who can open it, and whether it's what was sealed.
import { brief } from "../text/brief.ts";
import { shown } from "../text/escapes.ts";
import type { RecipientShown } from "../vault/protocol.ts";
import { h, type Child } from "./dom.ts";
import { formatCount, formatSize, formatTime } from "./format.ts";
import { icon } from "./icons.ts";
import { isSameMember, type Row } from "./rows.ts";
import { isCancelled, type Session } from "./session.ts";
import { ACCESS, AUTHENTICITY, KINDS } from "./words.ts";

export class Details {
  readonly element = h("dl", { class: "details" });
  readonly #session: Session;
  #row: Row | undefined;
  #recipients: Child = undefined;
  /** Ends the newest question. Older ones have ended: their requests would keep a store busy. */
  #asking = new AbortController();

  constructor(session: Session) {
    this.#session = session;
  }

  show(row: Row, sealedTime: number | undefined): void {
    const isOther = !isSameMember(row, this.#row);
    this.#row = row;
    if (isOther) {
      this.#recipients = h("p", { class: "dim" }, "Looking …");
      void this.#ask(row);
    }
    this.#fill(row, sealedTime);
  }

  /** Keys and certificates give recipients their names. */
  askAgain(): void {
    if (this.#row) void this.#ask(this.#row);
  }

  clear(): void {
    this.#asking.abort();
    this.#row = undefined;
    this.element.replaceChildren();
  }

  async #ask(row: Row): Promise<void> {
    const { vault } = this.#session;
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    // The list may be passing by under an arrow key.
    await new Promise((resolve) => setTimeout(resolve, 120));
    if (signal.aborted || row.entry.state.kind !== "open") return;
    let view: Child;
    try {
      const recipients = await vault.recipients(row.entry.state.archive.id, row.member.number, signal);
      view = recipientsView(recipients);
      if (!signal.aborted) this.#learn(row, recipients);
    } catch (error) {
      if (isCancelled(error)) return;
      // Why it can't, the content says once it's opened.
      view = h("p", { class: "dim" }, "Unknown: it can't be read.");
    }
    if (signal.aborted) return;
    this.#recipients = view;
    this.element.querySelector(".recipients-place")?.replaceChildren(view ?? "");
  }

  #learn(row: Row, recipients: readonly RecipientShown[]): void {
    const current = this.#session.current(row);
    if (current?.access !== "unknown" || this.#session.keys.length === 0) return;
    this.#session.learned(current, { access: recipients.some(({ isYours }) => isYours) ? "yes" : "no" });
  }

  #fill(row: Row, sealedTime: number | undefined): void {
    const { member } = row;
    const state = AUTHENTICITY[row.authenticity];
    const facts: [string, Child][] = [
      ["State", h("span", {}, icon(state.icon), " ", h("b", {}, state.word), ". ", state.sentence)],
      ["Who can open it", h("div", { class: "recipients-place" }, this.#recipients)],
      ["Your key", ACCESS[row.access].sentence],
      ["Name", h("span", { class: "name" }, brief(row.name))],
      ["Archive", h("span", { class: "name" }, shown(row.entry.name))],
      ["Kind", KINDS[row.kind].word],
      ["Size", member.size === undefined ? undefined : exactSize(member.size)],
      ["Sealed size", exactSize(member.sealedSize)],
      ["Date", formatTime(member.modified, true) === "" ? undefined : `${formatTime(member.modified, true)} UTC`],
      ["Date sealed with it", formatTime(sealedTime, true) === "" ? undefined : `${formatTime(sealedTime, true)} UTC`],
    ];
    const known = facts.filter(([, value]) => value !== undefined);
    this.element.replaceChildren(...known.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }
}

function exactSize(count: number): string {
  return count < 1024 ? `${count} bytes` : `${formatSize(count)} (${formatCount(count)} bytes)`;
}

function nameOf(label: string | undefined, isYours: boolean): string {
  if (label === undefined) return isYours ? "Your key" : "Unknown recipient";
  return isYours ? `${shown(label)} (your key)` : shown(label);
}

export function recipientsView(recipients: readonly RecipientShown[]): HTMLElement {
  if (recipients.length === 0) return h("p", { class: "dim" }, "It doesn't say who.");
  const items = recipients.map(({ id, label, isYours }) =>
    h(
      "li",
      { class: isYours ? "yours" : undefined },
      icon(isYours ? "key" : "person"),
      h("span", {}, h("span", { class: "name" }, nameOf(label, isYours))),
      h("code", {}, shown(id)),
    ),
  );
  return h("ul", { class: "recipients" }, ...items);
}
