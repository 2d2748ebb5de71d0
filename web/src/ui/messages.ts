// Problems, in the manner of the program: an `error:` line, and a `hint:` with the remedy.
import { brief } from "../text/brief.ts";
import { shown } from "../text/escapes.ts";
import type { Problem } from "../vault/protocol.ts";
import { h, pictureButton } from "./dom.ts";
import { icon, type IconName } from "./icons.ts";

/** Names of files are in messages, too: they are as hostile there. */
export function problemView({ message, hint }: Problem, kind: "error" | "warning" = "error"): HTMLElement {
  return h(
    "div",
    { class: `problem ${kind}` },
    icon(kind === "error" ? "cross" : "warning"),
    h(
      "div",
      {},
      h("p", {}, h("b", {}, `${kind}: `), brief(shown(message))),
      hint !== undefined && h("p", {}, h("b", {}, "hint: "), shown(hint)),
    ),
  );
}

export function noteView(picture: IconName, text: string): HTMLElement {
  return h("div", { class: "problem note" }, icon(picture), h("p", {}, text));
}

/** The newest messages; older ones go. */
const MOST_SHOWN = 4;

/** The messages above the page. They stay until they are closed, or what they are about is tried again. */
export class Messages {
  readonly element = h("div", { class: "messages", role: "alert" });

  readonly #topics = new WeakMap<Element, string>();

  /** What is shown already isn't shown again. */
  show(problem: Problem, topic: string | undefined): void {
    const view = problemView(problem);
    const same = [...this.element.children].find(({ textContent }) => textContent === view.textContent);
    same?.remove();
    this.#add(view, topic);
  }

  /** What was said about a topic holds no longer. */
  clearTopic(topic: string): void {
    for (const view of [...this.element.children]) if (this.#topics.get(view) === topic) view.remove();
  }

  /** Messages hold names, which may be ones that a key has shown. */
  clear(): void {
    this.element.replaceChildren();
  }

  note(text: string, topic: string | undefined): void {
    this.#add(noteView("key", text), topic);
  }

  #add(view: HTMLElement, topic: string | undefined): void {
    if (topic !== undefined) this.#topics.set(view, topic);
    const close = pictureButton("Close this message", icon("close"), () => view.remove(), { class: "plain" });
    view.append(close);
    this.element.append(view);
    while (this.element.childElementCount > MOST_SHOWN) this.element.firstElementChild?.remove();
  }
}

/** What a screen reader says without being asked, and what stands in the line at the bottom. */
export class StatusLine {
  readonly element = h("p", { class: "status", role: "status" });

  say(whole: string): void {
    const text = brief(whole);
    if (this.element.textContent !== text) this.element.textContent = text;
  }
}
